"""The key that releases are signed with, on the technician's computer: a folder of four files.

    release.key   the secret: key id and seed. Never changed; mode 600
    release.pub   the public key, for the `config` folder of every board
    release.next  the lowest index that was never used, and of which release.key it counts
    release.lock  held while an index is taken

An LMS key must sign once at most with each of its 1024 indices: two signatures with one index give
it away. Therefore:
- an index is taken under the lock and written down, durably (file and folder synced), before
  anything is signed with it; an end in between costs an index, never uses one twice;
- a copy of the folder, or one restored from a backup, counts from too low. release.next therefore
  holds when release.key came to be where it is (its ctime, which no tool can copy); when that is
  not so, nothing is signed until somebody says which index is the first that was never used;
- a signature seen with an index that is not below the count proves the same.
A snapshot of a whole machine brings the ctime back with it: keep the key out of snapshots.
"""

import contextlib
import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gateway.releases.signing import SEED_BYTES, SigningKey
from protocols.lms import HASH_BYTES, KEY_ID_BYTES, LEAVES, PUBLIC_KEY_BYTES

PRIVATE = "release.key"
PUBLIC = "release.pub"
NEXT = "release.next"
LOCK = "release.lock"


class KeyFolderError(Exception):
    """The folder or a file of it is not usable; the text says what to do."""


class KeyMustNotSignError(KeyFolderError):
    """The key is a copy, counts from too low, or is used up."""


def make_key(folder: Path) -> bytes:
    """A new key in a new folder; its public key. Raises KeyFolderError."""
    if folder.exists():
        raise KeyFolderError(f"{folder}: is there already: a key is never written over")
    key_id, seed = secrets.token_bytes(KEY_ID_BYTES), secrets.token_bytes(SEED_BYTES)
    public_key = SigningKey(key_id, seed).public_key
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".key-") as work:
            part = Path(work) / "part"
            part.mkdir(mode=0o700)
            text = json.dumps({"key_id": key_id.hex(), "seed": seed.hex()}) + "\n"
            _write(part / PRIVATE, text.encode(), 0o600)
            _write(part / PUBLIC, public_key, 0o644)
            _write(part / NEXT, _next_text(part, 0), 0o600)
            _sync_folder(part)
            os.rename(part, folder)  # the ctime of the files within stays
            _sync_folder(folder.parent)
    except OSError as error:
        raise KeyFolderError(f"{folder}: cannot be written: {error.strerror}") from error
    return public_key


def read_public_key(path: Path) -> bytes:
    """The key in a file, or in a folder as `make_key` writes it. Raises KeyFolderError."""
    path = path / PUBLIC if path.is_dir() else path
    try:
        data = path.read_bytes()
    except OSError as error:
        raise KeyFolderError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) != PUBLIC_KEY_BYTES:
        raise KeyFolderError(f"{path}: is no public key: one has {PUBLIC_KEY_BYTES} bytes")
    return data


def sign(
    folder: Path, message: bytes, seen: int = -1, from_index: int | None = None
) -> tuple[bytes, int]:
    """(signature, the index it has used up). Raises KeyFolderError.

    `seen` is the highest index of any signature of this key that is known; `from_index` the first
    that was never used, when the folder cannot know it.
    """
    key_id, seed = _read_private(folder)
    index = take_index(folder, seen, from_index)
    key = SigningKey(key_id, seed)
    return key.sign(index, secrets.token_bytes(HASH_BYTES), message), index


def take_index(folder: Path, seen: int = -1, from_index: int | None = None) -> int:
    """An index that nobody gets again; written down durably when it is returned."""
    with _locked(folder):
        index = _lowest_unused(folder, from_index)
        if index <= seen:
            raise KeyMustNotSignError(
                f"{folder}: counts from {index}, but there is a signature with index {seen}: this "
                f"is an old copy of the key. Say --from-index {seen + 1}, or a higher number when "
                "more was signed elsewhere"
            )
        if index >= LEAVES:
            raise KeyMustNotSignError(
                f"{folder}: all {LEAVES} signatures are used up: make a new key, and flash the "
                "boards with it"
            )
        try:
            part = folder / (NEXT + ".part")
            _write(part, _next_text(folder, index + 1), 0o600)
            os.rename(part, folder / NEXT)
            _sync_folder(folder)
        except OSError as error:
            raise KeyFolderError(
                f"{folder / NEXT}: cannot be written: {error.strerror}; nothing was signed"
            ) from error
    return index


def _lowest_unused(folder: Path, from_index: int | None) -> int:
    stored = -1
    with contextlib.suppress(FileNotFoundError, ValueError, KeyError, TypeError):
        found = json.loads((folder / NEXT).read_bytes())
        if found["of"] == _birth(folder):
            stored = int(found["next"])
    if from_index is not None:
        if from_index < stored:
            raise KeyMustNotSignError(f"--from-index {from_index}: up to {stored - 1} all are used")
        return from_index
    if stored < 0:
        raise KeyMustNotSignError(
            f"{folder}: this key was copied here or restored from a backup, so that nobody knows "
            "which signatures it has given elsewhere; one index used twice gives the key away. Say "
            "--from-index with the number that the last signing told to write down"
        )
    return stored


def _read_private(folder: Path) -> tuple[bytes, bytes]:
    try:
        found = json.loads((folder / PRIVATE).read_bytes())
        return bytes.fromhex(found["key_id"]), bytes.fromhex(found["seed"])
    except OSError as error:
        raise KeyFolderError(f"{folder / PRIVATE}: cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise KeyFolderError(f"{folder / PRIVATE}: is no key: restore it from a backup") from error


def _birth(folder: Path) -> int:
    return (folder / PRIVATE).stat().st_ctime_ns


def _next_text(folder: Path, index: int) -> bytes:
    return json.dumps({"next": index, "of": _birth(folder)}).encode() + b"\n"


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Wait for the others; the kernel lets go however this process ends."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise KeyFolderError(f"{folder}: cannot be locked: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _write(path: Path, data: bytes, mode: int) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        at = 0
        while at < len(data):
            at += os.write(file, data[at:])
        os.fsync(file)
    finally:
        os.close(file)


def _sync_folder(folder: Path) -> None:
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
