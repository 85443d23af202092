"""What a Pi keeps: whole values or none, at whatever write the power goes."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from firmware.shell import store_pi
from firmware.shell.store_pi import BOOT_MAX, PiStore


class PowerCut(Exception):  # noqa: N818  # not an error of the store
    """The power is gone."""


def first(_: int) -> int:
    return 41


def test_values_and_the_boot_counter_are_kept(tmp_path: Path) -> None:
    store = PiStore(tmp_path / "new" / "folder")
    assert store.start(first) == 42
    store.put("outbox", b"one")
    store.put("outbox", b"two\x00")
    again = PiStore(tmp_path / "new" / "folder")
    assert again.start(first) == 43
    assert again.values() == {"outbox": b"two\x00"}
    assert again.get("nothing") == b""


def test_a_card_that_was_replaced_does_not_count_from_one(tmp_path: Path) -> None:
    asked: list[int] = []

    def chance(limit: int) -> int:
        asked.append(limit)
        return limit - 1

    assert PiStore(tmp_path).start(chance) <= BOOT_MAX
    assert asked[0] >= 1 << 20


def test_the_boot_counter_begins_again_after_its_largest(tmp_path: Path) -> None:
    store = PiStore(tmp_path)
    store.put("boot", str(BOOT_MAX).encode())
    assert store.start(first) == 1


@pytest.mark.parametrize("place", range(6))
def test_a_power_cut_at_any_step_leaves_the_old_value_or_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int
) -> None:
    """Cut before each call that touches the disk; what was not synced may be torn."""
    store = PiStore(tmp_path)
    store.put("jobs", b"old value")
    steps: list[str] = []

    def cut(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **options: object) -> object:
            if len(steps) == place:
                for partial in tmp_path.glob("*.part"):
                    os.truncate(partial, min(partial.stat().st_size, place * 3))
                raise PowerCut(name)
            steps.append(name)
            return real(*arguments, **options)

        return step

    with monkeypatch.context() as patched:
        patched.setattr(store_pi.os, "fsync", cut("fsync", os.fsync))
        patched.setattr(Path, "open", cut("open", Path.open))
        patched.setattr(Path, "replace", cut("replace", Path.replace))
        done = True
        try:
            store.put("jobs", b"new value")
        except PowerCut:
            done = False
    again = PiStore(tmp_path)
    kept = again.values()["jobs"]
    if done:
        assert steps == ["open", "fsync", "replace", "fsync"]
    assert kept == b"new value" if done else kept in (b"old value", b"new value")
    again.put("jobs", b"newer")
    assert PiStore(tmp_path).values() == {"jobs": b"newer"}


def test_a_damaged_file_is_put_aside_and_the_rest_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = PiStore(tmp_path)
    store.put("jobs", b"value")
    store.put("printer", b"7 ")
    path = tmp_path / "jobs.value"
    path.write_bytes(path.read_bytes()[:-1] + b"X")
    again = PiStore(tmp_path)
    assert again.values() == {"printer": b"7 "}
    assert "damaged" in caplog.text
    assert (tmp_path / "jobs.bad").exists()


def test_a_name_that_could_leave_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="small letters"):
        PiStore(tmp_path).put("../boot", b"")
