"""SYN6288 and XFS5152: golden frames, replies, and text in pieces that are whole."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.peripherals import syn6288, tts, xfs5152

YUYIN = "宇音天下".encode("gb2312")
gbk_text = st.text(
    st.sampled_from("请A023号到3号窗口，。 [v10][n1]税镕0189!"), min_size=1, max_size=300
).map(lambda text: text.encode("gbk"))


def test_syn6288_speaks_the_frame_of_its_data_sheet() -> None:
    assert syn6288.speak(YUYIN, syn6288.GB2312).hex() == "fd000b0100d3eed2f4cceccfc2c1"
    assert syn6288.speak(YUYIN, syn6288.GBK)[-1] == 0xC0
    # The music stands three bits up, which web copies of the data sheet get wrong.
    assert syn6288.speak(YUYIN, syn6288.GBK, music=2)[4] == 0x11


def test_syn6288_commands_end_with_their_checksum() -> None:
    commands = (syn6288.stop(), syn6288.pause(), syn6288.resume(), syn6288.status())
    assert [each.hex() for each in commands] == [
        "fd000202fd",
        "fd000203fc",
        "fd000204fb",
        "fd000221de",
    ]
    assert syn6288.sleep().hex() == "fd00028877"


def test_xfs5152_has_no_checksum_and_counts_the_text_and_two() -> None:
    assert xfs5152.speak(YUYIN, xfs5152.GB2312).hex() == "fd000a0100d3eed2f4cceccfc2"
    commands = (xfs5152.stop(), xfs5152.pause(), xfs5152.resume(), xfs5152.status())
    assert [each.hex() for each in commands] == ["fd000102", "fd000103", "fd000104", "fd000121"]
    assert xfs5152.sleep().hex() == "fd000188"


@pytest.mark.parametrize("chip", [syn6288, xfs5152])
def test_a_chip_is_given_no_text_it_can_not_take(chip: object) -> None:
    speak = chip.speak  # type: ignore[attr-defined]  # either module
    for text, said in ((b"", "0 bytes"), (b"a" * 201, "201 bytes"), (b"a\x00", "0x00")):
        with pytest.raises(ValueError, match=said):
            speak(text, 0)
    with pytest.raises(ValueError, match="encoding is 3"):
        speak(b"a", 3)
    with pytest.raises(ValueError, match="no character of GBK"):
        speak(b"\xc0 ", 1)
    assert len(speak(b"a" * 200, 0)) == (206 if chip is syn6288 else 205)


def test_replies_are_words_and_noise_is_counted() -> None:
    parser = tts.ReplyParser()
    assert parser.feed(b"\x4a\x41\x00\x4e") == ["initialised", "accepted", "busy"]
    assert parser.feed(b"\xff\x4f\x45") == ["idle", "rejected"]
    assert parser.stray == 2


@given(st.binary(max_size=300))
def test_no_bytes_from_a_chip_are_too_much(data: bytes) -> None:
    parser = tts.ReplyParser()
    assert len(parser.feed(data)) + parser.stray == len(data)


@given(gbk_text, st.integers(8, 200))
def test_pieces_are_the_text_and_each_is_whole(text: bytes, limit: int) -> None:
    pieces = tts.split(text, limit)
    assert b"".join(pieces) == text
    assert all(0 < len(piece) <= limit for piece in pieces)
    assert all(tts.check_text(piece) for piece in pieces)
    assert [unit for piece in pieces for unit in tts.units(piece)] == tts.units(text)


def test_a_piece_ends_after_a_stop_where_there_is_one() -> None:
    text = "请A023号到3号窗口，请B001号到4号窗口。".encode("gbk")
    assert [piece.decode("gbk") for piece in tts.split(text, 26)] == [
        "请A023号到3号窗口，",
        "请B001号到4号窗口。",
    ]


@given(st.binary(max_size=60))
def test_any_bytes_as_text_are_taken_whole_or_refused(data: bytes) -> None:
    try:
        pieces = tts.split(data, 8)
    except ValueError:
        return
    assert b"".join(pieces) == data


def test_pieces_too_small_for_a_mark_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 8"):
        tts.split(b"abc", 7)


def test_what_is_left_behind_an_early_stop_is_cut_again_when_it_is_full() -> None:
    """Found by fuzzing: a piece came out one byte too long for the chip."""
    text = b"," + b"a" * 31 + "税".encode("gbk")
    assert tts.split(text, 32) == [b",", b"a" * 31, "税".encode("gbk")]
