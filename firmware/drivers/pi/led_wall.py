"""An LED wall or window sign of MAX7219 chips on SPI, driven by luma.led_matrix.

("rows", ...) and ("sign", ...) in. Chips upset by noise keep wrong settings for ever, so these are
sent again every REFRESH_MS, and the picture with them. When the node ends the wall goes dark: no
number is better than one that nobody keeps true.
"""

from typing import Any

from PIL import Image

from firmware.drivers.pi.driver import Driver, Event
from firmware.drivers.pi.glyphs import LedFont
from firmware.drivers.pi.loop import Loop, Timer
from firmware.drivers.pi.wall_picture import (
    SIGN_HEIGHT,
    SIGN_WIDTH,
    WALL_HEIGHT,
    WALL_WIDTH,
    sign_frame,
    wall_frame,
)
from firmware.logic import events
from protocols.peripherals import max7219

REFRESH_MS = 10_000
SIZES = {"wall": (WALL_WIDTH, WALL_HEIGHT), "sign": (SIGN_WIDTH, SIGN_HEIGHT)}


def spi(port: int, device: int, speed_hz: int) -> Any:
    """luma's interface to the SPI of a Raspberry Pi; needs spidev, so only there."""
    from luma.core.interface.serial import noop
    from luma.core.interface.serial import spi as luma_spi

    return luma_spi(port=port, device=device, gpio=noop(), bus_speed_hz=speed_hz)


class LedWall(Driver):
    """`interface` is luma's serial interface: anything with `command`, `data` and `cleanup`.

    `intensity` is 0 to 15.
    """

    def __init__(
        self, loop: Loop, interface: Any, kind: str, font: LedFont, intensity: int = 7
    ) -> None:
        from luma.led_matrix.device import max7219 as luma_max7219

        self._loop = loop
        self._font = font
        self._intensity = intensity
        self._size = SIZES[kind]
        width, height = self._size
        self._device = luma_max7219(interface, width=width, height=height, contrast=intensity << 4)
        # Dark at the end of the node, and not by luma's own hook, which also says goodbye.
        self._device.persist = True
        self._frame = bytes(width // 8 * height)
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begin to repair the chips now and then."""
        self._refresh()

    def stop(self) -> None:
        """Dark."""
        if self._timer is not None:
            self._timer.cancel()
        self._show(bytes(len(self._frame)))
        self._device.hide()

    def apply(self, effect: Event) -> None:
        """Show."""
        if effect[0] == events.ROWS:
            _, mode, rows, page, waiting, _ = effect
            assert isinstance(rows, tuple)
            assert isinstance(waiting, int)
            self._show(wall_frame(self._font, str(mode), rows, str(page), waiting))
        elif effect[0] == events.SIGN:
            _, mode, number, _ = effect
            self._show(sign_frame(self._font, str(mode), str(number)))

    def _show(self, frame: bytes) -> None:
        self._frame = frame
        self._device.display(Image.frombytes("1", self._size, frame))

    def _refresh(self) -> None:
        for transfer in max7219.refresh(*self._size, self._intensity):
            self._device.data(list(transfer))
        self._show(self._frame)
        self._timer = self._loop.later(REFRESH_MS, self._refresh)
