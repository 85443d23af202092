"""What an ESP32 keeps survives a cut of power at any write, torn or lost."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.shell.flash import Flash
from firmware.shell.slots import decode_slot, encode_slot, newest
from firmware.shell.store import BOOT_MAX, Store


class PowerCutError(Exception):
    """The supply is gone in the middle of a write."""


class ModelFlash:
    """Files whose write is three steps (emptied, partly there, durable); one step can be the last.

    `how` is what a cut leaves of the file that was being written: nothing, a torn beginning, a torn
    beginning with noise after it, the old contents (the write was lost), or no file at all.
    """

    HOWS = ("empty", "torn", "noise", "lost", "gone")

    def __init__(self, seed: int = 0) -> None:
        self.files: dict[str, bytes] = {}
        self.steps = 0
        self.cut_at = -1
        self.how = "torn"
        self._rng = random.Random(seed)

    def names(self) -> list[str]:
        return sorted(self.files)

    def read(self, name: str) -> bytes | None:
        return self.files.get(name)

    def write(self, name: str, data: bytes) -> None:
        old = self.files.get(name)
        for _ in range(3):
            self.steps += 1
            if self.steps == self.cut_at:
                self._break(name, old, data)
                raise PowerCutError
        self.files[name] = data

    def _break(self, name: str, old: bytes | None, data: bytes) -> None:
        part = data[: self._rng.randrange(len(data))]
        left = {
            "empty": b"",
            "torn": part,
            "noise": part + self._rng.randbytes(len(data) - len(part)),
            "lost": old,
            "gone": None,
        }[self.how]
        self.files.pop(name, None)
        if left is not None:
            self.files[name] = left


def a_day(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Values as a node stores them."""
    for _ in range(8):
        yield rng.choice(("outbox", "visit", "jobs")), rng.randbytes(rng.randrange(40))


def chance(limit: int) -> int:
    return limit // 3


@pytest.mark.parametrize("how", ModelFlash.HOWS)
def test_a_cut_at_any_step_leaves_the_old_value_or_the_new_one(how: str) -> None:
    cases = 0
    for seed in range(6):
        cut_at = 0
        while True:
            cut_at += 1
            flash = ModelFlash(seed)
            flash.how, flash.cut_at = how, cut_at
            rng = random.Random(seed)
            kept: dict[str, bytes] = {}
            boots = [0]
            trying: tuple[str, bytes] | None = None
            try:
                for _ in range(2):
                    store = Store(flash)
                    boots.append(store.count_boot(1, chance))
                    for key, value in a_day(rng):
                        trying = (key, value)
                        store.put(key, value)
                        kept[key] = value
                        trying = None
            except PowerCutError:
                flash.cut_at = -1
            else:
                break
            cases += 1
            store = Store(flash)
            found = {key: value for key, value in store.kept().items() if value}
            allowed = [{k: v for k, v in kept.items() if v}]
            if trying is not None:
                after = {**kept, trying[0]: trying[1]}
                allowed.append({k: v for k, v in after.items() if v})
            assert found in allowed, (seed, cut_at)
            assert store.damaged == []
            assert store.count_boot(1, chance) > max(boots), "a boot number was used twice"
    assert cases > 250


def test_one_slot_alone_would_not_do() -> None:
    # The model can fail: written in place, a torn write loses both.
    flash = ModelFlash()
    flash.write("visit", encode_slot(1, b"one"))
    flash.cut_at = flash.steps + 2
    with pytest.raises(PowerCutError):
        flash.write("visit", encode_slot(2, b"two"))
    assert decode_slot(flash.read("visit")) is None


@pytest.mark.parametrize("place", range(len(encode_slot(7, b"value"))))
def test_a_slot_with_any_bit_turned_is_not_believed(place: int) -> None:
    data = bytearray(encode_slot(7, b"value"))
    for bit in range(8):
        data[place] ^= 1 << bit
        assert decode_slot(bytes(data)) is None
        data[place] ^= 1 << bit
    assert decode_slot(bytes(data)) == (7, b"value")


def test_the_whole_slot_with_the_higher_sequence_counts() -> None:
    old, new = encode_slot(8, b"old"), encode_slot(9, b"new")
    assert newest([old, new]) == (1, 9, b"new")
    assert newest([new, old]) == (0, 9, b"new")
    assert newest([old, new[:-1]]) == (0, 8, b"old")
    assert newest([None, b""]) is None


def test_the_same_value_is_not_written_again() -> None:
    flash = ModelFlash()
    store = Store(flash)
    store.put("visit", b"v1")
    steps = flash.steps
    store.put("visit", b"v1")
    assert flash.steps == steps


def test_boots_are_counted_and_never_fall_below_the_floor() -> None:
    flash = ModelFlash()
    assert [Store(flash).count_boot(1, chance) for _ in range(3)] == [1, 2, 3]
    assert Store(flash).count_boot(1_795_393_800, chance) == 1_795_393_800
    assert Store(flash).count_boot(1, chance) == 1_795_393_801


def test_a_count_that_cannot_be_read_goes_on_far_ahead() -> None:
    flash = ModelFlash()
    for _ in range(2):
        Store(flash).count_boot(1, chance)
    flash.files["boot.0"] = flash.files["boot.1"] = b"worn"
    store = Store(flash)
    assert store.damaged == ["boot"]
    assert 1 << 29 <= store.count_boot(1, chance) < BOOT_MAX


def test_a_value_that_cannot_be_read_is_named_and_may_be_written_anew() -> None:
    flash = ModelFlash()
    flash.files.update({"visit.0": b"worn", "visit.1": b""})
    store = Store(flash)
    assert (store.damaged, store.kept()) == (["visit"], {})
    store.put("visit", b"v2")
    assert Store(flash).kept() == {"visit": b"v2"}


def test_a_key_that_is_no_file_name_is_refused() -> None:
    with pytest.raises(ValueError, match=r"key '\.\./x': use a-z"):
        Store(ModelFlash()).put("../x", b"")


def test_values_are_there_after_a_restart_on_real_files(tmp_path: Path) -> None:
    folder = str(tmp_path / "store")
    Store(Flash(folder)).put("visit", b"v1")
    store = Store(Flash(folder))
    store.put("visit", b"v2")
    assert store.count_boot(1, chance) == 1
    assert Store(Flash(folder)).kept() == {"visit": b"v2"}


def test_a_flash_that_reads_back_otherwise_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.shell.flash.read_file", lambda path: b"other")
    with pytest.raises(OSError, match="the flash is worn: replace the board"):
        Flash(str(tmp_path)).write("visit.0", b"v1")
