"""The interpreter of `simulator.vm` on a board: its clock, console and hardware are the board's."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from gateway.releases.compile import compiled
from simulator.vm.disk import Disk
from simulator.vm.files import OK
from simulator.vm.library import BOARD_LIBRARY
from simulator.vm.mount import rom_file_system
from simulator.vm.vm import Vm

_START = BOARD_LIBRARY["rom.py"].decode() + "\nimport console\nconsole.start()\n"


class Host(Protocol):
    """What the VM needs of the chip around it."""

    disk: Disk

    def write(self, data: bytes) -> None:
        """Printed by the program."""

    def next_byte(self) -> int:
        """Typed by somebody; waits."""

    def clock_ns(self) -> int:
        """Since the reset."""

    def sleep_until(self, deadline_ns: int) -> None:
        """Let time pass."""

    def carry_out(self, name: str, data: bytes) -> bytes:
        """What the program asks of its hardware."""


class BoardVm(Vm):
    """One start of the interpreter."""

    library = MappingProxyType({})  # it is in ROM

    def __init__(self, host: Host, heap_kib: int, rom: bytes, seed: int) -> None:
        super().__init__(
            disk=host.disk,
            heap_kib=heap_kib,
            seed=seed,
            hardware=host.carry_out,
            rom=rom,
        )
        self._host = host

    def run_board(self) -> None:
        """boot.py, main.py, prompt; ends only by an exception of the host."""
        self.run("-c", _START)

    def clock_time_get(self, clock: int, precision: int, out: int) -> int:  # noqa: ARG002
        self.memory.write_u64(out, self._host.clock_ns())
        return OK

    def poll_oneoff(self, subscriptions: int, events: int, count: int, out: int) -> int:
        self.now_ns = self._host.clock_ns()
        return super().poll_oneoff(subscriptions, events, count, out)

    def sleep_until(self, deadline_ns: int) -> None:
        """See Vm."""
        self._host.sleep_until(deadline_ns)

    def fd_read(self, fd: int, vectors: int, count: int, out: int) -> int:
        if fd == 0 and not self._stdin:
            self._stdin = bytes((self._host.next_byte(),))
        return super().fd_read(fd, vectors, count, out)

    def fd_write(self, fd: int, vectors: int, count: int, out: int) -> int:
        error = super().fd_write(fd, vectors, count, out)
        for printed in (self.stdout, self.stderr):
            if printed:
                self._host.write(bytes(printed))
                printed.clear()
        return error


def rom_image(files: Mapping[str, bytes]) -> bytes:
    """What is built into the chip, and these files beside it."""
    return rom_file_system(compiled(BOARD_LIBRARY, whole=False) | dict(files))
