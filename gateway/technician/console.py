"""What a board prints on its cable, line by line; nothing is typed, nothing is reset."""

import contextlib
from collections.abc import Callable

import serial

from gateway.technician.chip import LOADER_BAUD, ChipError

LOOK_S = 0.5


def follow_console(port: str, take: Callable[[str], None]) -> None:
    """Every line, until the cable is pulled (ChipError) or Ctrl-C."""
    try:
        line = serial.serial_for_url(port, do_not_open=True)
        with contextlib.closing(line):
            line.baudrate, line.timeout = LOADER_BAUD, LOOK_S
            line.dtr = line.rts = False  # both let the board run
            line.open()
            kept = b""
            while True:
                kept += line.read(max(1, line.in_waiting))
                *whole, kept = kept.split(b"\n")
                for each in whole:
                    take(each.decode("utf-8", "replace").rstrip("\r"))
    except (OSError, serial.SerialException) as error:
        raise ChipError("lost", f"连接中断 · the line broke: {error}") from error
