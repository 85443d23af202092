"""The keys of persons, beside the journal and in no copy of it: what is deleted here is erased.

    DATA/privacy/master.key    32 random bytes (0600), unless systemd hands in a key of that name
                 keys.sqlite   for each person and kind a key, wrapped under the master key, and
                               until when it is kept; and keyed hashes that find a person again

Rules:
- deleted rows are overwritten in the file (secure_delete), every change is synced before it counts;
- no write-ahead log: several processes open the file, and a log would keep what was deleted;
- a lost master key is named and never made anew over keys that need it.
"""

import hmac
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gateway.durable import replace_file
from gateway.privacy.sealed import KEY_BYTES, KINDS, Kind

FOLDER = "privacy"
CREDENTIAL = "hallkit-privacy-key"
_NONCE_BYTES = 12
_BUSY_S = 5.0
_PRAGMAS = ("secure_delete = ON", "synchronous = EXTRA", "journal_mode = DELETE")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (id INTEGER PRIMARY KEY CHECK (id = 1), proof BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS keys (
    person TEXT NOT NULL, kind TEXT NOT NULL, wrapped BLOB NOT NULL, until_ms INTEGER NOT NULL,
    PRIMARY KEY (person, kind));
CREATE TABLE IF NOT EXISTS marks (
    mark BLOB NOT NULL, kind TEXT NOT NULL, person TEXT NOT NULL, PRIMARY KEY (mark, person));
"""


class PrivacyError(Exception):
    """The keys cannot be used; the text names the file and the fix. The hall goes on without."""


class KeyStore:
    """The keys in a gateway's data folder; any process may open it at any time."""

    def __init__(self, data: Path) -> None:
        self.folder = data / FOLDER
        self.path = self.folder / "keys.sqlite"
        self._master_file = self.folder / "master.key"

    def exists(self) -> bool:
        """Whether anything was ever kept."""
        return self.path.exists()

    # ---- keys ----

    def hash_key(self) -> bytes:
        """The key of the hashes that find a person again. Raises PrivacyError."""
        return _derived(self._master(), "mark")

    def key(self, person: str, kind: Kind, until_ms: int) -> bytes:
        """The person's key for a kind, made at its first use and kept at least until then."""
        wrap = AESGCM(_derived(self._master(), "wrap"))
        with self._opened() as database:
            row = database.execute(
                "SELECT wrapped FROM keys WHERE person = ? AND kind = ?", (person, kind)
            ).fetchone()
            if row is not None:
                database.execute(
                    "UPDATE keys SET until_ms = max(until_ms, ?) WHERE person = ? AND kind = ?",
                    (until_ms, person, kind),
                )
                return _unwrapped(wrap, row[0], person, kind, self.path)
            key, nonce = os.urandom(KEY_BYTES), os.urandom(_NONCE_BYTES)
            wrapped = nonce + wrap.encrypt(nonce, key, _name(person, kind))
            database.execute(
                "INSERT INTO keys VALUES (?, ?, ?, ?)", (person, kind, wrapped, until_ms)
            )
            return key

    def known_key(self, person: str, kind: Kind) -> bytes | None:
        """The same when there still is one; None when it was erased."""
        if not self.exists():
            return None
        wrap = AESGCM(_derived(self._master(), "wrap"))
        with self._opened() as database:
            row = database.execute(
                "SELECT wrapped FROM keys WHERE person = ? AND kind = ?", (person, kind)
            ).fetchone()
        return None if row is None else _unwrapped(wrap, row[0], person, kind, self.path)

    # ---- finding a person again ----

    def persons(self, mark: bytes) -> list[str]:
        """Who had this mark, the newest first."""
        if not self.exists():
            return []
        with self._opened() as database:
            rows = database.execute(
                "SELECT person FROM marks WHERE mark = ? ORDER BY rowid DESC", (mark,)
            ).fetchall()
        return [row[0] for row in rows]

    def mark(self, mark: bytes, kind: Kind, person: str) -> None:
        """Let a person be found by it."""
        with self._opened() as database:
            database.execute("INSERT OR IGNORE INTO marks VALUES (?, ?, ?)", (mark, kind, person))

    # ---- forgetting ----

    def forget(self, person: str) -> int:
        """Erase somebody: how many keys went. Nothing that was sealed for him opens again."""
        with self._opened() as database:
            gone = database.execute("DELETE FROM keys WHERE person = ?", (person,)).rowcount
            database.execute("DELETE FROM marks WHERE person = ?", (person,))
        return gone

    def expire(self, now_ms: int) -> dict[str, int]:
        """Forget what need not be kept any longer; how many keys of each kind went."""
        if not self.exists():
            return dict.fromkeys(KINDS, 0)
        gone: dict[str, int] = {}
        with self._opened() as database:
            for kind in KINDS:
                gone[kind] = database.execute(
                    "DELETE FROM keys WHERE kind = ? AND until_ms <= ?", (kind, now_ms)
                ).rowcount
            database.execute(
                "DELETE FROM marks WHERE NOT EXISTS (SELECT 1 FROM keys "
                "WHERE keys.person = marks.person AND keys.kind = marks.kind)"
            )
        return gone

    def counts(self) -> dict[str, tuple[int, int | None]]:
        """Of each kind how many keys there are, and when the first of them goes."""
        counted: dict[str, tuple[int, int | None]] = dict.fromkeys(KINDS, (0, None))
        if self.exists():
            with self._opened() as database:
                rows = database.execute("SELECT kind, count(*), min(until_ms) FROM keys GROUP BY 1")
                counted |= {kind: (count, first) for kind, count, first in rows}
        return counted

    # ---- files ----

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """One transaction, synced at its end. Raises PrivacyError."""
        proof = hmac.digest(_derived(self._master(), "proof"), b"hallkit", "sha256")
        try:
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            with closing(
                sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
            ) as database:
                for pragma in _PRAGMAS:
                    database.execute(f"PRAGMA {pragma}").fetchone()
                database.execute("BEGIN IMMEDIATE")
                for statement in _SCHEMA.split(";")[:-1]:
                    database.execute(statement)
                database.execute("INSERT OR IGNORE INTO meta VALUES (1, ?)", (proof,))
                if database.execute("SELECT proof FROM meta").fetchone()[0] != proof:
                    raise PrivacyError(self._lost("is not the key that"))
                yield database
                database.execute("COMMIT")
        except (OSError, sqlite3.Error) as error:
            raise PrivacyError(f"{self.path} cannot be used: {error}") from error

    def _master(self) -> bytes:
        handed_in = Path(os.environ.get("CREDENTIALS_DIRECTORY", "/nowhere"), CREDENTIAL)
        path = handed_in if handed_in.is_file() else self._master_file
        try:
            if path == self._master_file and not path.exists():
                if self.exists():
                    raise PrivacyError(self._lost("is lost:"))
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                replace_file(path, os.urandom(KEY_BYTES))
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            key = path.read_bytes()
        except OSError as error:
            raise PrivacyError(f"{path} cannot be used: {error.strerror}") from error
        if len(key) < KEY_BYTES:
            raise PrivacyError(f"{path} holds {len(key)} bytes: give {KEY_BYTES} random ones")
        return key

    def _lost(self, how: str) -> str:
        return (
            f"{self._master_file} {how} opens {self.path}: bring it back; or move keys.sqlite "
            f"aside, which erases all personal data for good"
        )


def _derived(master: bytes, purpose: str) -> bytes:
    info = f"hallkit {purpose}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(master)


def _unwrapped(wrap: AESGCM, wrapped: bytes, person: str, kind: str, path: Path) -> bytes:
    nonce, box = wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:]
    try:
        return wrap.decrypt(nonce, box, _name(person, kind))
    except InvalidTag as error:
        raise PrivacyError(f"{path} is damaged: erase {person} to go on") from error


def _name(person: str, kind: str) -> bytes:
    return f"{person}:{kind}".encode()
