"""Access tokens: random, with one role each, stored as SHA-256 only, revocable at once.

Rules:
- a token is 256 random bits, so a plain hash of it cannot be searched;
- the file is readable by its owner only, replaced whole and durably, and read anew when it changed,
  so that a revoked token ends without a restart;
- the first start makes one token per role; their texts are printed nowhere and lie in a second
  file (0600) that `hallkit token list` shows until `hallkit token hide` deletes it.
"""

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, get_args

Role = Literal["public", "kiosk", "officer", "chief", "technician", "admin"]
# Everybody has the role public without any token.
TOKEN_ROLES: tuple[Role, ...] = tuple(role for role in get_args(Role) if role != "public")
FILE_NAME = "tokens.json"
FIRST_FILE_NAME = "first-tokens.json"
_TOKEN_BYTES = 32
_VERSION = 1


class TokenFileError(Exception):
    """The token file cannot be used; the message names it and the fix."""


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
        self.path = folder / FILE_NAME
        self.first_path = folder / FIRST_FILE_NAME
        self._read_ns = -1
        self._by_hash: dict[str, Token] = {}

    def ensure(self) -> None:
        """Make the files with one token per role when there are none. Raises TokenFileError."""
        if self.path.exists():
            self._refresh()
            return
        texts = {role: _new_text() for role in TOKEN_ROLES}
        made = [_token(f"{role}-1", role, "first start", texts[role]) for role in TOKEN_ROLES]
        # The texts first: hashes without them would be tokens nobody can use.
        self._replace(self.first_path, {f"{role}-1": text for role, text in texts.items()})
        self._save(made)

    def find(self, text: str) -> Token | None:
        """The token with this text, or None. Raises TokenFileError."""
        self._refresh()
        return self._by_hash.get(hashlib.sha256(text.encode()).hexdigest())

    def list(self) -> Sequence[Token]:
        """All tokens, oldest first. Raises TokenFileError."""
        self._refresh()
        return list(self._by_hash.values())

    def first_texts(self) -> dict[str, str]:
        """The texts of the tokens made at the first start, by id, until they are hidden."""
        if not self.first_path.exists():
            return {}
        texts: dict[str, str] = self._load(self.first_path)
        return texts

    def create(self, role: Role, name: str) -> tuple[Token, str]:
        """A new token and its text, which is not kept. Raises TokenFileError."""
        tokens = list(self.list()) if self.path.exists() else []
        ids = {token.id for token in tokens}
        number = next(n for n in range(1, len(ids) + 2) if f"{role}-{n}" not in ids)
        text = _new_text()
        token = _token(f"{role}-{number}", role, name, text)
        self._save([*tokens, token])
        return token, text

    def revoke(self, token_id: str) -> bool:
        """End a token; False when there is none of this id. Raises TokenFileError."""
        tokens = self.list()
        kept = [token for token in tokens if token.id != token_id]
        if len(kept) == len(tokens):
            return False
        self._save(kept)
        texts = self.first_texts()
        if texts.pop(token_id, None) is not None:
            self._replace(self.first_path, texts)
        return True

    def hide_first(self) -> bool:
        """Delete the texts of the first tokens; False when they are gone already."""
        existed = self.first_path.exists()
        self.first_path.unlink(missing_ok=True)
        return existed

    def _refresh(self) -> None:
        try:
            changed_ns = self.path.stat().st_mtime_ns
        except FileNotFoundError as error:
            raise TokenFileError(
                f"{self.path} does not exist: the gateway makes it at its first start"
            ) from error
        if changed_ns == self._read_ns:
            return
        body = self._load(self.path)
        if body.get("version") != _VERSION:
            raise TokenFileError(f"{self.path} is of version {body.get('version')!r}, not 1")
        self._by_hash = {row["sha256"]: Token(**row) for row in body["tokens"]}
        self._read_ns = changed_ns

    def _load(self, path: Path) -> Any:
        try:
            if stat.S_IMODE(path.stat().st_mode) & 0o077:
                raise TokenFileError(
                    f"{path} can be read by others: run `chmod 600 {path}`, and replace its "
                    f"tokens if somebody may have read it"
                )
            return json.loads(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise TokenFileError(f"{path} cannot be read: {error}") from error

    def _save(self, tokens: Sequence[Token]) -> None:
        self._replace(
            self.path, {"version": _VERSION, "tokens": [asdict(token) for token in tokens]}
        )
        self._read_ns = -1

    def _replace(self, path: Path, body: object) -> None:
        part = path.with_name(path.name + ".part")
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                json.dump(body, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise TokenFileError(f"{path} cannot be written: {error.strerror}") from error


def _new_text() -> str:
    return "hk_" + secrets.token_urlsafe(_TOKEN_BYTES)


def _token(token_id: str, role: Role, name: str, text: str) -> Token:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return Token(token_id, role, name, created, hashlib.sha256(text.encode()).hexdigest())
