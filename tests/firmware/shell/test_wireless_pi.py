"""The signal of a Pi, as the kernel's table has it."""

from pathlib import Path

import pytest

from firmware.shell.wireless_pi import read_signal_dbm, signal_dbm

HEAD = """\
Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
"""


@pytest.mark.parametrize(
    ("lines", "level"),
    [
        ("", None),
        (" wlan0: 0000   54.  -56.  -256        0      0      0      0     53        0\n", -56),
        (" wlan1: 0000   54.  -56.  -256        0      0      0      0     53        0\n", None),
        (" wlan0: 0000    0.  -256.  -256        0      0      0      0      0        0\n", None),
        (" wlan0: 0000\n", None),
    ],
)
def test_the_level_of_wlan0_is_read_and_nothing_else(lines: str, level: int | None) -> None:
    assert signal_dbm(HEAD + lines) == level


def test_a_kernel_without_radio_has_no_table(tmp_path: Path) -> None:
    assert read_signal_dbm(tmp_path / "wireless") is None
    (tmp_path / "wireless").write_text(HEAD + " wlan0: 0000   54.  -71.  -256   0 0 0 0 0 0\n")
    assert read_signal_dbm(tmp_path / "wireless") == -71
