"""How strongly a Raspberry Pi hears its access point, from /proc/net/wireless (Linux, proc(5)).

Two lines of heading, then one for each interface: `wlan0: 0000   54.  -56.  -256 ...`, the third
column is the level in dBm. A Pi on a cable has no line.
"""

from pathlib import Path

TABLE = Path("/proc/net/wireless")
INTERFACE = "wlan0:"
LOWEST_DBM, HIGHEST_DBM = -127, 0


def signal_dbm(table: str) -> int | None:
    """The level in the text of the table; None when wlan0 is not in it, or not joined."""
    for line in table.splitlines():
        words = line.split()
        if words[:1] == [INTERFACE] and len(words) > 3:
            level = int(float(words[3]))
            return level if LOWEST_DBM <= level < HIGHEST_DBM else None
    return None


def read_signal_dbm(path: Path = TABLE) -> int | None:
    """The level now; None as well where the kernel has no such table."""
    return signal_dbm(path.read_text("ascii")) if path.exists() else None
