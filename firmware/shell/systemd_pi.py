"""Tells systemd that the node is up and alive (sd_notify); silent where there is no systemd.

The watchdog is fed by whoever makes progress, at most every third of its time; a loop that hangs
feeds nothing, and systemd starts the node again. Source: man sd_notify, sd_watchdog_enabled.
"""

import contextlib
import os
import socket


class Systemd:
    """Reads NOTIFY_SOCKET and WATCHDOG_USEC once."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)
        self.feed_every_ms = int(os.environ.get("WATCHDOG_USEC", "0")) // 3000
        self._fed_ms: int | None = None

    def tell(self, words: str) -> None:
        """READY=1, STOPPING=1, STATUS=..."""
        if self._address:
            # A manager that is restarting itself hears nothing; the node goes on.
            with (
                contextlib.suppress(OSError),
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s,
            ):
                s.sendto(words.encode(), self._address)

    def feed(self, now_ms: int) -> None:
        """There was progress now."""
        if not self.feed_every_ms:
            return
        if self._fed_ms is None or now_ms - self._fed_ms >= self.feed_every_ms:
            self._fed_ms = now_ms
            self.tell("WATCHDOG=1")
