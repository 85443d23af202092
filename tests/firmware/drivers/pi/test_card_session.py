"""The conversation with an ID-card reader, against the byte-level model, in virtual time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.drivers.pi.card_session import AWAY_MS, CardSession
from protocols.peripherals.idcard_record import IdCard
from simulator.devices.id_reader import IdReader, foreigner, resident


class Bench:
    """Session, line and reader."""

    def __init__(self) -> None:
        self.session = CardSession()
        self.reader = IdReader()
        self.now_ms = 0
        self.events: list[tuple[object, ...]] = []
        self.session.connected(0)

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms // 5):
            self.now_ms += 5
            self.session.wake(self.now_ms)
            if request := self.session.take_output():
                self.reader.write(request, self.now_ms)
            self.session.receive(self.now_ms, self.reader.read(self.now_ms))
            self.events += self.session.take_events()

    def cards(self) -> list[IdCard]:
        return [event[1] for event in self.events if isinstance(event[1], IdCard)]

    def faults(self) -> list[object]:
        return [event[1] for event in self.events if event[0] == "card_fault"]


@pytest.fixture
def bench() -> Bench:
    made = Bench()
    made.run(500)
    assert made.events == [("reader", True)]
    return made


def test_a_card_is_told_once_while_it_lies_there(bench: Bench) -> None:
    bench.reader.insert(resident(5, name="测试甲"), bench.now_ms)
    bench.run(8000)
    assert [card.name for card in bench.cards()] == ["测试甲"]
    assert bench.reader.reads > 1


def test_the_same_card_put_on_again_later_is_told_again(bench: Bench) -> None:
    for _ in range(2):
        bench.reader.insert(resident(5), bench.now_ms)
        bench.run(2000)
        bench.reader.pull(bench.now_ms)
        bench.run(AWAY_MS + 1500)
    assert len(bench.cards()) == 2


def test_both_confirmed_layouts_are_read_and_the_other_is_refused_with_words(bench: Bench) -> None:
    bench.reader.insert(foreigner(3), bench.now_ms)
    bench.run(2000)
    assert [card.layout for card in bench.cards()] == ["foreigner_2017"]
    bench.reader.insert(foreigner(3, kind="J"), bench.now_ms)
    bench.run(5000)
    assert len(bench.cards()) == 1
    [fault] = bench.faults()
    assert "not confirmed" in str(fault)


def test_a_card_pulled_while_it_is_read_is_a_fault_and_no_card(bench: Bench) -> None:
    bench.reader.insert(resident(1), bench.now_ms)
    while bench.reader.wake_at_ms() is None or not bench.reader._selected:
        bench.run(5)
    bench.reader.pull(bench.now_ms)
    bench.run(2000)
    assert bench.cards() == []
    assert bench.faults() == ["reading failed: hold the card still"]
    bench.reader.insert(resident(1), bench.now_ms)
    bench.run(2000)
    assert len(bench.cards()) == 1


def test_damaged_replies_are_asked_again(bench: Bench) -> None:
    bench.reader.damages = 2
    bench.reader.insert(resident(1), bench.now_ms)
    bench.run(6000)
    assert len(bench.cards()) == 1
    assert bench.faults() == []


def test_a_mute_reader_is_told_and_comes_back(bench: Bench) -> None:
    bench.reader.mute = True
    bench.run(2000)
    bench.reader.mute = False
    bench.reader.insert(resident(1), bench.now_ms)
    bench.run(4000)
    heard = [event[1] for event in bench.events if event[0] == "reader"]
    assert heard == [True, False, True]
    assert len(bench.cards()) == 1


def test_a_reply_cut_short_is_forgotten(bench: Bench) -> None:
    bench.reader.stops_after = 9
    bench.run(1500)
    bench.reader.insert(resident(1), bench.now_ms)
    bench.run(4000)
    assert len(bench.cards()) == 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["in", "out", "damage", "stop"]), st.integers(1, 2000))))
def test_whatever_hands_do_only_whole_people_are_told(steps: list[tuple[str, int]]) -> None:
    bench = Bench()
    for act, wait_ms in steps[:12]:
        if act == "in":
            bench.reader.insert(resident(wait_ms), bench.now_ms)
        elif act == "out":
            bench.reader.pull(bench.now_ms)
        elif act == "damage":
            bench.reader.damages = 1
        else:
            bench.reader.stops_after = wait_ms
        bench.run(wait_ms)
    assert all(card.number.startswith("99") for card in bench.cards())
