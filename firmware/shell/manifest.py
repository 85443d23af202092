"""The manifest of a release: which files an application is made of. MicroPython subset.

JSON whose lines can be read one at a time, because a node has no room for the whole:

    {"release":13,"name":"0.2.0","mpy":6,"files":[
    ["firmware/__init__.mpy",88,"<sha256 in hexadecimal>"],
    ...
    ]}

`files` below is a slot (slot_files.py). It is whole when every file of its MANIFEST is there and
has that hash; whoever changes a slot takes the MANIFEST away first and brings it back last.
"""

import binascii
import json

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
# The manifest of an update while its files are being fetched.
COMING = "manifest.new"
MPY = "mpy"
PATH_BYTES_MAX = 64
FILES_MAX = 254  # numbers 2..255 in a BlockWanted
_HASH_DIGITS = 64
_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789_./"


class ManifestError(Exception):
    """What stands there is no manifest."""


def read_head(files, name: str) -> tuple[int, str, int, int]:  # type: ignore[no-untyped-def]  # a slot, see above
    """(release, its name, .mpy version, where the rows begin). Raises ManifestError, OSError."""
    line = files.line(name, 0)
    try:
        head = json.loads(str(line, "utf-8") + "]}")
        found = (head["release"], head["name"], head[MPY], len(line))
    except (ValueError, UnicodeError, KeyError, TypeError):
        raise ManifestError("manifest: the first line is none")
    if type(found[0]) is not int or type(found[1]) is not str or type(found[2]) is not int:
        raise ManifestError("manifest: release, name or mpy is of a wrong type")
    return found


def read_row(files, name: str, at: int) -> tuple[str, int, str, int] | None:  # type: ignore[no-untyped-def]  # as above
    """(path, bytes, sha256, where the next begins), None after the last. Raises as read_head."""
    line = files.line(name, at)
    if line == b"]}\n":
        return None
    try:
        path, size, digest = json.loads(str(line, "utf-8").rstrip(",\n"))
    except (ValueError, UnicodeError, TypeError):
        raise ManifestError(f"manifest: no row at byte {at}")
    if type(path) is not str or type(size) is not int or type(digest) is not str:
        raise ManifestError(f"manifest: the row at byte {at} has a wrong type")
    if not is_path(path) or size < 0 or len(digest) != _HASH_DIGITS:
        raise ManifestError(f"manifest: the row at byte {at} is out of bounds")
    return path, size, digest, at + len(line)


def is_path(path: str) -> bool:
    """Whether it is a plain path within a slot, and none of the names above."""
    if not 0 < len(path) <= PATH_BYTES_MAX or "/" not in path:
        return False
    for character in path:
        if character not in _CHARACTERS:
            return False
    return not any(part in ("", ".", "..") for part in path.split("/"))


def is_listed(files, name: str, path: str) -> bool:  # type: ignore[no-untyped-def]  # as above
    """Whether a file belongs to the release."""
    wanted = f'["{path}",'.encode()
    seen = b""
    for piece in files.pieces(name):
        seen = seen[-len(wanted) :] + piece
        if wanted in seen:
            return True
    return False


def has(files, sha256, path: str, size: int, digest: str) -> bool:  # type: ignore[no-untyped-def]  # as above; no Callable
    """Whether the file of a row is there, byte for byte."""
    if files.size(path) != size:
        return False
    hashing = sha256()
    for piece in files.pieces(path):
        hashing.update(piece)
    return str(binascii.hexlify(hashing.digest()), "ascii") == digest


def whole_release(files, sha256) -> int:  # type: ignore[no-untyped-def]  # as above
    """The release of a slot all of whose files are there and right, else 0."""
    if files.size(MANIFEST) < 0:
        return 0
    try:
        release, _, _, at = read_head(files, MANIFEST)
        row = read_row(files, MANIFEST, at)
        while row is not None:
            if not has(files, sha256, row[0], row[1], row[2]):
                return 0
            row = read_row(files, MANIFEST, row[3])
    except ManifestError:
        return 0
    return release
