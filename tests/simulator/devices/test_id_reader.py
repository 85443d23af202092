"""The ID-card reader model: three steps every time, and each fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.peripherals import idcard_record, sam_idcard
from simulator.devices.id_reader import READ_MS, IdReader, foreigner, resident


def ask(reader: IdReader, request: bytes, now_ms: int) -> list[tuple[object, ...]]:
    reader.write(request, now_ms)
    found: list[tuple[object, ...]] = []
    found += sam_idcard.ReplyParser().feed(reader.read(now_ms + 2 * READ_MS))
    return found


def codes(reader: IdReader, now_ms: int = 0) -> list[object]:
    """The codes of find, select and read, one after the other."""
    found = []
    for place, request in enumerate((sam_idcard.find(), sam_idcard.select(), sam_idcard.read())):
        [reply] = ask(reader, request, now_ms + place * 3000)
        found.append(reply[1] if reply[0] == "reply" else reply[0])
    return found


def test_a_card_is_found_selected_and_read_and_it_is_a_made_up_person() -> None:
    reader = IdReader()
    reader.insert(resident(7), 0)
    assert ask(reader, sam_idcard.find(), 0) == [("reply", 0x9F, bytes(4))]
    assert ask(reader, sam_idcard.select(), 3000) == [("reply", 0x90, bytes(8))]
    [(_, code, data)] = ask(reader, sam_idcard.read(), 6000)
    assert code == 0x90
    assert isinstance(data, bytes)
    card = idcard_record.parse(sam_idcard.text_of(data))
    assert card.number.startswith("99")


@pytest.mark.parametrize("seed", range(30))
def test_every_made_up_card_can_be_read(seed: int) -> None:
    assert idcard_record.parse(resident(seed).record).number.startswith("99")
    assert idcard_record.parse(foreigner(seed).record).nation == "ZZZ"


def test_each_step_needs_the_one_before_every_time_anew() -> None:
    reader = IdReader()
    assert codes(reader) == [0x80, 0x81, 0x41]
    reader.insert(resident(1), 10_000)
    assert codes(reader, 20_000) == [0x9F, 0x90, 0x90]
    [again] = ask(reader, sam_idcard.read(), 30_000)
    assert again[1] == 0x41


def test_a_card_pulled_while_it_is_read_gives_no_half_record() -> None:
    reader = IdReader()
    reader.insert(resident(1), 0)
    ask(reader, sam_idcard.find(), 0)
    ask(reader, sam_idcard.select(), 3000)
    reader.write(sam_idcard.read(), 6000)
    reader.pull(6000 + READ_MS // 2)
    # A card put on again meanwhile does not save it.
    reader.insert(resident(2), 6000 + READ_MS // 2 + 1)
    [reply] = sam_idcard.ReplyParser().feed(reader.read(8000))
    assert reply[1] == 0x41
    assert reader.reads == 0


def test_every_fault_knob_does_what_it_says() -> None:
    reader = IdReader()
    reader.damages = 1
    assert ask(reader, sam_idcard.status(), 0) == [("damaged",)]
    reader.stops_after = 6
    assert ask(reader, sam_idcard.status(), 3000) == []
    damaged = sam_idcard.status()[:-1] + b"\x00"
    assert ask(reader, damaged, 6000) == [("reply", 0x10, b"")]
    assert ask(reader, sam_idcard.request(0x77, 0x77), 9000)[0][1] == 0x21
    reader.insert(resident(1), 12_000)
    reader.trusts_cards = False
    assert codes(reader, 12_000) == [0x9F, 0x90, 0x31]
    reader.mute = True
    assert ask(reader, sam_idcard.status(), 30_000) == []
    reader.mute, reader.slow_percent = False, 1000
    reader.write(sam_idcard.find(), 40_000)
    assert reader.wake_at_ms() == 40_200


@given(st.lists(st.binary(max_size=40) | st.just(sam_idcard.PREAMBLE), max_size=15))
def test_no_bytes_from_a_host_are_too_much(pieces: list[bytes]) -> None:
    reader = IdReader()
    for step, piece in enumerate(pieces):
        reader.write(piece, step * 5)
    reader.read(1_000_000)
