"""What is kept of a person's data: a text that only the person's own key opens.

Rules:
- an ID number is never kept, not even sealed: a keyed hash of it, and its last four characters.
  Without the key such a hash is worth nothing; with it, and with a computer, every number of a
  district can be tried in minutes, and that is why it is sealed as well;
- a phone number is kept whole, because somebody shall be called with it;
- a sealed text says whose key opens it and of which kind it is, and cannot be moved to another
  person or kind (AES-256-GCM; both are authenticated);
- a value that is wrong is refused without being repeated: an error's text goes to logs.
"""

import base64
import hmac
import json
import re
import secrets
from dataclasses import dataclass
from typing import Literal, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from protocols.peripherals.idcard_record import check_character

Kind = Literal["id_number", "phone"]
KINDS: tuple[Kind, ...] = get_args(Kind)
KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "hkp1"
_SEALED = re.compile(rf"{_VERSION}:(p[0-9a-f]{{32}}):({'|'.join(KINDS)}):([A-Za-z0-9_-]{{20,600}})")
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")
_FOREIGNER = re.compile(r"[A-Z]{3}[0-9]{12}")
_PHONE = re.compile(r"\+?[0-9]{7,15}")
_LAST = 4


class PersonalDataError(ValueError):
    """A value that is no ID or phone number. `kind` names the field; the value is not repeated."""

    def __init__(self, kind: Kind, problem_zh: str, problem_en: str) -> None:
        super().__init__(f"{kind}: {problem_en}")
        self.kind, self.problem_zh, self.problem_en = kind, problem_zh, problem_en


@dataclass(frozen=True, slots=True)
class Sealed:
    """Whose key opens it, and what is inside when it is opened."""

    person: str
    kind: Kind
    box: bytes

    def __str__(self) -> str:
        body = base64.urlsafe_b64encode(self.box).rstrip(b"=").decode()
        return f"{_VERSION}:{self.person}:{self.kind}:{body}"


def new_person() -> str:
    """A name for somebody, which says nothing about him."""
    return "p" + secrets.token_hex(16)


def normalised(kind: Kind, value: str) -> str:
    """The one way to write it. Raises PersonalDataError."""
    if kind == "id_number":
        number = value.strip().upper()
        if _FOREIGNER.fullmatch(number):
            return number
        if not _RESIDENT.fullmatch(number) or check_character(number[:17]) != number[17]:
            raise PersonalDataError(
                kind,
                "证件号码不正确，请重新读卡",
                "it is no number of an identity card; read the card again",
            )
        return number
    number = re.sub(r"[ -]", "", value.strip())
    if not _PHONE.fullmatch(number):
        raise PersonalDataError(
            kind, "手机号码不正确", "it is no phone number: 7 to 15 digits, a + before them at most"
        )
    return number


def contents_of(kind: Kind, value: str, hash_key: bytes) -> dict[str, str]:
    """What is kept of a normalised value."""
    if kind == "id_number":
        return {"id_hmac": keyed_hash(hash_key, kind, value).hex(), "id_last4": value[-_LAST:]}
    return {"phone": value}


def keyed_hash(key: bytes, kind: Kind, value: str) -> bytes:
    """HMAC-SHA256 of a normalised value."""
    return hmac.digest(key, f"{kind}:{value}".encode(), "sha256")


def seal(person: str, kind: Kind, key: bytes, contents: dict[str, str]) -> Sealed:
    """Close it under the person's key for this kind."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    plain = json.dumps(contents, sort_keys=True).encode()
    box = nonce + AESGCM(key).encrypt(nonce, plain, _bound_to(person, kind))
    return Sealed(person, kind, box)


def unseal(sealed: Sealed, key: bytes) -> dict[str, str] | None:
    """What is inside; None for another key, and for what was changed or moved."""
    nonce, box = sealed.box[:_NONCE_BYTES], sealed.box[_NONCE_BYTES:]
    try:
        plain = AESGCM(key).decrypt(nonce, box, _bound_to(sealed.person, sealed.kind))
        found: dict[str, str] = json.loads(plain)
    except (InvalidTag, ValueError):
        return None
    return found


def read_sealed(text: str) -> Sealed | None:
    """A text as `str(Sealed)` makes it, else None."""
    found = _SEALED.fullmatch(text)
    if found is None:
        return None
    person, kind, body = found.groups()
    if len(body) % 4 == 1:
        return None  # no bytes are written so
    box = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    return Sealed(person, "id_number" if kind == "id_number" else "phone", box)


def _bound_to(person: str, kind: Kind) -> bytes:
    return f"{_VERSION}:{person}:{kind}".encode()
