"""The ESC/POS encoder against golden bytes, and the status parser against stray bytes."""

import pytest

from protocols.peripherals import escpos


@pytest.mark.parametrize(
    ("made", "golden"),
    [
        (escpos.INIT, "1b40"),
        (escpos.CHINESE_ON, "1c26"),
        (escpos.CHINESE_OFF, "1c2e"),
        (escpos.align(escpos.CENTRE), "1b6101"),
        (escpos.emphasis(True), "1b4501"),
        (escpos.inverse(False), "1d4200"),
        (escpos.size(6, 8), "1d2157"),
        (escpos.line_spacing(30), "1b331e"),
        (escpos.feed_lines(3), "1b6403"),
        (escpos.feed_dots(24), "1b4a18"),
        (escpos.cut(partial=True, feed=0), "1d564200"),
        (escpos.cut(partial=False, feed=16), "1d564110"),
        (escpos.density(-2), "1d284b020031fe"),
        (escpos.process_id_request(b"AB12"), "1d284806003030" + "41423132"),
        (escpos.paper_barrier(), "1d7201"),
        (escpos.automatic_status(escpos.ASB_ALL), "1d610e"),
        (escpos.realtime_status(4), "100404"),
        (escpos.recover_and_restart(), "100501"),
        (escpos.recover_and_clear(), "100502"),
        (escpos.raster(2, 2, b"\x80\x01\xff\x00"), "1d76300002000200" + "8001ff00"),
        (
            escpos.qr(b"hi", 6),
            (
                "1d286b0400314132001d286b03003143061d286b03003145311d286b05003150306869"
                "1d286b0300315130"
            ),
        ),
    ],
)
def test_command_is_byte_for_byte_what_the_manual_says(made: bytes, golden: str) -> None:
    assert made.hex() == golden


@pytest.mark.parametrize(
    "refused",
    [
        lambda: escpos.text(b"A\x1b@"),
        lambda: escpos.size(9, 1),
        lambda: escpos.process_id_request(b"A\x001"),
        lambda: escpos.raster(2, 2, b"\x00"),
        lambda: escpos.qr(b"", 6),
        lambda: escpos.cut(partial=True, feed=256),
        lambda: escpos.realtime_status(5),
    ],
)
def test_bad_argument_is_refused_with_the_field_in_the_words(refused) -> None:
    with pytest.raises(ValueError, match=r"text|width|process id|raster|QR|feed|question"):
        refused()


def test_text_is_passed_through_unchanged() -> None:
    assert escpos.text("请A023号\n".encode("gb18030")).hex() == "c7eb41303233bac50a"


def test_silent_printer_is_unknown_in_every_field() -> None:
    parser = escpos.StatusParser()
    parser.ask(escpos.STATUS_PAPER)
    assert parser.feed(b"") == []
    assert set(vars(parser.status).values()) == {None}


@pytest.mark.parametrize(
    ("reply", "paper"), [(0x12, "ok"), (0x1E, "near_end"), (0x72, "end"), (0x7E, "end")]
)
def test_paper_reply_is_read(reply: int, paper: str) -> None:
    parser = escpos.StatusParser()
    assert parser.ask(escpos.STATUS_PAPER) == b"\x10\x04\x04"
    assert parser.feed(bytes([reply])) == [("status", 4)]
    assert parser.status.paper == paper


def test_offline_cause_and_cutter_error_are_read() -> None:
    parser = escpos.StatusParser()
    for question, reply in ((1, 0x1A), (2, 0x56), (3, 0x1A)):
        parser.ask(question)
        parser.feed(bytes([reply]))
    status = parser.status
    assert (status.offline, status.cover_open, status.stopped_by_paper) == (True, True, False)
    assert (status.error, status.cutter_error, status.fatal_error) == (True, True, False)


def test_reply_to_no_question_is_stray_and_changes_nothing() -> None:
    parser = escpos.StatusParser()
    assert parser.feed(b"\x12\x1e") == []
    assert parser.stray == 2
    assert parser.status.paper is None


def test_completion_is_found_among_stray_bytes_in_any_portions() -> None:
    stream = b"\x00\x37\x37\x22\x37\x22A001\x00\xff"
    for portion in range(1, len(stream) + 1):
        parser = escpos.StatusParser()
        events = []
        for start in range(0, len(stream), portion):
            events += parser.feed(stream[start : start + portion])
        assert events == [("done", b"A001")]


def test_broken_completion_is_not_a_completion() -> None:
    parser = escpos.StatusParser()
    assert parser.feed(b"\x37\x22A0\x001\x00\x37\x22A001\x01") == []


def test_automatic_status_is_read_and_survives_a_reply_in_its_middle() -> None:
    parser = escpos.StatusParser()
    parser.ask(escpos.STATUS_PRINTER)
    events = parser.feed(b"\x18\x00\x1a\x18\x00\x0f\x0f")
    assert events == [("status", 1), ("automatic", None)]
    assert parser.status.paper == "end"
    assert parser.status.offline is True
    parser.feed(b"\x10\x00\x00\x00")
    assert (parser.status.paper, parser.status.offline) == ("ok", False)


def test_barrier_answer_counts_only_when_asked() -> None:
    parser = escpos.StatusParser()
    assert parser.feed(b"\x00") == []
    assert parser.ask_barrier() == b"\x1dr\x01"
    assert parser.feed(b"\x03") == [("paper", "near_end")]


def test_forgetting_makes_all_unknown_again() -> None:
    parser = escpos.StatusParser()
    parser.feed(b"\x10\x00\x00\x00")
    assert parser.status.paper == "ok"
    parser.forget()
    assert set(vars(parser.status).values()) == {None}
