"""A byte-level model of a part in real time, at the end of a file that can be read and written.

A thread of its own gives the model the bytes that come and the time that passes, and sends what it
says. Rules: the model is touched only under the lock; whoever turns a fault knob does it with
`change`, which also lets time pass up to now and wakes the thread. A port has at most one host.
"""

import contextlib
import os
import selectors
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol, TypeVar

CHUNK_BYTES = 4096
IDLE_MS = 1000

Result = TypeVar("Result")


class Model(Protocol):
    """What `simulator.devices` has for parts that speak bytes; times never go back."""

    def write(self, data: bytes, now_ms: int) -> None:
        """The host sends bytes."""

    def read(self, now_ms: int) -> bytes:
        """What the part has sent since the last call."""

    def advance(self, now_ms: int) -> None:
        """Let time pass."""

    def wake_at_ms(self) -> int | None:
        """When something will happen by itself."""

    # A model with flow control also has `room`: how many bytes it takes now.


Part = TypeVar("Part", bound=Model)


def steady_ms() -> int:
    """Milliseconds of a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000


class ModelPort(ABC):
    """The thread and the lock; a subclass makes the file and says what to do when it breaks."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._selector = selectors.DefaultSelector()
        self._bell, self._hearing = socket.socketpair()
        self._bell.setblocking(False)
        self._hearing.setblocking(False)
        self._selector.register(self._hearing, selectors.EVENT_READ, self._hear)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="model-port", daemon=True)

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and close everything."""
        self._stopping = True
        self._ring()
        self._thread.join()
        with self._lock:
            self._close()
        self._selector.close()
        self._bell.close()
        self._hearing.close()

    def change(self, act: Callable[[int], Result]) -> Result:
        """Do something to the model; `act` gets the time it is now."""
        with self._lock:
            now_ms = steady_ms()
            self._model.advance(now_ms)
            result = act(now_ms)
        self._ring()
        return result

    # ---- for subclasses ----

    @abstractmethod
    def _file(self) -> int | None:
        """The descriptor to the host, None while there is no host."""

    @abstractmethod
    def _broke(self) -> None:
        """The file to the host is at its end."""

    @abstractmethod
    def _close(self) -> None:
        """Close all files of the port."""

    def _take(self) -> None:
        """The host's file can be read."""
        file = self._file()
        if file is None:
            return
        try:
            data = os.read(file, min(CHUNK_BYTES, self._room()))
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._model.write(data, steady_ms())
        else:
            self._broke()

    def _room(self) -> int:
        return int(getattr(self._model, "room", CHUNK_BYTES))

    def _unregister(self, file: int) -> None:
        """The host's file is to be closed, whether it was being read or not."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(file)

    def _mind_flow(self) -> None:
        """Read the host's file only while the model takes something."""
        file = self._file()
        if file is None:
            return
        reading = file in self._selector.get_map()
        if reading and not self._room():
            self._selector.unregister(file)
        elif not reading and self._room():
            self._selector.register(file, selectors.EVENT_READ, self._take)

    # ---- the thread ----

    def _ring(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._bell.send(b"!")

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._hearing.recv(CHUNK_BYTES)

    def _run(self) -> None:
        while not self._stopping:
            with self._lock:
                timeout_ms = self._serve()
            for key, _ in self._selector.select(timeout_ms / 1000):
                with self._lock:
                    key.data()

    def _serve(self) -> int:
        """Send what the model has to say; milliseconds to wait at most."""
        now_ms = steady_ms()
        said = self._model.read(now_ms)
        file = self._file()
        if said and file is not None:
            try:
                os.write(file, said)
            except BlockingIOError:
                pass  # nobody reads: the bytes are lost, as on a real line
            except OSError:
                self._broke()
        self._mind_flow()
        wake_at_ms = self._model.wake_at_ms()
        return IDLE_MS if wake_at_ms is None else max(1, min(IDLE_MS, wake_at_ms - now_ms))
