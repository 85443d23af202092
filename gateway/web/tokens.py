"""Access tokens: random, with one role each, stored as SHA-256 only, revocable at once.

Rules:
- a token is 256 random bits, so a plain hash of it cannot be searched;
- the file is readable by its owner only, replaced whole and durably, and read anew when it changed,
  so that a revoked token ends without a restart;
- the first start makes one token per role; their texts are printed nowhere and lie in a second
  file (0600) that `hallkit token list` shows until `hallkit token hide` deletes it.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from gateway.web.secret_file import SecretFile, SecretFileError

Role = Literal["public", "kiosk", "officer", "chief", "technician", "admin"]
# Everybody has the role public without any token.
TOKEN_ROLES: tuple[Role, ...] = tuple(role for role in get_args(Role) if role != "public")
FILE_NAME = "tokens.json"
FIRST_FILE_NAME = "first-tokens.json"
_TOKEN_BYTES = 32
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Token:
    """One token without its text. `id` names it in the journal and for revoking."""

    id: str
    role: Role
    name: str
    created: str
    sha256: str


class TokenStore:
    """The tokens of one hall, in the folder of its journal."""

    def __init__(self, folder: Path) -> None:
        self.path, self.first_path = folder / FILE_NAME, folder / FIRST_FILE_NAME
        self._file = SecretFile(self.path, _VERSION)
        self._first = SecretFile(self.first_path, _VERSION)
        self._by_hash: dict[str, Token] = {}

    def ensure(self) -> None:
        """Make the files with one token per role when there are none. Raises SecretFileError."""
        if self._file.exists():
            self._refresh()
            return
        texts = {role: _new_text() for role in TOKEN_ROLES}
        made = [_token(f"{role}-1", role, "first start", texts[role]) for role in TOKEN_ROLES]
        # The texts first: hashes without them would be tokens nobody can use.
        self._first.save({f"{role}-1": text for role, text in texts.items()})
        self._save(made)

    def find(self, text: str) -> Token | None:
        """The token with this text, or None. Raises SecretFileError."""
        self._refresh()
        return self._by_hash.get(hashlib.sha256(text.encode()).hexdigest())

    def list(self) -> Sequence[Token]:
        """All tokens, oldest first. Raises SecretFileError."""
        self._refresh()
        return list(self._by_hash.values())

    def first_texts(self) -> dict[str, str]:
        """The texts of the tokens made at the first start, by id, until they are hidden."""
        if not self._first.exists():
            return {}
        return self._first.load()

    def create(self, role: Role, name: str) -> tuple[Token, str]:
        """A new token and its text, which is not kept. Raises SecretFileError."""
        tokens = list(self.list()) if self._file.exists() else []
        ids = {token.id for token in tokens}
        number = next(n for n in range(1, len(ids) + 2) if f"{role}-{n}" not in ids)
        text = _new_text()
        token = _token(f"{role}-{number}", role, name, text)
        self._save([*tokens, token])
        return token, text

    def revoke(self, token_id: str) -> bool:
        """End a token; False when there is none of this id. Raises SecretFileError."""
        tokens = self.list()
        kept = [token for token in tokens if token.id != token_id]
        if len(kept) == len(tokens):
            return False
        self._save(kept)
        texts = self.first_texts()
        if texts.pop(token_id, None) is not None:
            self._first.save(texts)
        return True

    def hide_first(self) -> bool:
        """Delete the texts of the first tokens; False when they are gone already."""
        return self._first.delete()

    def _refresh(self) -> None:
        if not self._file.exists():
            raise SecretFileError(
                f"{self.path} does not exist: the gateway makes it at its first start"
            )
        if self._file.changed():
            rows = self._file.load()["tokens"]
            self._by_hash = {row["sha256"]: Token(**row) for row in rows}

    def _save(self, tokens: Sequence[Token]) -> None:
        self._file.save({"tokens": [asdict(token) for token in tokens]})


def _new_text() -> str:
    return "hk_" + secrets.token_urlsafe(_TOKEN_BYTES)


def _token(token_id: str, role: Role, name: str, text: str) -> Token:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Token(token_id, role, name, created, hashlib.sha256(text.encode()).hexdigest())
