"""What a board shows of itself to a technician's cable: interpreter, files, identity. MicroPython.

Run from its source by `hallkit flash`, on a board that may hold nothing else. One line of JSON
after MARK each: ["interpreter", version, mpy, machine], ["node", hall, node, boot_floor, date],
["space", block bytes, free blocks], ["file", path, bytes, sha256], ["end"].
"""

import binascii
import hashlib
import json
import os
import sys

MARK = "#hallkit "
PIECE_BYTES = 1024
_FOLDER_BIT = 0x4000


def say(*words) -> None:  # type: ignore[no-untyped-def]  # whatever JSON has
    """One line for the technician's computer."""
    sys.stdout.write(MARK + json.dumps(words) + "\n")


def digest(path: str) -> str:
    """The SHA-256 of a file."""
    hashed = hashlib.sha256()
    with open(path, "rb") as file:
        piece = file.read(PIECE_BYTES)
        while piece:
            hashed.update(piece)
            piece = file.read(PIECE_BYTES)
    return str(binascii.hexlify(hashed.digest()), "ascii")


def tell_files(folder: str) -> None:
    """Every file below a folder, deepest last."""
    for name in sorted(os.listdir(folder or "/")):
        path = folder + "/" + name
        stat = os.stat(path)
        if stat[0] & _FOLDER_BIT:
            tell_files(path)
        else:
            say("file", path, stat[6], digest(path))


def tell_node() -> None:
    """Which node this board is, when it is one."""
    try:
        with open("/config/node.json", "rb") as file:
            node = json.loads(str(file.read(), "utf-8"))
        say("node", node["hall"], node["node"], node["boot_floor"], node["date"])
    except (OSError, ValueError, KeyError, TypeError):
        say("node", "", "", 0, [])


def main() -> None:
    """All of it."""
    implementation = sys.implementation
    version = ".".join([str(number) for number in implementation.version[:3]])
    mpy = getattr(implementation, "_mpy", 0) & 0xFF
    say("interpreter", version, mpy, getattr(implementation, "_machine", ""))
    tell_node()
    try:
        stat = os.statvfs("/")
        say("space", stat[0], stat[3])
    except OSError:
        say("space", 0, 0)  # not told
    tell_files("")
    say("end")


if __name__ == "__main__":
    main()
