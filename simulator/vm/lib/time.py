"""MicroPython's `time`, with sleeps that are one sleep: runs in the VM only.

The build's own `sleep_ms` naps in slices of half a millisecond, 200 wakes of the host for 100 ms.
"""

from utime import *  # noqa: F403  # all of it, but for what follows
from utime import sleep as _sleep


def sleep_ms(ms: int) -> None:
    """Sleep, once."""
    if ms > 0:
        _sleep(ms / 1000)
