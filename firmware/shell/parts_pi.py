"""What hangs on a Pi node: its file -> the drivers of its kind.

Only the drivers of the kind are imported, so that each role needs no libraries but its own.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from firmware.drivers.pi.driver import Driver, Memory, Post
from firmware.drivers.pi.loop import Loop
from firmware.shell.config_pi import (
    LampTable,
    PiConfig,
    PrinterTable,
    ScreenTable,
    VoiceTable,
    WallTable,
)


def make_drivers(config: PiConfig, loop: Loop, post: Post, memory: Memory) -> list[Driver]:
    """The drivers, not started. OSError or ValueError names what is missing or can not be used."""
    kind = config.node.kind
    drivers: list[Driver] = []
    if config.printer is not None:
        drivers.append(_printer(config.printer, loop, post, memory))
    if config.screen is not None:
        drivers.append(_screen(config.screen, config.printer, kind, loop, post))
    if config.button:
        from firmware.drivers.pi.pins import ServiceButtons

        buttons = [(button.pin, button.service) for button in config.button]
        drivers.append(ServiceButtons(loop, post, buttons))
    if config.wall is not None:
        drivers.append(_wall(config.wall, kind, loop))
    if config.voice is not None:
        drivers.append(_voice(config.voice, loop, post))
    if config.lamp is not None:
        drivers.append(_lamp(config.lamp))
    return drivers


def _printer(table: PrinterTable, loop: Loop, post: Post, memory: Memory) -> Driver:
    from firmware.drivers.pi import printer_line
    from firmware.drivers.pi.ticket_printer import TicketDesign, TicketPrinter

    make_device: Callable[[], Any]
    if table.host is not None:
        make_device = partial(printer_line.network, table.host, table.port)
    elif table.serial is not None:
        make_device = partial(printer_line.serial, table.serial, table.baud, table.xonxoff)
    else:
        assert table.usb is not None
        make_device = partial(printer_line.usb, table.usb)
    fonts = None
    if table.font_regular is not None and table.font_bold is not None:
        fonts = (table.font_regular, table.font_bold)
    design = TicketDesign(table.hall_zh, table.hall_en, fonts, table.picture)
    # Eight bits, a start and a stop.
    speed = None if table.serial is None else table.baud // 10
    return TicketPrinter(loop, post, memory, make_device, design, table.completion, speed)


def _screen(
    table: ScreenTable, printer: PrinterTable | None, kind: str, loop: Loop, post: Post
) -> Driver:
    from firmware.drivers.pi.screen_port import ScreenPort

    zh, en = table.hall_zh, table.hall_en
    if printer is not None:
        zh, en = zh or printer.hall_zh, en or printer.hall_en
    return ScreenPort(loop, post, kind, table.port, (zh, en))


def _wall(table: WallTable, kind: str, loop: Loop) -> Driver:
    from firmware.drivers.pi.glyphs import LedFont
    from firmware.drivers.pi.led_wall import LedWall, spi

    interface = spi(table.spi_port, table.spi_device, table.speed_hz)
    return LedWall(loop, interface, kind, LedFont(table.font), table.intensity)


def _voice(table: VoiceTable, loop: Loop, post: Post) -> Driver:
    if table.clips is not None:
        from firmware.drivers.pi.voice_clips import APLAY, Clips, ClipVoice

        return ClipVoice(loop, post, Clips(table.clips), table.player or APLAY)
    from firmware.drivers.pi.voice_chip import ChipVoice

    assert table.serial is not None
    assert table.chip is not None
    return ChipVoice(loop, post, table.serial, table.chip, table.baud, table.lead)


def _lamp(table: LampTable) -> Driver:
    from firmware.drivers.pi.pins import LampPins

    return LampPins(table.pins(), table.active_high)
