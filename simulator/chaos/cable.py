"""A cable that can be pulled: a network namespace and a pair of virtual Ethernet ports. Needs root.

What runs inside reaches the outside by `outside` only. A link that is down is what a pulled cable
is: packets vanish, nobody is told, and every socket has to find out by itself.
"""

import ipaddress
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

# RFC 2544: addresses of test benches, which no real network has; four of them for each cable.
BENCH, CABLES = ipaddress.IPv4Address("198.18.0.0"), 1 << 15
TIMEOUT_S = 30


class NoCableError(Exception):
    """This machine lets nobody make a network; the text says what it said."""


class Cable:
    """`inside`: the words that run a command at its far end; `outside`: our address there."""

    def __init__(self, name: str, outside: str) -> None:
        self._port = f"{name}o"
        self.outside = outside
        self.inside = (_find_ip(), "netns", "exec", name)

    def pull(self) -> None:
        """Out."""
        _ip("link", "set", self._port, "down")

    def plug(self) -> None:
        """In again."""
        _ip("link", "set", self._port, "up")


@contextmanager
def lay_cable() -> Iterator[Cable]:
    """A cable, plugged in. Raises NoCableError."""
    name = f"hk{os.getpid()}"
    first = BENCH + os.getpid() % CABLES * 4
    cable = Cable(name, str(first + 1))
    _ip("netns", "add", name)
    try:
        _ip("link", "add", f"{name}o", "type", "veth", "peer", "name", f"{name}i", "netns", name)
        _ip("address", "add", f"{first + 1}/30", "dev", f"{name}o")
        _ip("-n", name, "address", "add", f"{first + 2}/30", "dev", f"{name}i")
        _ip("-n", name, "link", "set", f"{name}i", "up")
        _ip("-n", name, "link", "set", "lo", "up")
        cable.plug()
        yield cable
    finally:
        _ip("netns", "delete", name)  # and both ports with it


def _find_ip() -> str:
    # Debian keeps it where an ordinary user's PATH does not look.
    binary = shutil.which("ip", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if binary is None:
        raise NoCableError("ip is missing: sudo apt-get install -y iproute2")
    return binary


def _ip(*words: str) -> None:
    done = subprocess.run(  # noqa: S603  # words of our own
        [_find_ip(), *words], capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        raise NoCableError(f"ip {' '.join(words)}: {done.stderr.strip() or done.returncode}")
