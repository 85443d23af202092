"""Records of ID cards: the two confirmed layouts are read, all else is refused. Made-up people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.peripherals import idcard_record as records

# Region 99 does not exist, so these are nobody's numbers.
NUMBER = "99010119800229001" + records.check_character("99010119800229001")
RESIDENT = {
    "name": "测试甲",
    "sex": "1",
    "nation": "01",
    "birth": "19800229",
    "address": "虚构省样例市测试路1号",
    "number": NUMBER,
    "issuer": "样例市公安局",
    "valid_from": "20200101",
    "valid_to": "长期",
}
FOREIGNER = {
    "name_en": "SAMPLE, TESTINE",
    "sex": "2",
    "number": "ZZZ990190010101",
    "nation": "ZZZ",
    "name": "样例",
    "valid_from": "20180101",
    "valid_to": "20280101",
    "birth": "19900101",
    "version": "01",
    "issuer": "1500",
    "kind": "I",
}


def packed(layout: tuple[tuple[str, int], ...], values: dict[str, str]) -> bytes:
    return b"".join(_padded(values.get(name, ""), width) for name, width in layout)


def _padded(text: str, width: int) -> bytes:
    data = text.encode("utf-16-le")
    assert len(data) <= width
    return data + b"\x20\x00" * ((width - len(data)) // 2)


def resident(**changes: str) -> bytes:
    return packed(records.RESIDENT_FIELDS, RESIDENT | changes)


def foreigner(**changes: str) -> bytes:
    return packed(records.FOREIGNER_2017_FIELDS, FOREIGNER | changes)


@pytest.mark.parametrize(
    "layout", [records.RESIDENT_FIELDS, records.FOREIGNER_2017_FIELDS], ids=["resident", "I"]
)
def test_the_widths_of_a_layout_fill_the_record(layout: tuple[tuple[str, int], ...]) -> None:
    assert sum(width for _, width in layout) == 256


def test_a_residents_card_is_read() -> None:
    card = records.parse(resident())
    assert card.layout == records.RESIDENT
    assert {name: getattr(card, name) for name in RESIDENT} == RESIDENT


def test_a_foreigners_card_of_2017_is_read() -> None:
    card = records.parse(foreigner())
    assert card.layout == records.FOREIGNER_2017
    wanted = {name: value for name, value in FOREIGNER.items() if name not in ("version", "kind")}
    assert {name: getattr(card, name) for name in wanted} == wanted


def test_a_rare_character_outside_the_basic_plane_is_kept() -> None:
    assert records.parse(resident(name="王𬭎")).name == "王𬭎"


@pytest.mark.parametrize(
    ("kind", "said"), [("J", "not confirmed"), ("Y", "not known"), ("Z", "not known")]
)
def test_a_layout_that_is_not_confirmed_is_refused_not_guessed(kind: str, said: str) -> None:
    with pytest.raises(records.RecordError, match=said):
        records.parse(foreigner(kind=kind))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"sex": "3"}, "sex"),
        ({"birth": "19801301"}, "birth"),
        ({"birth": "19800228"}, "birth"),
        ({"valid_from": "2020010"}, "valid_from"),
        ({"valid_from": "长期"}, "valid_from"),
        ({"number": NUMBER[:17] + ("0" if NUMBER[17] != "0" else "1")}, "number"),
        ({"number": NUMBER[:15]}, "number"),
    ],
)
def test_a_field_that_can_not_be_is_named_and_its_value_is_not(
    changes: dict[str, str], field: str
) -> None:
    with pytest.raises(records.RecordError, match=f"^{field}: ") as caught:
        records.parse(resident(**changes))
    assert NUMBER[6:14] not in str(caught.value)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(records.RecordError, match=r"^name: half a character"):
        records.parse(b"\x00\xd8" + resident()[2:])
    with pytest.raises(records.RecordError, match=r"^name: no text"):
        records.parse(b"\x00\xdc" + resident()[2:])


def test_a_card_never_shows_name_or_number_in_a_log() -> None:
    text = repr(records.parse(resident()))
    assert RESIDENT["name"] not in text
    assert NUMBER not in text
    assert "测**" in text
    assert NUMBER[-4:] in text


def test_the_check_character_is_that_of_the_standard() -> None:
    # The worked example of GB 11643.
    assert records.check_character("11010519491231002") == "X"


@given(st.binary(min_size=256, max_size=256) | st.binary(max_size=300))
def test_any_record_is_read_or_refused_and_never_crashes(record: bytes) -> None:
    with pytest.raises(records.RecordError):
        records.parse(record)


@given(st.integers(0, 255), st.integers(0, 255))
def test_a_record_with_one_wrong_byte_is_read_or_refused(at: int, byte: int) -> None:
    record = bytearray(resident())
    record[at] = byte
    try:
        card = records.parse(bytes(record))
    except records.RecordError:
        return
    assert card.birth == RESIDENT["birth"]
