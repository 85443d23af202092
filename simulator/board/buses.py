"""Buses read at the pins, as the chips at their other end do: bits in, transactions to the models.

Each watches the lines of `Pins`; the models are those of `simulator.devices`.
"""

from simulator.board.pins import Pins
from simulator.devices.display4 import Display4
from simulator.devices.led_chain import LedChain


class Tm1637Bus:
    """Two open-drain lines of a TM1637: answers each byte, and gives transactions to the model.

    The bus (datasheet): idle high; start is data falling while the clock is high, stop is data
    rising while the clock is high; a bit is read when the clock rises, least significant first;
    after eight the chip pulls data low for one clock. Fault: `answers` False.
    """

    def __init__(self, pins: Pins, clock: int, data: int) -> None:
        self.display = Display4()
        self.transactions = 0
        self.cut_short = 0  # stops within a byte, as a reset of the driver makes them
        self.answers = True
        self._pins, self._clock, self._data = pins, clock, data
        pins.pulled_up |= {clock, data}  # on the module
        self._was = (1, 1)
        self._bytes: bytearray | None = None
        self._bits: list[int] = []
        pins.watchers.append(self._changed)

    def _changed(self, pin: int) -> None:
        if pin not in (self._clock, self._data):
            return
        was, now = self._was, (self._pins.level(self._clock), self._pins.level(self._data))
        self._was = now
        if was[0] == now[0] == 1 and was[1] != now[1]:
            if now[1] == 0:
                self._start()
            elif self._bytes is not None:
                self._stop()
        elif self._bytes is not None and was[0] != now[0]:
            if now[0]:
                self._rise(now[1])
            else:
                self._fall()

    def _start(self) -> None:
        self._bytes, self._bits = bytearray(), []

    def _stop(self) -> None:
        # The stop itself needs a rise of the clock, which looks like one bit more.
        assert self._bytes is not None
        if len(self._bits) <= 1:
            self.transactions += 1
            self.display.transact(bytes(self._bytes))
        else:
            self.cut_short += 1
        self._bytes = None
        self._pins.pulled_low.discard(self._data)

    def _rise(self, data: int) -> None:
        if len(self._bits) < 8:
            self._bits.append(data)
        else:
            self._bits.append(-1)  # the clock of the answer

    def _fall(self) -> None:
        assert self._bytes is not None
        if len(self._bits) == 8:
            self._bytes.append(sum(bit << place for place, bit in enumerate(self._bits)))
            if self.answers:
                self._pins.pulled_low.add(self._data)
        elif len(self._bits) == 9:
            self._pins.pulled_low.discard(self._data)
            self._bits = []
            self._was = (0, self._pins.level(self._data))


class LedBus:
    """A chain of MAX7219 on SPI and a LOAD pin: what was shifted is taken when LOAD rises."""

    def __init__(self, pins: Pins, load: int, width: int, height: int) -> None:
        self.chain = LedChain(width, height)
        self._pins, self._load = pins, load
        self._shifted = bytearray()
        self._was = 1
        pins.watchers.append(self._changed)

    def shift(self, data: bytes) -> None:
        """SPI writes, mode 0, most significant bit first."""
        self._shifted += data

    def _changed(self, pin: int) -> None:
        if pin != self._load:
            return
        level = self._pins.level(pin)
        if level and not self._was:
            self.chain.transfer(bytes(self._shifted))
            self._shifted.clear()
        self._was = level
