"""The USB serial adapter of a board, as a TCP port that speaks RFC 2217 on loopback.

One host at a time. What the board sends while nobody is connected is lost, as on a real line.
Telnet and the port's options are pyserial's `PortManager`; DTR and RTS go to `on_lines`, bytes to
`on_data`, both in the port's own thread. A host that goes away drops both lines at once.
A second door, `plain_address`, carries the bytes alone, without DTR and RTS, as an adapter with two
wires. esptool is far faster there, because pyserial sleeps twice for every command over RFC 2217.
Faults: `unplug` and `plug`, `unplug_after` so many bytes from the host, `bytes_per_s` of a slow
line (both directions, each host byte and board byte in turn).
"""

import contextlib
import selectors
import socket
import threading
import time
from collections.abc import Callable

from serial.rfc2217 import PortManager

HOST = "127.0.0.1"
UNSENT_BYTES_MAX = 1 << 20
_SLICE_S = 0.02
_IAC = b"\xff"


class _Lines:
    """The adapter's settings, of the shape that PortManager wants; only DTR and RTS are wired."""

    cts = dsr = True
    ri = cd = False
    baudrate = 115200
    bytesize = 8
    parity = "N"
    stopbits = 1
    xonxoff = rtscts = break_condition = False

    def __init__(self, changed: Callable[[bool, bool], None], purge: Callable[[], None]) -> None:
        self._changed = changed
        self._dtr = self._rts = False
        self.reset_input_buffer = purge

    @property
    def dtr(self) -> bool:
        return self._dtr

    @dtr.setter
    def dtr(self, on: bool) -> None:
        self._dtr = on
        self._changed(self._dtr, self._rts)

    @property
    def rts(self) -> bool:
        return self._rts

    @rts.setter
    def rts(self, on: bool) -> None:
        self._rts = on
        self._changed(self._dtr, self._rts)

    def reset_output_buffer(self) -> None:
        """Bytes from the host are handed over at once: there is nothing to purge."""


class SerialPort:
    """A running port. `tick(now_ms)` is called now and then, and returns when it is wanted next."""

    def __init__(
        self,
        on_data: Callable[[bytes], None],
        on_lines: Callable[[bool, bool, int], None],
        tick: Callable[[int], int | None],
        port: int = 0,
    ) -> None:
        self.bytes_per_s: int | None = None
        self.unplug_after: int | None = None
        self._on_data = on_data
        self._on_lines = on_lines
        self._tick = tick
        self._lock = threading.Lock()
        self._pending = bytearray()  # of the board
        self._wire = bytearray()  # on its way, with Telnet's own bytes: must not be cut
        self._plugged = True
        self._stopping = False
        self._client: socket.socket | None = None
        self._manager: PortManager | None = None
        self._doors = (socket.create_server((HOST, port)), socket.create_server((HOST, 0)))
        self._wake, self._woken = socket.socketpair()
        for each in (*self._doors, self._wake, self._woken):
            each.setblocking(False)
        self._ports = [door.getsockname()[1] for door in self._doors]
        self._thread = threading.Thread(target=self._run, name="serial port", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """What esptool and mpremote are told."""
        return f"rfc2217://{HOST}:{self._ports[0]}"

    @property
    def plain_address(self) -> str:
        """The door without DTR and RTS."""
        return f"socket://{HOST}:{self._ports[1]}"

    def send(self, data: bytes) -> None:
        """Bytes of the board; from any thread."""
        with self._lock:
            if self._client is not None and len(self._pending) < UNSENT_BYTES_MAX:
                self._pending += data
        self._notify()

    def unplug(self) -> None:
        """Pull the USB cable: the host loses the port until `plug`. From any thread."""
        self._plugged = False
        self._notify()

    def plug(self) -> None:
        """Put it in again."""
        self._plugged = True
        self._notify()

    def stop(self) -> None:
        """Close the port for good."""
        self._stopping = True
        self._notify()
        self._thread.join()
        for each in (*self._doors, self._wake, self._woken):
            each.close()

    def write(self, data: bytes) -> None:
        """What PortManager calls with its own bytes, in the port's thread."""
        with self._lock:
            self._wire += data

    # ---- the thread ----

    def _notify(self) -> None:
        with contextlib.suppress(BlockingIOError):  # full of wakes: it will wake
            self._wake.send(b"w")

    def _run(self) -> None:
        wake_at_ms: int | None = None
        while not self._stopping:
            timeout_s = None
            if wake_at_ms is not None:
                timeout_s = max(0, wake_at_ms - _now_ms()) / 1000
            self._wait(timeout_s)
            if not self._plugged:
                self._drop()
            wake_at_ms = self._tick(_now_ms())
            self._flush()
        self._drop()

    def _wait(self, timeout_s: float | None) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken, selectors.EVENT_READ)
            if self._client is not None:
                wanted = selectors.EVENT_READ
                if self._pending or self._wire:
                    wanted |= selectors.EVENT_WRITE
                selector.register(self._client, wanted)
            elif self._plugged:
                for door in self._doors:
                    selector.register(door, selectors.EVENT_READ)
            ready = {key.fileobj: events for key, events in selector.select(timeout_s)}
        if self._woken in ready:
            with contextlib.suppress(BlockingIOError):
                self._woken.recv(4096)
        if self._client is None:
            for door in self._doors:
                if door in ready and self._client is None:
                    self._accept(door)
        elif ready.get(self._client, 0) & selectors.EVENT_READ:
            self._receive()

    def _accept(self, door: socket.socket) -> None:
        with contextlib.suppress(OSError):  # it went away again
            client, _ = door.accept()
            client.setblocking(False)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._pending.clear()
                self._wire.clear()
                self._client = client
            if door is self._doors[0]:
                lines = _Lines(lambda dtr, rts: self._on_lines(dtr, rts, _now_ms()), self._purge)
                # It asks for much less than a whole Serial.
                self._manager = PortManager(lines, self)  # type: ignore[arg-type]  # see above

    def _purge(self) -> None:
        with self._lock:
            self._pending.clear()

    def _receive(self) -> None:
        assert self._client is not None
        size = 4096
        if self.bytes_per_s is not None:
            size = max(1, int(self.bytes_per_s * _SLICE_S))
        try:
            data = self._client.recv(size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop()
            return
        self._take_time(len(data))
        found = data if self._manager is None else b"".join(self._manager.filter(data))
        if self.unplug_after is not None:
            found = found[: self.unplug_after]
            self.unplug_after -= len(found)
        if found:
            self._on_data(found)
        if self.unplug_after == 0:
            self.unplug_after = None
            self.unplug()

    def _flush(self) -> None:
        """Send what the host's system takes now."""
        with self._lock:
            if self._client is None:
                return
            if not self._wire:
                size = len(self._pending)
                if self.bytes_per_s is not None:
                    size = min(size, max(1, int(self.bytes_per_s * _SLICE_S)))
                data = bytes(self._pending[:size])
                del self._pending[:size]
                self._take_time(size)
                self._wire += data if self._manager is None else data.replace(_IAC, _IAC + _IAC)
            with contextlib.suppress(OSError):  # full; or broken, which the next read says
                del self._wire[: self._client.send(self._wire)]

    def _take_time(self, count: int) -> None:
        if self.bytes_per_s is not None and count:
            threading.Event().wait(count / self.bytes_per_s)

    def _drop(self) -> None:
        if self._client is None:
            return
        with self._lock:
            self._client.close()
            self._client = None
        self._manager = None
        self._on_lines(False, False, _now_ms())


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000
