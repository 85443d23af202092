"""Mounts the board's ROM file system, as the start-up code of an ESP32 does: runs in the VM only.

`import rom` is all. Modules in it run where they lie: their code takes no room on the heap.
"""

import os
import sys

import uctypes
import vfs

_address, _size = os.getenv("ROM", "0,0").split(",")
vfs.mount(vfs.VfsRom(uctypes.bytearray_at(int(_address), int(_size))), "/rom")
sys.path.insert(0, "/rom")
