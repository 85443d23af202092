"""The memory of one VM, read and written by the host; every access is checked against its bounds.

Addresses are 32 bits wide and come in signed from wasmtime. A bad one is a fault of the interpreter
or of this host, never of the program in the VM.
"""

import ctypes
import struct

import wasmtime

_MASK = 0xFFFFFFFF


class MemoryFaultError(RuntimeError):
    """The VM named bytes outside its memory."""


class Memory:
    """The linear memory of one instance."""

    def __init__(self, memory: wasmtime.Memory, store: wasmtime.Store) -> None:
        self._memory = memory
        self._store = store

    def read(self, address: int, size: int) -> bytes:
        """A copy of `size` bytes."""
        return ctypes.string_at(self._at(address, size), size & _MASK)

    def write(self, address: int, data: bytes) -> None:
        """Put `data` there."""
        ctypes.memmove(self._at(address, len(data)), data, len(data))

    def write_u32(self, address: int, value: int) -> None:
        """One 32-bit number, little-endian as all of WebAssembly."""
        self.write(address, struct.pack("<I", value))

    def write_u64(self, address: int, value: int) -> None:
        """One 64-bit number."""
        self.write(address, struct.pack("<Q", value))

    def read_u32s(self, address: int, count: int) -> tuple[int, ...]:
        """`count` 32-bit numbers."""
        return struct.unpack(f"<{count}I", self.read(address, 4 * count))

    def _at(self, address: int, size: int) -> int:
        address &= _MASK
        size &= _MASK
        length = self._memory.data_len(self._store)
        if address + size > length:
            raise MemoryFaultError(f"{size} bytes at {address}: the memory has {length}")
        # Asked each time: the memory may move when it grows.
        return ctypes.addressof(self._memory.data_ptr(self._store).contents) + address
