"""The conversation with a voice chip, against the byte-level model, in virtual time."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.drivers.pi.chip_session import SYN6288, XFS5152, ChipSession
from firmware.drivers.pi.voice_chip import call_text
from protocols.ticks import TICKS_MASK, TICKS_PERIOD
from simulator.devices.tts_chip import TtsChip

START_MS = TICKS_PERIOD - 900
TEXT = call_text("A023", "3", again=False)
LENGTH_MS = len(TEXT) * 200
LONG = "。".join([TEXT] * 12)


class Bench:
    """Session, line and chip."""

    def __init__(self, name: str) -> None:
        self.session = ChipSession(name, 9600)
        self.chip = TtsChip(name)
        self.now_ms = 0
        self.events: list[tuple[object, ...]] = []
        self.written: list[int] = []
        self.session.connected()

    def say(self, job: str, text: str = TEXT) -> None:
        self.session.speak(self.ticks(), job, text)
        self._carry()

    def ticks(self) -> int:
        return (START_MS + self.now_ms) & TICKS_MASK

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 5):
            self.now_ms += 5
            self.session.wake(self.ticks())
            self._carry()

    def _carry(self) -> None:
        if frame := self.session.take_output():
            self.written.append(self.now_ms)
            self.chip.write(frame, self.now_ms)
        self.session.receive(self.ticks(), self.chip.read(self.now_ms))
        self.events += self.session.take_events()

    def cut_off(self) -> list[str]:
        return [speech.text for speech in self.chip.heard if speech.cut_off]


@pytest.fixture(params=[SYN6288, XFS5152])
def bench(request: pytest.FixtureRequest) -> Bench:
    return Bench(request.param)


def test_a_call_is_said_and_its_end_is_told(bench: Bench) -> None:
    bench.say("j1")
    bench.run(LENGTH_MS)
    assert bench.events == []
    bench.run(400)
    assert bench.events == [("spoken", "j1")]
    assert [speech.text for speech in bench.chip.heard] == ["请 A 0 2 3 号，到 3 号窗口"]


def test_a_long_text_is_said_piece_after_piece(bench: Bench) -> None:
    bench.say("j1", LONG)
    bench.run(len(LONG) * 200 + 5000)
    assert bench.events == [("spoken", "j1")]
    assert len(bench.chip.heard) > 1
    assert "".join(speech.text for speech in bench.chip.heard) == LONG
    assert bench.cut_off() == []


def test_a_chip_that_still_speaks_is_waited_for(bench: Bench) -> None:
    bench.say("j1")
    bench.run(1000)
    # The node restarted: a new session knows nothing of what the chip is saying.
    bench.session = ChipSession(bench.chip.name, 9600)
    bench.session.connected()
    bench.say("j2")
    bench.run(2 * LENGTH_MS + 2000)
    assert bench.events == [("spoken", "j2")]
    assert bench.cut_off() == []
    assert len(bench.chip.heard) == 2


@pytest.mark.parametrize("knob", ["answers_to_drop", "ends_to_drop", "rejects"])
def test_a_lost_or_refused_word_is_mended_and_nothing_is_said_twice(
    bench: Bench, knob: str
) -> None:
    setattr(bench.chip, knob, 1)
    bench.say("j1")
    bench.run(LENGTH_MS + 6000)
    assert bench.events == [("spoken", "j1")]
    assert len(bench.chip.heard) == 1


def test_a_mute_chip_is_heard_by_people_and_never_counts_as_spoken(bench: Bench) -> None:
    bench.chip.mute = True
    bench.say("j1")
    bench.run(20_000)
    assert bench.events == []
    assert len(bench.chip.heard) == 1
    assert bench.session.wake_at() is None
    bench.chip.mute = False
    bench.say("j2")
    bench.run(LENGTH_MS + 1000)
    assert bench.events == [("spoken", "j2")]


def test_an_unplugged_chip_speaks_nothing_and_the_next_job_is_tried(bench: Bench) -> None:
    bench.chip.unplugged = True
    bench.say("j1")
    bench.run(20_000)
    assert bench.events == []
    bench.chip.unplugged = False
    bench.say("j2")
    bench.run(LENGTH_MS + 1000)
    assert bench.events == [("spoken", "j2")]


def test_a_chip_that_lost_its_power_is_not_told_to_say_it_again(bench: Bench) -> None:
    bench.say("j1")
    bench.run(1000)
    bench.chip.power_cut(bench.now_ms)
    bench.run(20_000)
    assert bench.events == []
    assert len(bench.chip.heard) == 1


def test_a_chip_that_refuses_again_and_again_is_left_alone(bench: Bench) -> None:
    bench.chip.rejects = 100
    bench.say("j1")
    bench.run(20_000)
    assert bench.events == []
    assert bench.chip.heard == []
    assert bench.session.wake_at() is None


def test_frames_lie_apart_as_the_data_sheet_asks() -> None:
    bench = Bench(SYN6288)
    bench.say("j1")
    bench.run(LENGTH_MS + 3000)
    # A question of five bytes takes 6 ms on the line, and 9 ms must pass after it.
    assert bench.written[1] - bench.written[0] >= 15


def test_a_job_given_without_a_line_is_dropped(bench: Bench) -> None:
    bench.session.disconnected()
    bench.say("j1")
    bench.run(2000)
    assert bench.chip.heard == []
    assert bench.session.wake_at() is None


Fault = st.tuples(
    st.sampled_from(["answers_to_drop", "ends_to_drop", "rejects"]), st.integers(0, 3)
)


@settings(max_examples=40, deadline=None)
@given(st.lists(Fault, max_size=3), st.lists(st.integers(50, 9000), min_size=1, max_size=4))
def test_whatever_is_lost_no_announcement_cuts_another_off(
    faults: list[tuple[str, int]], waits_ms: list[int]
) -> None:
    bench = Bench(SYN6288)
    for knob, count in faults:
        setattr(bench.chip, knob, count)
    say: Callable[[str], None] = bench.say
    for place, wait_ms in enumerate(waits_ms):
        say(f"j{place}")
        bench.run(wait_ms)
    bench.run(30_000)
    assert bench.cut_off() == []
    spoken = [event[1] for event in bench.events]
    assert len(spoken) == len(set(spoken)) <= len(bench.chip.heard)


@pytest.mark.parametrize(
    ("number", "window", "again", "text"),
    [
        ("A023", "3", False, "请 A 0 2 3 号，到 3 号窗口"),
        ("B001", "12", True, "重复呼叫，请 B 0 0 1 号，到 12 号窗口"),
        ("A1", "A12", False, "请 A 1 号，到 A 1 2 号窗口"),
    ],
)
def test_numbers_are_read_one_by_one_and_windows_as_numbers(
    number: str, window: str, again: bool, text: str
) -> None:
    assert call_text(number, window, again) == text


def test_a_chip_of_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="syn6288"):
        ChipSession("syn", 9600)
