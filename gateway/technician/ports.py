"""Which serial port the board is on, and why it cannot be used when it cannot.

Rules: a port that is named is taken; one board is taken without a word; several are asked about;
none, or one that may not be opened, ends with the exact thing to do. Linux.
"""

import grp
import os
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports

# (vendor, product) of the USB adapters on boards: name, module of the kernel.
ADAPTERS = {
    (0x10C4, 0xEA60): ("CP2102", "cp210x"),
    (0x1A86, 0x7523): ("CH340", "ch341"),
    (0x1A86, 0x55D4): ("CH9102", "cdc_acm"),
    (0x0403, 0x6001): ("FT232", "ftdi_sio"),
    (0x303A, 0x1001): ("ESP32 USB", "cdc_acm"),
}


class PortError(Exception):
    """No port to work with; `kind` is none, permission, busy or unknown."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Port:
    """One serial port with a USB adapter behind it."""

    device: str
    description: str
    adapter: tuple[int, int] | None
    serial_number: str = ""

    @property
    def label(self) -> str:
        """What it is, for somebody who has to choose."""
        known = ADAPTERS.get(self.adapter) if self.adapter else None
        words = [self.device, known[0] if known else self.description, self.serial_number]
        return "  ".join(word for word in words if word)


def usb_ports() -> list[Port]:
    """The ports of this computer that a board can be on."""
    found = []
    for each in list_ports.comports():
        if each.vid is not None:
            number = each.serial_number or ""
            found.append(Port(each.device, each.description, (each.vid, each.pid), number))
    return sorted(found, key=lambda port: port.device)


def is_remote(device: str) -> bool:
    """Whether it is on another machine: rfc2217://HOST:PORT, socket://HOST:PORT."""
    return "://" in device


def choose(
    named: str | None,
    ports: Sequence[Port],
    ask: Callable[[Sequence[str]], int] | None,
    usb_devices: Path = Path("/sys/bus/usb/devices"),
) -> str:
    """The device to use. `ask` gives the place of the choice; None when nobody can be asked.

    Raises PortError.
    """
    if named:
        return named
    if len(ports) == 1:
        return ports[0].device
    if not ports:
        raise PortError("none", _nothing_there(usb_devices))
    labels = [port.label for port in ports]
    if ask is None:
        raise PortError(
            "unknown",
            "接了几块板，请用 --port 指定 · several boards: name one with --port: "
            + "; ".join(labels),
        )
    return ports[ask(labels)].device


def check(device: str, processes: Path = Path("/proc")) -> None:
    """Raise PortError when the port is not there, may not be used, or somebody else uses it."""
    if is_remote(device):
        return
    path = Path(device)
    if not path.exists():
        raise PortError(
            "none", f"没有 {device}，请检查数据线 · {device} is not there: is the cable in?"
        )
    if not stat.S_ISCHR(path.stat().st_mode):
        raise PortError("unknown", f"{device} 不是串口 · {device} is no serial port")
    holders = _holders(path, processes)
    if holders:
        names = ", ".join(f"{name} ({pid})" for pid, name in holders)
        raise PortError(
            "busy", f"{device} 正被占用 · {device} is in use by {names}: end that first"
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise PortError("permission", _no_permission(path))


def _no_permission(path: Path) -> str:
    group_id = path.stat().st_gid
    group = grp.getgrgid(group_id).gr_name
    if group_id in os.getgroups() or group == "root":
        return f"没有权限 · not allowed to use {path}; run: sudo chmod a+rw {path}"
    return (
        f"没有权限，请运行下面的命令，注销后再登录 · not allowed to use {path}; run this, then log "
        f"out and in: sudo usermod -aG {group} $USER"
    )


def _holders(path: Path, processes: Path) -> list[tuple[int, str]]:
    """Other processes that have it open, as far as this user may see: (number, name)."""
    target = path.resolve()
    found = []
    for process in processes.iterdir():
        if process.name.isdecimal() and int(process.name) != os.getpid():
            try:
                is_open = any(each.resolve() == target for each in (process / "fd").iterdir())
                if is_open:
                    name = (process / "comm").read_text("utf-8").strip()
                    found.append((int(process.name), name))
            except OSError:
                continue  # it has ended, or belongs to somebody else
    return found


def _nothing_there(usb_devices: Path) -> str:
    adapters = list(_adapters_without_port(usb_devices))
    if adapters:
        name, module = adapters[0]
        return (
            f"看到 {name}，但没有驱动 · a {name} is plugged in but has no driver; run: "
            f"sudo modprobe {module}   (Ubuntu: sudo apt-get remove brltty)"
        )
    return (
        "没有找到板卡：请用能传数据的 USB 线接上（有些线只能充电） · no board found: plug it in "
        "with a USB cable that carries data (some only charge)"
    )


def _adapters_without_port(usb_devices: Path) -> Iterable[tuple[str, str]]:
    if not usb_devices.is_dir():
        return
    for device in sorted(usb_devices.iterdir()):
        try:
            vendor, product = device / "idVendor", device / "idProduct"
            pair = (int(vendor.read_text("ascii"), 16), int(product.read_text("ascii"), 16))
        except (OSError, ValueError):
            continue
        if pair in ADAPTERS:
            yield ADAPTERS[pair]  # a port of it would have been found
