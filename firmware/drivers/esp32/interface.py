"""The way into the network: Wi-Fi or Ethernet, of one shape. MicroPython subset.

When to start it anew is not decided here but in firmware.shell.care.
"""

from firmware.drivers.esp32 import hal


class Wifi:
    """A station of one network. The chip joins again by itself when the signal comes back."""

    def __init__(self, name: str, ssid: str, password: str) -> None:
        self._ssid = ssid
        self._password = password
        hal.name_host(name)
        self._wlan = hal.wlan()

    def start(self) -> None:
        """Begin to join; does not wait."""
        self._wlan.active(True)
        # Saving power would keep a press waiting for the next beacon, 100 ms and more.
        self._wlan.config(pm=self._wlan.PM_NONE)
        self._wlan.connect(self._ssid, self._password)

    def is_up(self) -> bool:
        """Whether it has joined and has an address."""
        return bool(self._wlan.isconnected())

    def signal_dbm(self) -> int | None:
        """How strongly the access point is heard."""
        try:
            signal_dbm: int = self._wlan.status("rssi")
        except OSError:
            return None  # not joined, perhaps just now
        return min(0, max(-127, signal_dbm))

    def restart(self) -> None:
        """Switch the radio off and on and join anew."""
        self._wlan.disconnect()
        self._wlan.active(False)
        self.start()


class Ethernet:
    """A LAN8720; `pins` is the "network" of board.json."""

    def __init__(self, name: str, pins: dict) -> None:
        hal.name_host(name)
        self._lan = hal.lan(
            pins["mdc"],
            pins["mdio"],
            pins["clock"],
            pins["clock_direction"] == "in",
            pins["power"],
            pins["phy_address"],
        )

    def start(self) -> None:
        """Switch it on; does not wait."""
        self._lan.active(True)

    def is_up(self) -> bool:
        """Whether the cable is in and it has an address."""
        return bool(self._lan.isconnected())

    def signal_dbm(self) -> int | None:
        """It has no radio."""
        return None

    def restart(self) -> None:
        """Off and on; the PHY negotiates anew."""
        self._lan.active(False)
        self._lan.active(True)
