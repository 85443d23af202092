"""The printer as a host meets it: paper, faults, status, and tickets that come out once."""

import pytest

from protocols.peripherals import escpos
from simulator.devices.printer import HEAD_TO_CUTTER_DOTS, Printer

CUT = escpos.cut(partial=True, feed=16)


def ticket(text: str, job: bytes = b"J001") -> bytes:
    lines = text.encode("gb18030") + b"\n"
    return escpos.INIT + escpos.CHINESE_ON + lines + CUT + escpos.process_id_request(job)


def done(job: bytes) -> bytes:
    return b"\x37\x22" + job + b"\x00"


def ask(printer: Printer, question: int, now_ms: int) -> bytes:
    printer.read(now_ms)
    printer.write(escpos.realtime_status(question), now_ms)
    return printer.read(now_ms)


def test_ticket_is_cut_with_its_text_and_then_reported_done() -> None:
    printer = Printer()
    printer.write(ticket("请A023号"), 0)
    assert printer.read(10) == b""
    assert printer.tickets == []
    assert printer.read(1_000) == done(b"J001")
    assert [t.text for t in printer.tickets] == ["请A023号"]
    # The line, the feed to the cutter and 16 dots more, at 1,200 dots a second.
    moved = 30 + HEAD_TO_CUTTER_DOTS + 16
    assert printer.tickets[0].printed_ms == moved * 1000 // 1_200
    assert printer.paper_used_dots == moved


def test_time_of_asking_makes_no_difference() -> None:
    results = []
    for step_ms in (1, 7, 1_000):
        printer = Printer()
        printer.bytes_per_second = 960
        printer.write(ticket("一行\n二行\n三行"), 0)
        answer = b"".join(printer.read(now_ms) for now_ms in range(0, 5_001, step_ms))
        results.append((answer + printer.read(5_001), printer.tickets))
    assert results[0] == results[1] == results[2]


def test_wake_times_lead_through_the_whole_job() -> None:
    printer = Printer()
    printer.bytes_per_second = 960
    printer.write(ticket("一行\n二行"), 0)
    wakes = 0
    while (wake := printer.wake_at_ms()) is not None:
        printer.advance(wake)
        wakes += 1
        assert wakes < 200
    assert len(printer.tickets) == 1
    assert printer.waiting_bytes == 0


def test_slow_line_takes_its_time() -> None:
    printer = Printer()
    printer.bytes_per_second = 960
    data = ticket("请A023号" * 40)
    printer.write(data, 0)
    arrived_ms = len(data) * 1000 // 960
    printer.advance(arrived_ms - 20)
    assert printer.waiting_bytes > 0
    printer.advance(arrived_ms + 2_000)
    assert len(printer.tickets) == 1


def test_paper_end_keeps_the_rest_and_goes_on_after_reloading() -> None:
    printer = Printer()
    printer.paper_left_mm = 8  # two lines of 30 dots
    printer.write(ticket("一\n二\n三\n四"), 0)
    assert printer.read(60_000) == b""
    assert printer.tickets == []
    assert ask(printer, 1, 60_000) == b"\x1a"
    assert ask(printer, 2, 60_000) == b"\x32"
    assert ask(printer, 4, 60_000) == b"\x7e"
    printer.reload_paper(50_000, 61_000)
    assert printer.read(70_000) == done(b"J001")
    assert printer.tickets[0].text == "一\n二\n三\n四"
    assert len(printer.tickets[0].sheet.splices) == 1
    assert printer.tickets[0].printed_ms > 61_000


def test_host_that_resends_at_paper_end_gets_two_tickets() -> None:
    printer = Printer()
    printer.paper_left_mm = 2
    printer.write(ticket("A007"), 0)
    printer.write(ticket("A007"), 30_000)
    printer.reload_paper(50_000, 60_000)
    printer.advance(70_000)
    assert [t.text for t in printer.tickets] == ["A007", "A007"]


def test_paper_can_end_in_the_middle_of_an_image() -> None:
    printer = Printer()
    printer.paper_left_mm = 10
    image = escpos.raster(2, 240, bytes(range(240)) * 2)
    printer.write(escpos.INIT + image + CUT, 0)
    printer.advance(10_000)
    assert 48 <= printer.paper_used_dots <= 80
    printer.reload_paper(1_000, 10_000)
    printer.advance(20_000)
    placed = printer.tickets[0].sheet.placed
    assert b"".join(p.item.data for p in placed) == bytes(range(240)) * 2


def test_near_end_is_told_before_the_end() -> None:
    printer = Printer()
    assert ask(printer, 4, 0) == b"\x12"
    printer.paper_left_mm = printer.near_end_mm
    assert ask(printer, 4, 0) == b"\x1e"


def test_open_cover_stops_and_closing_goes_on() -> None:
    printer = Printer()
    printer.cover_open = True
    printer.write(ticket("A001"), 0)
    assert printer.read(10_000) == b""
    assert ask(printer, 2, 10_000) == b"\x16"
    printer.cover_open = False
    assert printer.read(10_001) == b""
    assert printer.read(12_000) == done(b"J001")
    assert printer.tickets[0].printed_ms > 10_000


@pytest.mark.parametrize(("recover", "tickets"), [(b"\x10\x05\x01", 1), (b"\x10\x05\x02", 0)])
def test_cutter_jam_ends_by_restart_or_by_clearing(recover: bytes, tickets: int) -> None:
    printer = Printer()
    printer.cutter_jam = True
    printer.write(ticket("A001"), 0)
    assert printer.read(5_000) == b""
    assert (ask(printer, 2, 5_000), ask(printer, 3, 5_000)) == (b"\x52", b"\x1a")
    printer.write(recover, 5_000)
    assert ask(printer, 3, 5_000) == (b"\x1a" if tickets else b"\x12")
    printer.cutter_jam = False
    printer.write(recover, 6_000)
    answer = printer.read(9_000)
    assert len(printer.tickets) == tickets
    assert answer == (done(b"J001") if tickets else b"")
    assert ask(printer, 3, 9_000) == b"\x12"


def test_cleared_job_is_never_reported_and_the_next_one_prints_alone() -> None:
    printer = Printer()
    printer.paper_left_mm = 1
    printer.write(ticket("A001"), 0)
    printer.write(escpos.recover_and_clear(), 1_000)
    printer.reload_paper(50_000, 2_000)
    printer.write(ticket("A001 补打", b"J002"), 3_000)
    assert printer.read(9_000) == done(b"J002")
    assert [t.text for t in printer.tickets] == ["A001 补打"]


def test_mute_printer_prints_and_says_nothing() -> None:
    printer = Printer()
    printer.mute = True
    printer.write(ticket("A001") + escpos.realtime_status(4), 0)
    assert printer.read(9_000) == b""
    assert len(printer.tickets) == 1


def test_completion_can_be_lost_doubled_or_not_known_at_all() -> None:
    printer = Printer()
    printer.completions_to_drop = 1
    printer.completions_to_double = 1
    for number in range(3):
        printer.write(ticket("A001", b"J00%d" % number), 0)
    assert printer.read(9_000) == done(b"J001") * 2 + done(b"J002")
    clone = Printer()
    clone.knows_process_id = False
    clone.write(ticket("A001") + escpos.paper_barrier(), 0)
    assert clone.read(9_000) == b"\x00"
    assert len(clone.tickets) == 1


def test_barrier_waits_for_the_paper_and_real_time_status_does_not() -> None:
    printer = Printer()
    printer.cover_open = True
    printer.write(escpos.paper_barrier() + escpos.realtime_status(1), 0)
    assert printer.read(1_000) == b"\x1a"
    printer.cover_open = False
    assert printer.read(2_000) == b"\x00"


def test_real_time_status_inside_an_image_is_answered_and_the_image_stays_whole() -> None:
    printer = Printer()
    data = b"\x00\x10\x04\x04" * 6
    printer.write(escpos.INIT + escpos.raster(1, 24, data) + CUT, 0)
    assert printer.read(9_000) == b"\x12" * 6
    assert printer.tickets[0].sheet.placed[0].item.data == data


def test_automatic_status_comes_at_once_and_at_every_change() -> None:
    printer = Printer()
    printer.write(escpos.automatic_status(escpos.ASB_ALL), 0)
    assert printer.read(0) == b"\x10\x00\x00\x0f"
    assert printer.read(1_000) == b""
    printer.cover_open = True
    assert printer.read(2_000) == b"\x38\x00\x00\x0f"
    printer.cover_open = False
    printer.paper_left_mm = 0
    assert printer.read(3_000) == b"\x18\x00\x0f\x0f"
    parser = escpos.StatusParser()
    parser.feed(b"\x18\x00\x0f\x0f")
    assert (parser.status.paper, parser.status.cover_open) == ("end", False)


def test_power_cut_loses_the_buffer_and_leaves_the_begun_ticket_on_the_paper() -> None:
    printer = Printer()
    printer.write(ticket("一\n二\n三\n四"), 0)
    printer.advance(60)
    printer.power_cut(60)
    printer.write(ticket("lost"), 70)
    assert printer.read(5_000) == b""
    printer.power_on(5_000)
    assert printer.read(9_000) == b""
    assert printer.tickets == []
    printer.write(ticket("A002", b"J002"), 9_000)
    assert printer.read(12_000) == done(b"J002")
    assert printer.tickets[0].text == "一\n二\nA002"


def test_cut_without_feed_leaves_the_last_lines_on_the_next_ticket() -> None:
    printer = Printer()
    printer.write("一\n二\n三\n四\n五\n".encode("gb18030") + b"\x1dV\x00", 0)
    printer.write("六\n".encode("gb18030") + CUT, 0)
    printer.advance(9_000)
    # The third line lies across the cut: half of it is on each piece.
    assert [t.text for t in printer.tickets] == ["一\n二\n三", "三\n四\n五\n六"]
    lengths = [t.sheet.length for t in printer.tickets]
    assert lengths == [150, 30 + HEAD_TO_CUTTER_DOTS + 16]


def test_unknown_bytes_are_listed() -> None:
    printer = Printer()
    printer.write(b"\x00\x1bzA\n", 0)
    printer.advance(1_000)
    assert printer.unknown == [b"\x00", b"\x1b"]


def test_time_never_goes_back() -> None:
    printer = Printer()
    printer.advance(10)
    with pytest.raises(ValueError, match="from 10 to 9"):
        printer.advance(9)


def test_real_time_status_is_answered_on_a_slow_line_byte_by_byte() -> None:
    printer = Printer()
    printer.bytes_per_second = 960
    printer.cover_open = True
    printer.write(ticket("A001") + escpos.realtime_status(2), 0)
    assert printer.read(1_000) == b"\x16"


def test_a_full_buffer_takes_nothing_until_something_was_carried_out() -> None:
    printer = Printer()
    printer.buffer_bytes, printer.bytes_per_second = 100, 1000
    printer.paper_left_mm = 0
    printer.write(b"x" * 60, 0)
    assert printer.room == 40
    printer.write(b"y" * 40, 10)
    assert printer.room == 0
    printer.advance(1000)
    assert printer.room == 0, "it is out of paper and carries out nothing"
    printer.reload_paper(1000, 1000)
    printer.advance(2000)
    assert printer.room == 100
