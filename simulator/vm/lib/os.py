"""MicroPython's `os` with what the build lacks of an ESP32's: runs in the VM only."""

import struct
from collections import namedtuple

from hardware import call
from uos import *  # noqa: F403  # all of it, but for what follows
from uos import ilistdir as _ilistdir
from uos import stat as _stat

_BLOCK_BYTES = 4096
uname_result = namedtuple("uname_result", ("sysname", "nodename", "release", "version", "machine"))


def uname() -> uname_result:
    """The names of this system."""
    version = str(call("os.version"), "utf-8")
    return uname_result("esp32", "esp32", version[1:], version, "Generic ESP32 module with ESP32")


def statvfs(path: str) -> tuple:  # one file system
    """Room on the file system, in blocks."""
    size, used = struct.unpack("<II", call("os.space"))
    free = (size - used) // _BLOCK_BYTES
    blocks = size // _BLOCK_BYTES
    return (_BLOCK_BYTES, _BLOCK_BYTES, blocks, free, free, 0, 0, 0, 0, 255)


def ilistdir(path: str = "."):
    """(name, kind, 0, size) of each file; the ROM with these modules is not to be seen."""
    for entry in _ilistdir(path):
        if entry[0] != "rom" or path != "/":
            yield (entry[0], entry[1], 0, _stat(path.rstrip("/") + "/" + entry[0])[6])


def listdir(path: str = ".") -> list:
    """The names in a folder."""
    return [entry[0] for entry in ilistdir(path)]
