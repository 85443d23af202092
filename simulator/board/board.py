"""A whole ESP32 board: power, buttons, USB cable, flash, files, parts, and the chip among them.

    board = Board("esp32-pad")
    board.flash_interpreter()       # as esptool does it, at once; without it the flash is empty
    board.start()                   # power on; the port is open
    board.address                   # rfc2217://127.0.0.1:PORT, for esptool and mpremote
    board.parts.press(0, 120); board.parts.display_text()
    board.stop()

`disk` is the file system; erasing its part of the flash makes a new one. `console` is what the UART
said, `air` the network around it. In virtual time a board has no port: it is switched on by
`power_on`, and lives while its timeline is run.
"""

import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType

from boards.loader import load_board
from simulator.board import bootloader, image
from simulator.board.air import Air
from simulator.board.chips import ESP32, MAC, Chip
from simulator.board.circuit import ResetCircuit
from simulator.board.flash_chip import FlashChip
from simulator.board.pace import Pace, RealPace
from simulator.board.parts import Parts
from simulator.board.periphery import Periphery, RealTimeClock
from simulator.board.pins import Pins
from simulator.board.processor import Processor
from simulator.board.rfc2217 import SerialPort
from simulator.board.rom import Rom
from simulator.board.socket_calls import SocketCalls
from simulator.board.sockets import RealSockets, Sockets
from simulator.vm.disk import Disk

CONSOLE_BYTES_MAX = 1 << 16
# More than an ESP32 has: whether a program fits is measured by simulator.vm.size_board, and not
# found out by chance where something else is tested.
HEAP_KIB = 256

MakeSockets = Callable[[Callable[[], bool], Callable[[], None]], Sockets]


def _real_sockets(is_up: Callable[[], bool], _: Callable[[], None]) -> Sockets:
    return RealSockets(is_up)


class Board:
    """One board, named as in `boards`. Without `auto_reset` only the buttons reset it.

    `rom` is what lies in its partition for a ROM file system, path -> content.
    """

    def __init__(
        self,
        name: str,
        *,
        chip: Chip = ESP32,
        mac: bytes = MAC,
        auto_reset: bool = True,
        heap_kib: int = HEAP_KIB,
        disk: Disk | None = None,
        pace: Pace | None = None,
        make_sockets: MakeSockets = _real_sockets,
        rom: Mapping[str, bytes] = MappingProxyType({}),
    ) -> None:
        self.chip = chip
        self.mac = mac
        self.flash = FlashChip()
        self.flash.on_erase.append(self._flash_erased)
        self.disk = disk or Disk()
        self.powered = False
        self._pace = pace or RealPace()
        self._port: SerialPort | None = None
        self._circuit = ResetCircuit(auto_reset)
        self._lock = threading.RLock()
        self._rom: Rom | None = None
        self._console = bytearray()
        self.processor = Processor(
            chip,
            self.flash,
            self.disk,
            self._pace,
            heap_kib,
            rom,
            self._send,
            self._enter_loader,
            self._lose_power,
        )
        pins = Pins(floating=0)
        self.parts = Parts(load_board(name), pins, self._now_ms)
        self.air = Air(self._now_ms)
        self._clock = RealTimeClock(self._pace.now_ns)
        self._sockets = SocketCalls(
            make_sockets(self.air.is_up, self._pace.wake),
            self.processor.wait_for,
            self._clock.now_s,
        )
        self._periphery = self.processor.periphery = Periphery(
            mac,
            pins,
            self.parts,
            self.air,
            self._sockets,
            self._clock,
            self.processor.write_memory,
        )

    # ---- the bench ----

    def start(self, port: int = 0) -> None:
        """Open the port (0: a free one) and switch on."""
        self._port = SerialPort(self._receive, self._lines, self._tick, port)
        self.power_on()

    def stop(self) -> None:
        """Switch off and close everything."""
        self.power_off()
        if self._port is not None:
            self._port.stop()
        self._sockets.close()
        self._pace.close()

    @property
    def port(self) -> SerialPort:
        """The USB adapter, with its cable and its faults."""
        assert self._port is not None, "start the board first"
        return self._port

    @property
    def address(self) -> str:
        """Where esptool and mpremote find it."""
        return self.port.address

    @property
    def plain_address(self) -> str:
        """The same line without DTR and RTS: no auto-reset, and esptool is far faster."""
        return self.port.plain_address

    @property
    def console(self) -> str:
        """The last of what came out of the UART."""
        return self._console.decode("utf-8", "replace")

    @property
    def in_loader(self) -> bool:
        """Whether the ROM waits for a download."""
        return self._rom is not None

    def type(self, text: str) -> None:
        """Somebody types at the console."""
        self._receive(text.encode())

    def flash_interpreter(self, version: str = "v1.29.0") -> None:
        """MicroPython as esptool would write it."""
        content = image.interpreter_image(version)
        self.flash.erase(image.BOOTLOADER_AT, len(content))
        self.flash.program(image.BOOTLOADER_AT, content)

    def unplug_at(self, offset: int) -> None:
        """Pull the USB cable as soon as this byte of the flash is written."""

        def written(start: int, end: int) -> None:
            if start <= offset < end:
                self.flash.on_program.remove(written)
                self.port.unplug()

        self.flash.on_program.append(written)

    # ---- power and buttons ----

    def power_on(self) -> None:
        """The supply comes; nothing happens when it is there."""
        with self._lock:
            if not self.powered:
                self.powered = True
                self._clock.power_on()
                self._leave_reset("run", bootloader.POWER_ON)

    def power_off(self) -> None:
        """The supply fails: what was not durable in the files is lost."""
        with self._lock:
            self._enter_reset()
            if self.powered:
                self.disk.lose_power()
                self._lose_power()

    def press_reset(self, *, holding_boot: bool = False) -> None:
        """A finger on EN; with another one on BOOT the loader starts."""
        with self._lock:
            self._circuit.boot_button = holding_boot
            for down in (True, False):
                self._obey(self._circuit.en_button(down, 0))
            self._circuit.boot_button = False

    # ---- inside ----

    def _now_ms(self) -> int:
        return self._pace.now_ns() // 1_000_000

    def _lose_power(self) -> None:
        self.powered = False
        self._rom = None
        self._periphery.reset()
        self.parts.power_cut()

    def _lines(self, dtr: bool, rts: bool, now_ms: int) -> None:
        with self._lock:
            self._obey(self._circuit.lines(dtr, rts, now_ms))

    def _tick(self, now_ms: int) -> int | None:
        with self._lock:
            self._obey(self._circuit.step(now_ms))
            return self._circuit.wake_at_ms()

    def _obey(self, action: str | None) -> None:
        if action is None or not self.powered:
            return
        if action == "hold":
            self._enter_reset()
        else:
            self._leave_reset(action, bootloader.POWER_ON)

    def _enter_reset(self) -> None:
        self.processor.stop()
        self._rom = None
        self._periphery.reset()

    def _leave_reset(self, mode: str, cause: str) -> None:
        if mode == "loader":
            self._enter_loader()
        else:
            self.processor.start(cause)

    def _enter_loader(self) -> None:
        self._rom = Rom(self.chip, self.mac, self.flash)
        self.processor.say(bootloader.loader_text(self.chip))

    def _receive(self, data: bytes) -> None:
        with self._lock:
            rom = self._rom
            if rom is None:
                self.processor.take(data)
                return
            self._send(rom.feed(data))
            if rom.leaving == "restart":
                self._enter_loader()
            elif rom.leaving == "run":
                self._enter_reset()
                self._leave_reset("run", bootloader.SOFTWARE)

    def _send(self, data: bytes) -> None:
        if self._rom is None:
            self._console += data
            del self._console[:-CONSOLE_BYTES_MAX]
        if self._port is not None:
            self._port.send(data)

    def _flash_erased(self, _: int, end: int) -> None:
        if end > image.FILES_AT:
            self.disk.wipe()
