"""The auto-reset circuit of an ESP32 board: two transistors between DTR, RTS and EN, IO0. Sans-IO.

RTS alone pulls EN low, DTR alone pulls IO0 low, both together pull nothing (ESP32-DevKitC V4
schematic). EN rising takes the chip out of reset, and IO0 low at that moment starts the loader. A
capacitor holds EN down while both lines are on, for hosts that can not change both at once; here it
holds long, because a network lies between the two changes. The buttons EN and BOOT do the same by
hand; a board without the circuit has the buttons only.
"""

EN_RISE_MS = 1000


class ResetCircuit:
    """`step` says what has become of the chip: "hold", "run" or "loader"."""

    def __init__(self, connected: bool = True) -> None:
        self.boot_button = False
        self._connected = connected
        self._dtr = self._rts = False
        self._en_button = False
        self._low = False  # EN, as the chip sees it
        self._rise_at_ms: int | None = None

    def lines(self, dtr: bool, rts: bool, now_ms: int) -> str | None:
        """The host set its lines."""
        self._dtr, self._rts = dtr and self._connected, rts and self._connected
        return self._look(now_ms)

    def en_button(self, down: bool, now_ms: int) -> str | None:
        """A finger on EN, or off it."""
        self._en_button = down
        return self._look(now_ms)

    def wake_at_ms(self) -> int | None:
        """When `step` is wanted."""
        return self._rise_at_ms

    def step(self, now_ms: int) -> str | None:
        """Time has passed."""
        if self._rise_at_ms is None or now_ms < self._rise_at_ms:
            return None
        return self._rise()

    def _look(self, now_ms: int) -> str | None:
        if self._en_button or (self._rts and not self._dtr):
            self._rise_at_ms = None
            if self._low:
                return None
            self._low = True
            return "hold"
        if not self._low:
            return None
        if self._rts:
            if self._rise_at_ms is None:
                self._rise_at_ms = now_ms + EN_RISE_MS
            return None
        return self._rise()

    def _rise(self) -> str:
        self._low = False
        self._rise_at_ms = None
        io0_low = self.boot_button or (self._dtr and not self._rts)
        return "loader" if io0_low else "run"
