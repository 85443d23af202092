"""MicroPython's `select.poll`: runs in the VM only.

An object is ready when its `ready()` says so (a bit mask of POLLIN, POLLOUT); waiting is one sleep
to the end of the time-out. Sockets (they have a `handle`) are waited for on the host, where bytes
that come in end the waiting.
"""

import struct

from utime import sleep as wait_s

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


class poll:  # noqa: N801  # MicroPython's name
    """As the ESP32's; `ipoll` is `poll`."""

    def __init__(self) -> None:
        self._objects: list[tuple] = []

    def register(self, stream: object, events: int = POLLIN | POLLOUT) -> None:
        """Watch a stream, or change what it is watched for."""
        self.unregister(stream)
        self._objects.append((stream, events))

    modify = register

    def unregister(self, stream: object) -> None:
        """Watch it no more."""
        self._objects = [entry for entry in self._objects if entry[0] is not stream]

    def poll(self, timeout_ms: int = -1) -> list[tuple]:
        """[(stream, mask)] of the ready ones, at the latest after the time-out."""
        if self._objects and hasattr(self._objects[0][0], "handle"):
            return self._poll_sockets(timeout_ms)
        found = self._ready()
        if not found and timeout_ms > 0:
            wait_s(timeout_ms / 1000)
            found = self._ready()
        return found

    ipoll = poll

    def _ready(self) -> list[tuple]:
        found = []
        for stream, events in self._objects:
            mask = stream.ready() & (events | POLLERR | POLLHUP)
            if mask:
                found.append((stream, mask))
        return found

    def _poll_sockets(self, timeout_ms: int) -> list[tuple]:
        from hardware import call

        asked = struct.pack("<i", timeout_ms)
        for stream, events in self._objects:
            asked += struct.pack("<II", stream.handle, events)
        masks = call("socket.poll", asked)
        found = []
        for index in range(len(masks)):
            if masks[index]:
                found.append((self._objects[index][0], masks[index]))
        return found
