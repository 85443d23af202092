"""What is around a board's network interface: a Wi-Fi cell or a cable, there or not.

Joining takes `join_ms`, each time anew. The chip joins again by itself when the network is back.
"""

from collections.abc import Callable

JOIN_MS = 100
SSID, PASSWORD = "hall", "secret"
RSSI_DBM = -54


class Air:
    """The interface of one board; `now_ms` is its steady time."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self.join_ms = JOIN_MS
        self.ssid, self.password = SSID, PASSWORD
        self.rssi_dbm = RSSI_DBM
        self.hostname = ""
        self._now_ms = now_ms
        self._there = True
        self._active = False
        self._credentials: tuple[str, str] | None = None  # None for a cable
        self._wants = False
        self._joined_at_ms = 0

    @property
    def there(self) -> bool:
        """Whether the cell is on the air, or the cable in."""
        return self._there

    def switch(self, there: bool) -> None:
        """The access point fails, or somebody pulls the cable; and back."""
        if there and not self._there:
            self._begin()
        self._there = there

    def activate(self, on: bool, wired: bool) -> None:
        """The chip switches its interface on or off; a cable needs no more to join."""
        if on and not self._active:
            self._wants = wired
            self._begin()
        self._active = on
        if not on:
            self._wants = False

    def connect(self, ssid: str, password: str) -> None:
        """The station is to join this cell from now on."""
        self._credentials = (ssid, password)
        self._wants = True
        self._begin()

    def disconnect(self) -> None:
        """Leave it."""
        self._wants = False

    def is_up(self) -> bool:
        """Whether it has joined and has an address."""
        knows = self._credentials in (None, (self.ssid, self.password))
        ready = self._active and self._wants and self._there and knows
        return ready and self._now_ms() >= self._joined_at_ms

    def reset(self) -> None:
        """The chip came out of reset: the interface is off."""
        self._active = self._wants = False
        self._credentials = None

    def _begin(self) -> None:
        self._joined_at_ms = self._now_ms() + self.join_ms
