"""The SAM of an ID-card reader: golden frames, torn and damaged replies. People are made up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.peripherals import sam_idcard

FOUND = bytes.fromhex("aaaaaa9669000800009f0000000097")
SELECTED = bytes.fromhex("aaaaaa9669000c00009000000000000000009c")


def reply(code: int, data: bytes = b"") -> bytes:
    body = (len(data) + 4).to_bytes(2, "big") + bytes((0, 0, code)) + data
    check = 0
    for byte in body:
        check ^= byte
    return sam_idcard.PREAMBLE + body + bytes((check,))


def test_requests_are_those_of_the_vendors_document() -> None:
    assert sam_idcard.find().hex() == "aaaaaa96690003200122"
    assert sam_idcard.select().hex() == "aaaaaa96690003200221"
    assert sam_idcard.read().hex() == "aaaaaa96690003300132"
    assert sam_idcard.request(0x30, 0x10).hex() == "aaaaaa96690003301023"
    others = (sam_idcard.reset(), sam_idcard.status(), sam_idcard.module_id())
    assert [each[-3:].hex() for each in others] == ["10ffec", "11ffed", "12ffee"]


def test_golden_replies_are_understood() -> None:
    assert sam_idcard.ReplyParser().feed(FOUND) == [("reply", sam_idcard.CARD_FOUND, bytes(4))]
    assert sam_idcard.ReplyParser().feed(SELECTED) == [("reply", sam_idcard.SUCCESS, bytes(8))]


def test_the_reply_to_read_has_1295_bytes_and_the_photo_stays_in_it() -> None:
    data = b"\x01\x00\x04\x00" + bytes(range(256)) + b"P" * 1024
    whole = reply(sam_idcard.SUCCESS, data)
    assert len(whole) == 1295
    [(_, _, taken)] = sam_idcard.ReplyParser().feed(whole)
    assert sam_idcard.text_of(taken) == bytes(range(256))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\x01", "two lengths"),
        (b"\x00\xff\x04\x00" + bytes(2000), "255 bytes, not 256"),
        (b"\x01\x00\x04\x00" + bytes(256), "fewer than it says"),
    ],
)
def test_a_read_whose_lengths_do_not_agree_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        sam_idcard.text_of(data)


@given(st.lists(st.integers(1, 40)), st.binary(max_size=20))
def test_replies_cut_anyhow_come_out_whole_after_noise(cuts: list[int], noise: bytes) -> None:
    parser = sam_idcard.ReplyParser()
    data = noise.replace(b"\xaa", b"\x00") + FOUND + b"\xaa" + SELECTED
    found = []
    for cut in cuts:
        found += parser.feed(data[:cut])
        data = data[cut:]
    found += parser.feed(data)
    assert [each[1] for each in found] == [sam_idcard.CARD_FOUND, sam_idcard.SUCCESS]
    assert parser.stray == len(noise) + 1


def test_a_wrong_checksum_is_told_and_the_next_reply_is_understood() -> None:
    damaged = FOUND[:-1] + b"\x00"
    found = sam_idcard.ReplyParser().feed(damaged + SELECTED)
    assert found == [("damaged",), ("reply", sam_idcard.SUCCESS, bytes(8))]


def test_half_a_reply_is_forgotten_on_demand() -> None:
    parser = sam_idcard.ReplyParser()
    assert parser.feed(FOUND[:9]) == []
    parser.forget()
    assert parser.feed(FOUND) == [("reply", sam_idcard.CARD_FOUND, bytes(4))]
    assert parser.stray == 9


@given(st.lists(st.binary(max_size=50) | st.just(sam_idcard.PREAMBLE), max_size=12))
def test_no_bytes_from_the_module_are_too_much(pieces: list[bytes]) -> None:
    parser = sam_idcard.ReplyParser()
    for piece in pieces:
        for found in parser.feed(piece):
            assert found[0] in ("reply", "damaged")


def test_every_fault_has_words_for_the_person_at_the_reader() -> None:
    assert "no card" in sam_idcard.fault(0x80)
    assert "0x77" in sam_idcard.fault(0x77)
