"""MicroPython's `network` of an ESP32, as far as the firmware uses it: runs in the VM only."""

import struct

from hardware import call

PHY_LAN8720 = 1


class _Interface:
    _wired = 0

    def active(self, on: bool) -> None:
        """Switch it on or off."""
        call("net.active", bytes((1 if on else 0, self._wired)))

    def isconnected(self) -> bool:
        """Whether it has joined and has an address."""
        return bool(call("net.up"))


class WLAN(_Interface):
    """The station."""

    IF_STA = 0
    PM_NONE = 0

    def __init__(self, interface: int = 0) -> None:
        pass

    def config(self, *, pm: int) -> None:
        """Power saving makes no difference here."""

    def connect(self, ssid: str, password: str) -> None:
        """Join; does not wait."""
        call("net.connect", (ssid + "\0" + password).encode())

    def disconnect(self) -> None:
        """Leave."""
        call("net.disconnect")

    def status(self, what: str) -> int:
        """The strength of the signal in dBm."""
        if what != "rssi":
            raise ValueError("unknown status param")
        return struct.unpack("<b", call("net.rssi"))[0]


class LAN(_Interface):
    """Ethernet over a PHY beside the chip."""

    _wired = 1

    def __init__(
        self, *, mdc, mdio, ref_clk, ref_clk_mode: int, power, phy_type: int, phy_addr: int
    ) -> None:
        if phy_type != PHY_LAN8720:
            raise ValueError("invalid phy type")


def hostname(name: str) -> None:
    """The name told to the network."""
    call("net.hostname", name.encode())
