"""The voice chip model: answers, length, being cut off, and what each fault does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.peripherals import syn6288, tts, xfs5152
from simulator.devices.tts_chip import SYN6288, XFS5152, TtsChip

TEXT = "请A023号到3号窗口"
SPEAK = syn6288.speak(TEXT.encode("gb2312"), syn6288.GB2312)
LENGTH_MS = len(TEXT) * 200


def words(chip: TtsChip, now_ms: int) -> list[str]:
    return tts.ReplyParser().feed(chip.read(now_ms))


def test_a_text_is_accepted_spoken_and_ended_by_idle() -> None:
    chip = TtsChip()
    chip.write(SPEAK, 100)
    assert words(chip, 100) == ["accepted"]
    assert chip.wake_at_ms() == 100 + LENGTH_MS
    chip.write(syn6288.status(), 200)
    assert words(chip, 200) == ["busy"]
    assert words(chip, 100 + LENGTH_MS - 1) == []
    assert words(chip, 100 + LENGTH_MS) == ["idle"]
    chip.write(syn6288.status(), 9000)
    assert words(chip, 9000) == ["idle"]
    assert [(each.text, each.cut_off) for each in chip.heard] == [(TEXT, False)]


def test_a_new_text_cuts_off_the_one_being_spoken() -> None:
    chip = TtsChip()
    chip.write(SPEAK, 0)
    chip.write(SPEAK, 500)
    assert [(each.cut_off, each.end_ms) for each in chip.heard] == [
        (True, 500),
        (False, 500 + LENGTH_MS),
    ]
    assert words(chip, 9000) == ["accepted", "accepted", "idle"]


def test_pause_and_resume_say_all_of_it_and_stop_does_not() -> None:
    chip = TtsChip()
    chip.write(SPEAK, 0)
    chip.write(syn6288.pause(), 100)
    assert chip.wake_at_ms() is None
    chip.write(syn6288.resume(), 5000)
    assert chip.wake_at_ms() == 5000 + LENGTH_MS - 100
    chip.write(syn6288.stop(), 5100)
    assert not chip.busy
    assert chip.heard[0].cut_off


def test_a_damaged_frame_is_rejected_and_the_next_one_is_spoken() -> None:
    chip = TtsChip()
    chip.write(SPEAK[:-1] + b"\x00", 0)
    assert words(chip, 0) == ["rejected"]
    chip.write(SPEAK, 50)
    assert words(chip, 50) == ["accepted"]


def test_a_frame_that_comes_too_slowly_is_dropped() -> None:
    chip = TtsChip()
    chip.write(SPEAK[:5], 0)
    chip.write(SPEAK[5:], 9)
    assert chip.heard == []
    assert chip.noise > 0
    slow = TtsChip()
    slow.write(SPEAK[:5], 0)
    slow.write(SPEAK[5:], 8)
    assert len(slow.heard) == 1


def test_xfs5152_has_no_checksum_to_wait_for() -> None:
    chip = TtsChip(XFS5152)
    chip.write(xfs5152.speak(TEXT.encode("gbk"), xfs5152.GBK), 0)
    assert words(chip, LENGTH_MS) == ["accepted", "idle"]
    assert chip.heard[0].text == TEXT


def test_every_fault_knob_takes_away_what_it_says() -> None:
    chip = TtsChip()
    chip.answers_to_drop = chip.ends_to_drop = 1
    chip.write(SPEAK, 0)
    assert words(chip, LENGTH_MS) == []
    assert not chip.heard[0].cut_off
    chip.rejects = 1
    chip.write(SPEAK, 5000)
    assert words(chip, 5000) == ["rejected"]
    chip.mute = True
    chip.write(SPEAK, 6000)
    assert words(chip, 10_000) == []
    assert len(chip.heard) == 2
    chip.mute, chip.unplugged = False, True
    chip.write(SPEAK, 11_000)
    assert len(chip.heard) == 2
    chip.unplugged, chip.slow_percent = False, 50
    chip.write(SPEAK, 12_000)
    assert chip.wake_at_ms() == 12_000 + LENGTH_MS // 2


def test_marks_in_a_text_take_no_time_and_music_is_kept() -> None:
    chip = TtsChip()
    chip.write(syn6288.speak(b"[v10][n1]A1", syn6288.GBK, music=3), 0)
    assert (chip.wake_at_ms(), chip.heard[0].music) == (400, 3)


def test_after_a_power_cut_it_says_that_it_woke_up() -> None:
    chip = TtsChip()
    chip.write(SPEAK, 0)
    chip.read(0)
    chip.power_cut(100)
    assert words(chip, 9000) == ["initialised"]
    assert chip.heard[0].cut_off


def test_a_chip_of_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="syn6288"):
        TtsChip("syn")


@given(st.sampled_from([SYN6288, XFS5152]), st.lists(st.binary(max_size=40), max_size=20))
def test_no_bytes_from_a_host_are_too_much(name: str, pieces: list[bytes]) -> None:
    chip = TtsChip(name)
    for step, piece in enumerate(pieces):
        chip.write(piece, step * 5)
    chip.read(1_000_000)
    assert not chip.busy
