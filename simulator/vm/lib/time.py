"""MicroPython's `time`, with sleeps that are one sleep: runs in the VM only.

The build's own `sleep_ms` naps in slices of half a millisecond, 200 wakes of the host for 100 ms.
A sleep ends in a jump, where a Ctrl-C comes through, as it does in the chip's own sleep.
"""

from utime import *  # noqa: F403  # all of it, but for what follows
from utime import sleep as _sleep


def sleep_ms(ms: int) -> None:
    """Sleep, once."""
    while ms > 0:
        _sleep(ms / 1000)
        ms = 0


def sleep(seconds: float) -> None:
    """Sleep, once."""
    while seconds > 0:
        _sleep(seconds)
        seconds = 0
