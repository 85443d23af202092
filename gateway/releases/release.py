"""A release on disk: the folder `releases/<number>/` with manifest, signature and files.

    releases/13/manifest.json     what it is made of (firmware/shell/manifest.py reads it on a node)
    releases/13/manifest.sig      the LMS signature of these bytes, once it is signed
    releases/13/files/...         the .mpy files by their path in a slot

Rules: a number is used once and rises; the manifest is canonical, so that the same files give the
same bytes; what is read back is proved against its hashes before anybody gets it.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from protocols.lms import verify

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
FILES = "files"
RELEASE_MAX = 0x7FFFFFFF
NAME_BYTES_MAX = 24


class ReleaseError(Exception):
    """A release cannot be built, read or trusted; the text names it and says what to do."""


@dataclass(frozen=True)
class Manifest:
    """`files`: (path, bytes, sha256 in hexadecimal), sorted by path."""

    release: int
    name: str
    mpy: int
    files: tuple[tuple[str, int, str], ...]

    def encode(self) -> bytes:
        """Canonical JSON, one file a line: a node reads it line by line."""
        head = {"release": self.release, "name": self.name, "mpy": self.mpy, "files": []}
        text = _json(head).removesuffix("]}") + "\n"
        text += ",\n".join(_json(row) for row in self.files) + "\n]}\n"
        return text.encode()


@dataclass(frozen=True)
class Release:
    """All bytes of one release. `signature` is b"" while it is not signed."""

    manifest: Manifest
    manifest_bytes: bytes
    signature: bytes
    contents: dict[str, bytes]

    @property
    def number(self) -> int:
        """Its number."""
        return self.manifest.release

    def is_signed_by(self, public_key: bytes) -> bool:
        """Whether a node with this key takes it."""
        return verify(hashlib.sha256, public_key, self.signature, [self.manifest_bytes])

    def slot_files(self) -> dict[str, bytes]:
        """Path -> bytes of a slot that holds it, manifest and signature included."""
        return {**self.contents, SIGNATURE: self.signature, MANIFEST: self.manifest_bytes}


def make_manifest(release: int, name: str, mpy: int, contents: dict[str, bytes]) -> Manifest:
    """The manifest of these files."""
    rows = [
        (path, len(data), hashlib.sha256(data).hexdigest())
        for path, data in sorted(contents.items())
    ]
    return Manifest(release, name, mpy, tuple(rows))


def parse_manifest(data: bytes, where: str) -> Manifest:
    """Raises ReleaseError."""
    try:
        found = json.loads(data)
        rows = tuple((str(path), int(size), str(digest)) for path, size, digest in found["files"])
        manifest = Manifest(int(found["release"]), str(found["name"]), int(found["mpy"]), rows)
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{where}: is no manifest: build the release anew") from error
    if manifest.encode() != data:
        raise ReleaseError(f"{where}: is not as `hallkit release build` writes it: build it anew")
    return manifest


def signature_index(signature: bytes) -> int:
    """Which of its key's indices a signature has used up."""
    return int.from_bytes(signature[:4], "big")


def load_release(folder: Path) -> Release:
    """Everything in a folder, proved. Raises ReleaseError."""
    manifest_bytes = _read(folder / MANIFEST)
    manifest = parse_manifest(manifest_bytes, str(folder / MANIFEST))
    if folder.name != str(manifest.release):
        raise ReleaseError(f"{folder}: holds release {manifest.release}: name the folder so")
    contents = {}
    for path, size, digest in manifest.files:
        data = _read(folder / FILES / path)
        if len(data) != size or hashlib.sha256(data).hexdigest() != digest:
            raise ReleaseError(
                f"{folder / FILES / path}: is not what the manifest says: build the release anew"
            )
        contents[path] = data
    signature = folder / SIGNATURE
    return Release(
        manifest, manifest_bytes, _read(signature) if signature.exists() else b"", contents
    )


def release_numbers(releases: Path) -> list[int]:
    """The numbers of the folders there are, lowest first."""
    if not releases.is_dir():
        return []
    names = [path.name for path in releases.iterdir() if path.is_dir()]
    return sorted(int(name) for name in names if name.isdecimal() and name == str(int(name)))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{path}: cannot be read: {error.strerror}") from error


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, separators=(",", ":"))
