"""What a recorder deletes: what was kept long enough, and nothing because of a wrong clock."""

from pathlib import Path

import pytest

from firmware.drivers.pi import camera_retention
from firmware.drivers.pi.camera import LIST, read_list, recover
from firmware.drivers.pi.camera_retention import DAY_MS, HOLD, Retention

# Small enough for a test to write: a day and a night of recording, a batch, a list.
LAG, BATCH, TRIM = 10, 7, 30
NOW_MS = 1_763_860_500_000


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera_retention, "LAG_SEGMENTS", LAG)
    monkeypatch.setattr(camera_retention, "BATCH", BATCH)
    monkeypatch.setattr(camera_retention, "TRIM_LINES", TRIM)


def make_run(folder: Path, name: str, first_end_ms: int, count: int, step_ms: int = 2000) -> Path:
    """A run of `count` whole segments."""
    run = folder / name
    run.mkdir()
    lines = []
    for number in range(count):
        end_ms = first_end_ms + number * step_ms
        (run / f"{number:06d}.ts").write_bytes(b"video")
        lines.append(f"{number:06d}.ts,{end_ms - 2000},{end_ms}\n")
    (run / LIST).write_text("".join(lines), "ascii")
    return run


def make_now(folder: Path) -> Path:
    """A run of today; what is recorded a day and a night ago, as this test counts it, is NOW_MS."""
    return make_run(folder, "z", NOW_MS - 2000 * LAG, 2 * LAG)


def segments(run: Path) -> list[int]:
    return sorted(int(path.stem) for path in run.glob("*.ts"))


def sweep(retention: Retention) -> int:
    """All batches of an hour; how many segments were gone over."""
    total = 0
    while done := retention.look():
        total += done
    return total


def test_what_was_kept_long_enough_goes_and_the_rest_stays(tmp_path: Path) -> None:
    old = make_run(tmp_path, "a", NOW_MS - 31 * DAY_MS, 5)
    border = make_run(tmp_path, "b", NOW_MS - 30 * DAY_MS - 3000, 5)
    young = make_now(tmp_path)
    assert sweep(Retention(tmp_path, 30, lambda: young, lambda: NOW_MS)) == 7
    assert not old.exists()
    assert segments(border) == [2, 3, 4]
    assert segments(young) == list(range(20))


def test_a_look_deletes_no_more_than_a_batch(tmp_path: Path) -> None:
    make_run(tmp_path, "a", NOW_MS - 40 * DAY_MS, 5)
    make_run(tmp_path, "b", NOW_MS - 39 * DAY_MS, 5)
    make_now(tmp_path)
    retention = Retention(tmp_path, 30, lambda: None, lambda: NOW_MS)
    assert [retention.look() for _ in range(3)] == [BATCH, 3, 0]


def test_a_clock_that_jumps_to_next_year_deletes_nothing(tmp_path: Path) -> None:
    before = make_run(tmp_path, "a", NOW_MS - DAY_MS, 50)
    after = make_run(tmp_path, "b", NOW_MS + 365 * DAY_MS, LAG - 1)
    now_ms = NOW_MS + 365 * DAY_MS + 60_000
    assert sweep(Retention(tmp_path, 30, lambda: after, lambda: now_ms)) == 0
    assert segments(before) == list(range(50))


def test_segments_from_a_future_that_was_none_delete_nothing(tmp_path: Path) -> None:
    before = make_run(tmp_path, "a", NOW_MS - DAY_MS, 50)
    make_run(tmp_path, "b", NOW_MS + 365 * DAY_MS, 5 * LAG)
    assert sweep(Retention(tmp_path, 30, lambda: None, lambda: NOW_MS)) == 0
    assert segments(before) == list(range(50))


def test_a_camera_that_records_no_more_loses_nothing_more(tmp_path: Path) -> None:
    last = make_run(tmp_path, "a", NOW_MS - 400 * DAY_MS, 25)
    sweep(Retention(tmp_path, 30, lambda: None, lambda: NOW_MS))
    assert segments(last) == list(range(25))


def test_hold_keeps_a_run_or_everything(tmp_path: Path) -> None:
    held = make_run(tmp_path, "a", NOW_MS - 50 * DAY_MS, 5)
    (held / HOLD).touch()
    old = make_run(tmp_path, "b", NOW_MS - 40 * DAY_MS, 5)
    make_now(tmp_path)
    (tmp_path / HOLD).touch()
    retention = Retention(tmp_path, 30, lambda: None, lambda: NOW_MS)
    assert sweep(retention) == 0
    (tmp_path / HOLD).unlink()
    assert sweep(retention) == 5
    assert segments(held) == list(range(5))
    assert not old.exists()


def test_the_run_that_is_written_keeps_its_folder_and_its_last_line(tmp_path: Path) -> None:
    run = make_run(tmp_path, "a", NOW_MS - 100 * DAY_MS, 35)
    make_now(tmp_path)
    retention = Retention(tmp_path, 30, lambda: run, lambda: NOW_MS)
    sweep(retention)
    assert segments(run) == []
    assert [name for name, _, _ in read_list(run)] == ["000034.ts"]
    (run / "000035.ts").write_bytes(b"video")
    recover(run)
    assert [name for name, _, _ in read_list(run)] == ["000034.ts", "000035.ts"]


def test_lines_of_what_is_gone_go_when_there_are_many(tmp_path: Path) -> None:
    run = make_run(tmp_path, "a", NOW_MS - 30 * DAY_MS - 2000 * 40, 100)
    make_now(tmp_path)
    retention = Retention(tmp_path, 30, lambda: run, lambda: NOW_MS)
    sweep(retention)
    names = [name for name, _, _ in read_list(run)]
    assert names[0] == "000035.ts"  # 40 are due, looked at in batches of 7
    assert segments(run) == list(range(40, 100))
    assert sweep(Retention(tmp_path, 31, lambda: run, lambda: NOW_MS)) == 0
    assert sweep(Retention(tmp_path, 30, lambda: run, lambda: NOW_MS)) == 5


def test_a_power_cut_between_files_and_lines_is_gone_over_again(tmp_path: Path) -> None:
    old = make_run(tmp_path, "a", NOW_MS - 40 * DAY_MS, 6)
    make_now(tmp_path)
    for number in range(3):
        (old / f"{number:06d}.ts").unlink()
    assert sweep(Retention(tmp_path, 30, lambda: None, lambda: NOW_MS)) == 6
    assert not old.exists()


def test_a_list_that_can_not_be_read_is_left_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = make_run(tmp_path, "a", NOW_MS - 40 * DAY_MS, 3)
    (broken / LIST).write_text("000000.ts;1;2\n", "ascii")
    old = make_run(tmp_path, "b", NOW_MS - 40 * DAY_MS, 3)
    make_now(tmp_path)
    assert sweep(Retention(tmp_path, 30, lambda: None, lambda: NOW_MS)) == 3
    assert segments(broken) == [0, 1, 2]
    assert not old.exists()
    assert "can not be read" in caplog.text


def test_a_folder_that_is_not_there_yet_is_no_trouble(tmp_path: Path) -> None:
    assert Retention(tmp_path / "none", 30, lambda: None, lambda: NOW_MS).look() == 0
