"""The bench still runs and its figures are of what it says; no time is judged here."""

import re
import subprocess
import sys

import pytest

from simulator.bench.figures import number, percentile, table


def test_percentile_is_the_nearest_rank() -> None:
    values = list(range(100, 0, -1))
    assert (percentile(values, 50), percentile(values, 99), percentile(values, 100)) == (
        50,
        99,
        100,
    )
    assert percentile([7], 99) == 7
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 50)


def test_numbers_keep_the_digits_that_count() -> None:
    assert [number(value) for value in (0, 12, 12345.6, 99.94, 4.5678, 0.01234)] == [
        "0",
        "12",
        "12,346",
        "99.9",
        "4.57",
        "0.0123",
    ]


def test_table_puts_numbers_under_each_other() -> None:
    text = table("title", ("what", "µs"), [("one", "1"), ("twelve", "12")])
    assert text.splitlines()[2:] == ["what    µs", "------  --", "one      1", "twelve  12"]


@pytest.mark.slow
def test_quick_bench_measures_every_system_with_no_press_refused() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "simulator.bench", "--quick"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    delays = re.findall(r"^(no responder|echo|gateway), (50|500)/s +(.*)$", ran.stdout, re.M)
    systems = {(system, rate) for system, rate, _ in delays}
    assert len(systems) == 6
    for _, _, cells in delays:
        *_, timed, refused = cells.split()
        assert int(timed) > 0
        assert refused == "0"
    assert re.search(r"^engine, one press, \d+ tickets in line +\d", ran.stdout, re.M)
    assert re.search(r"^virtual day of .* +\d", ran.stdout, re.M)
