"""The running chip: from reset through loader and files to the prompt, and around again.

One life lasts from reset to reset by hand or by power; within it come restarts of the chip's own
(machine.reset, the watchdog) and soft resets. The interpreter is the real one of `simulator.vm`, on
the board's disk; what it asks of its hardware is looked up in the tables of console and parts.

The watchdog bites in two ways: when its time has passed without food while the program sleeps or
asks its hardware, and when a program that does neither has run for as many instructions as an
ESP32 carries out in that time (a hang takes seconds here, and the same ones each time).
"""

import struct
from collections.abc import Callable, Mapping
from typing import Protocol

from simulator.board import bootloader
from simulator.board.board_vm import BoardVm, rom_image
from simulator.board.chips import Chip
from simulator.board.console import Console, SoftResetError
from simulator.board.flash_chip import FlashChip
from simulator.board.pace import Pace, Watched
from simulator.vm.disk import Disk, PowerCutError
from simulator.vm.vm import UNLIMITED_FUEL, OutOfFuelError, VmCrashError

# The loops of an ESP32 at 240 MHz go round about 250 times in a millisecond; this much each.
FUEL_PER_MS = 1_000_000
# From reset to the interpreter; a real chip takes three times as long.
BOOT_MS = 100
BOOT_PY = b"# This file is executed on every boot (including wake-boot from deepsleep)\n"
MACHINE = "Generic ESP32 module with ESP32"
RESTARTS_KEPT = 1000

Calls = dict[str, Callable[[bytes], bytes]]


class RestartError(BaseException):
    """The chip starts over; `cause` as the ROM prints it. Nothing in between may swallow it."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class LoaderError(BaseException):
    """machine.bootloader(): the ROM is to wait for a download."""


class StoppedError(BaseException):
    """EN is low, or the power is gone."""


class Peripherals(Protocol):
    """What the chip's own peripherals are to the processor."""

    calls: Calls

    def reset(self) -> None:
        """The chip came out of reset."""

    def soft_reset(self) -> None:
        """The interpreter starts anew."""

    def refresh(self) -> None:
        """Time has passed, or something was driven: show the levels of the pins to the VM."""


class Processor:
    """`send` takes what goes out on the UART; `periphery` is set before the first start."""

    periphery: Peripherals

    def __init__(
        self,
        chip: Chip,
        flash: FlashChip,
        disk: Disk,
        pace: Pace,
        heap_kib: int,
        rom: Mapping[str, bytes],
        send: Callable[[bytes], None],
        to_loader: Callable[[], None],
        power_failed: Callable[[], None],
    ) -> None:
        self.chip = chip
        self.disk = disk
        self.pace = pace
        self.starts = 0  # of the interpreter
        self.causes: list[str] = []  # of the resets, the newest last
        self.waits = 0  # how often it has let time pass
        self._flash = flash
        self._heap_kib = heap_kib
        self._rom = rom_image(rom)
        self._send = send
        self._to_loader = to_loader
        self._power_failed = power_failed
        self._console: Console | None = None
        self._vm: BoardVm | None = None
        self._stopping = False
        self._interrupted = False
        self._version = ""
        self._fuel_used = 0
        self._was_soft_reset = False
        self._reset_ns = 0
        self._watchdog_ms: int | None = None
        self._bites_at_ns = 0
        self._own_calls: Calls = {
            "os.version": lambda _: self._version.encode(),
            "os.space": self._space,
            "machine.reset_cause": self._reset_cause,
            "machine.reset": self._machine_reset,
            "machine.soft_reset": self._machine_soft_reset,
            "machine.bootloader": self._machine_bootloader,
            "watchdog.arm": self._arm_watchdog,
            "watchdog.feed": self._feed_watchdog,
        }

    # ---- from outside ----

    @property
    def heap_in_use(self) -> int:
        """Bytes of the interpreter's heap that are taken now; 0 when none runs."""
        vm = self._vm
        return 0 if vm is None else vm.heap_in_use

    @property
    def fuel_used(self) -> int:
        """Instructions of the interpreter that runs, 0 when none does."""
        vm = self._vm
        return 0 if vm is None else vm.fuel_used

    def start(self, cause: str) -> None:
        """Come out of reset."""
        self._stopping = False
        self.pace.start(lambda: self._live(cause))

    def stop(self) -> None:
        """Go into reset; returns when nothing runs any more."""
        self._stopping = True
        self.pace.join(self._break_in)

    def take(self, data: bytes) -> None:
        """Bytes from the UART."""
        if self._console is not None:
            self._console.take(data)
        self.pace.wake()

    def _interrupt(self) -> None:
        self._interrupted = True
        self._break_in()

    def _break_in(self) -> None:
        vm = self._vm  # which may end meanwhile
        if vm is not None:
            vm.interrupt()

    # ---- the life ----

    def _live(self, cause: str) -> None:
        try:
            while True:
                self.causes = [*self.causes[-RESTARTS_KEPT:], cause]
                try:
                    self._boot(cause)
                except RestartError as restart:
                    cause = restart.cause
        except LoaderError:
            self._to_loader()
        except PowerCutError:
            self._power_failed()
        except StoppedError:
            return
        finally:
            self._console = None

    def _boot(self, cause: str) -> None:
        self._watchdog_ms = None
        self._was_soft_reset = False
        self._reset_ns = self.pace.now_ns()
        self.periphery.reset()
        start = bootloader.start(self.chip, self._flash.data, cause)
        self.say(start.said)
        if start.version is None:
            self.wait(self.pace.now_ns() + int(bootloader.REPEAT_S * 1e9), ())
            raise RestartError(bootloader.RTC_WATCHDOG)
        self._version = start.version
        self.wait(self.pace.now_ns() + BOOT_MS * 1_000_000, ())
        if not self.disk.names(""):
            self.disk.put("boot.py", BOOT_PY)  # a file system that was just made
        self._console = Console(
            f"MicroPython {start.version} on 2026-11-23; {MACHINE}",
            self._send,
            lambda: self.wait(None, ()),
            self._interrupt,
        )
        while True:
            try:
                self._run_interpreter(self._console)
            except SoftResetError:
                self._was_soft_reset = True
                self.say("MPY: soft reboot\n")

    def _run_interpreter(self, console: Console) -> None:
        self.starts += 1
        self._interrupted = False
        console.interpreter_starts()
        self.periphery.soft_reset()
        self._fuel_used = 0
        self._vm = BoardVm(self, self._heap_kib, self._rom, self.starts)
        self._fill_up()
        try:
            self._vm.run_board()
        except OutOfFuelError:
            self._account()
            self._bite()
        finally:
            self._vm = None
        # Not even the prompt had memory enough; a chip panics and starts over.
        raise RestartError(bootloader.SOFTWARE)

    # ---- what the VM asks ----

    def write(self, data: bytes) -> None:
        """Printed by the program."""
        self._send(data.replace(b"\n", b"\r\n"))

    def next_byte(self) -> int:
        """Typed by somebody; waits."""
        assert self._console is not None
        return self._console.next_byte()

    def clock_ns(self) -> int:
        """Since the reset."""
        self._account()
        return self.pace.now_ns() - self._reset_ns

    def sleep_until(self, deadline_ns: int) -> None:
        """Until then on the chip's clock, or until a Ctrl-C."""
        self._account()
        self.wait(self._reset_ns + deadline_ns, ())
        self.periphery.refresh()

    def wait_for(self, timeout_ms: int, watched: Watched) -> None:
        """The same for sockets; a negative time-out is for ever."""
        until_ns = None if timeout_ms < 0 else self.pace.now_ns() + timeout_ms * 1_000_000
        self.wait(until_ns, watched)
        self.periphery.refresh()

    def write_memory(self, address: int, data: bytes) -> None:
        """Into the VM's memory."""
        assert self._vm is not None
        self._vm.memory.write(address, data)

    def carry_out(self, name: str, data: bytes) -> bytes:
        """Look it up and do it."""
        self._account()
        self.check()
        assert self._console is not None
        for calls in (self.periphery.calls, self._own_calls, self._console.calls):
            if name in calls:
                answer = calls[name](data)
                self.periphery.refresh()
                return answer
        raise VmCrashError(f"hardware.call({name!r}): this board has no such thing")

    def _space(self, _: bytes) -> bytes:
        """Bytes of the file system, and those in use."""
        used = sum(len(content) for content in self.disk.files().values())
        return struct.pack("<II", self.disk.capacity_bytes, used)

    # ---- time ----

    def _account(self) -> None:
        """What the program has computed since it was last heard of takes its time."""
        assert self._vm is not None
        used = self._vm.fuel_used
        self.pace.compute((used - self._fuel_used) * 1_000_000 // FUEL_PER_MS)
        self._fuel_used = used

    def say(self, text: str) -> None:
        """Text of the chip's own on the UART."""
        self.write(text.encode())

    def wait(self, until_ns: int | None, watched: Watched) -> None:
        """Let time pass; ends early for a socket, a byte or a Ctrl-C.

        Raises StoppedError, and RestartError when the watchdog bites.
        """
        self.waits += 1
        bites_at_ns = None if self._watchdog_ms is None else self._bites_at_ns
        while True:
            self.check()
            now_ns = self.pace.now_ns()
            if self._interrupted or (until_ns is not None and now_ns >= until_ns):
                self._interrupted = False
                return
            if any(sock.mask(events) for sock, events in watched):
                return
            times = [each for each in (until_ns, bites_at_ns) if each is not None]
            self.pace.wait(min(times, default=None), watched)
            if until_ns is None and not watched:
                return  # the caller looks whether it is what it waits for

    def check(self) -> None:
        """Raises StoppedError, and RestartError when the watchdog bites."""
        if self._stopping:
            raise StoppedError
        if self._watchdog_ms is not None and self.pace.now_ns() >= self._bites_at_ns:
            self._bite()

    def _bite(self) -> None:
        self.say("E (0) task_wdt: Task watchdog got triggered.\nRebooting...\n")
        raise RestartError(bootloader.WATCHDOG)

    def _arm_watchdog(self, data: bytes) -> bytes:
        # It can be set anew, never stopped; a soft reset leaves it as it is.
        self._watchdog_ms = int.from_bytes(data, "little")
        return self._feed_watchdog(b"")

    def _feed_watchdog(self, _: bytes) -> bytes:
        assert self._watchdog_ms is not None
        self._bites_at_ns = self.pace.now_ns() + self._watchdog_ms * 1_000_000
        self._fill_up()
        return b""

    def _fill_up(self) -> None:
        assert self._vm is not None
        limit_ms = self._watchdog_ms
        self._vm.refuel(UNLIMITED_FUEL if limit_ms is None else limit_ms * FUEL_PER_MS)

    # ---- restarts that the program asks for ----

    def _reset_cause(self, _: bytes) -> bytes:
        """As ports/esp32/modmachine.c has it: 1 power, 2 other, 3 watchdog, 5 soft reset."""
        if self._was_soft_reset:
            return b"\5"
        cause = self.causes[-1]
        return {bootloader.POWER_ON: b"\1", bootloader.WATCHDOG: b"\3"}.get(cause, b"\2")

    def _machine_reset(self, _: bytes) -> bytes:
        raise RestartError(bootloader.SOFTWARE)

    def _machine_soft_reset(self, _: bytes) -> bytes:
        raise SoftResetError

    def _machine_bootloader(self, _: bytes) -> bytes:
        raise LoaderError
