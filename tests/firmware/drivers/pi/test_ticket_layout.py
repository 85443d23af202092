"""Tickets as a taxpayer reads them: printed by the model from the bytes, by both layouts."""

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest
import zxingcpp
from PIL import Image

from firmware.drivers.pi.ticket_layout import TicketData, layout, needs_raster
from firmware.drivers.pi.ticket_raster import raster_layout, ticket_bytes, ticket_image
from protocols.peripherals import escpos
from simulator.assets import Assets
from simulator.devices.printer import PrintedTicket, Printer
from simulator.devices.printer_items import QrCode, TextLine
from simulator.devices.printer_picture import TicketRenderer

TICKET = TicketData(
    number="A023",
    service_zh="增值税纳税申报",
    service_en="VAT declaration",
    hall_zh="廊坊市智慧办税服务厅",
    hall_en="Langfang Smart Tax Service Hall",
    ahead=5,
    wait_minutes=12,
    issued_text="2026-11-23 09:41",
    url="https://hall.example/t/k3Jx0v9QbZ7mW2rT5yLcHg",
    job_id="kiosk-17",
    print_count=123,
)


def run(data: bytes) -> tuple[PrintedTicket, bytes]:
    printer = Printer()
    printer.write(data, 0)
    answer = printer.read(60_000)
    assert len(printer.tickets) == 1
    assert printer.unknown == []
    assert printer.tickets[0].missing == ()
    return printer.tickets[0], answer


def codes(picture: bytes) -> list[str]:
    image = Image.open(io.BytesIO(picture))
    ground = Image.new("RGBA", image.size, (90, 90, 90, 255))
    ground.alpha_composite(image)
    return [code.text for code in zxingcpp.read_barcodes(ground.convert("L"))]


@pytest.fixture(scope="module")
def raster(assets: Assets) -> Callable[[TicketData], bytes]:
    return lambda ticket: raster_layout(ticket, assets.ticket_regular, assets.ticket_bold)


@pytest.fixture(scope="module")
def renderer(assets: Assets) -> TicketRenderer:
    return TicketRenderer(assets.ticket_regular, assets.ticket_bold)


def test_native_ticket_says_everything_in_order() -> None:
    printed, _ = run(layout(TICKET))
    assert printed.text.split("\n") == [
        "廊坊市智慧办税服务厅",
        "Langfang Smart Tax Service Hall",
        "您的号码 YOUR NUMBER",
        "A023",
        "增值税纳税申报",
        "VAT declaration",
        "前面还有 5 人",
        "5 people ahead of you",
        "预计等候约 12 分钟 About 12 min",
        "扫码查看排队进度 Scan to follow the queue",
        "过号请到导税台",
        "Please come when your number is called",
        "2026-11-23 09:41  No.000123",
    ]
    assert printed.cut == "partial"


def test_number_is_by_far_the_largest_thing_and_stands_in_the_middle() -> None:
    printed, _ = run(layout(TICKET))
    lines = [p.item for p in printed.sheet.placed if isinstance(p.item, TextLine)]
    number = next(line for line in lines if line.text == "A023")
    assert number.height >= 3 * max(line.height for line in lines if line is not number)
    assert number.cells[0].x == 576 - (number.cells[-1].x + number.cells[-1].width)


def test_printer_reports_the_job_and_only_after_the_cut() -> None:
    data = layout(TICKET)
    job = escpos.process_id("kiosk-17")
    assert run(data)[1] == b"\x37\x22" + job + b"\x00"
    assert data.endswith(escpos.process_id_request(job))
    assert job != escpos.process_id("kiosk-18")


def test_native_ticket_is_small_enough_for_a_serial_line() -> None:
    assert len(layout(TICKET)) < 1_300


def test_first_in_line_and_one_person_have_their_own_words() -> None:
    first = run(layout(replace(TICKET, ahead=0)))[0].text
    assert "前面无人等候 请留意叫号\nYou are next" in first
    assert "预计" not in first
    assert "1 person ahead of you" in run(layout(replace(TICKET, ahead=1)))[0].text


def test_unknown_wait_and_missing_page_are_left_out() -> None:
    printed, _ = run(layout(replace(TICKET, wait_minutes=None, url="")))
    assert "预计" not in printed.text
    assert "扫码" not in printed.text
    assert not any(isinstance(p.item, QrCode) for p in printed.sheet.placed)


def test_copy_is_marked_in_white_on_black_above_everything() -> None:
    printed, _ = run(layout(replace(TICKET, copy=True)))
    first = printed.sheet.placed[0].item
    assert isinstance(first, TextLine)
    assert first.text.strip() == "补打 COPY"
    assert all(cell.style.inverse for cell in first.cells)
    assert "补打" not in run(layout(TICKET))[0].text


@pytest.mark.parametrize("length", [1, 12, 13, 24, 30])
def test_names_of_any_length_stay_on_the_paper(length: int) -> None:
    name = ("综合服务事项受理" * 4)[:length]
    printed, _ = run(layout(replace(TICKET, service_zh=name, hall_zh=name)))
    assert printed.text.replace("\n", "").count(name) == 2
    for placed in printed.sheet.placed:
        if isinstance(placed.item, TextLine):
            last = placed.item.cells[-1]
            assert last.x + last.width <= 576
    ends = [(p.top, p.top + p.item.height) for p in printed.sheet.placed]
    assert all(end <= top for (_, end), (top, _) in pairwise(ends))


def test_control_bytes_in_a_name_are_refused_not_printed() -> None:
    with pytest.raises(ValueError, match="0x1b"):
        layout(replace(TICKET, service_en="VAT\x1b@"))


def test_characters_that_printers_lack_ask_for_the_raster_layout() -> None:
    assert not needs_raster(TICKET)
    assert needs_raster(replace(TICKET, service_zh="王𬭎业务"))


def test_picture_is_sent_only_where_it_is_needed_or_asked_for(assets, raster) -> None:
    fonts = (assets.ticket_regular, assets.ticket_bold)
    rare = replace(TICKET, service_zh="王𬭎业务")
    assert ticket_bytes(TICKET, *fonts) == layout(TICKET)
    assert ticket_bytes(TICKET, *fonts, picture=True) == raster(TICKET)
    assert ticket_bytes(rare, *fonts) == raster(rare)


def test_raster_ticket_is_the_drawn_image_dot_by_dot(assets, raster, renderer) -> None:
    ticket = replace(TICKET, service_zh="王𬭎业务")
    printed, answer = run(raster(ticket))
    drawn = ticket_image(ticket, assets.ticket_regular, assets.ticket_bold)
    page = renderer.page_image(printed)
    top = page.height - 24 - drawn.height
    assert page.crop((0, top, 576, top + drawn.height)).tobytes() == drawn.tobytes()
    assert answer == b"\x37\x22" + escpos.process_id("kiosk-17") + b"\x00"
    assert printed.cut == "partial"


@pytest.mark.parametrize("copy", [False, True])
def test_qr_code_of_both_layouts_can_be_read_from_the_picture(raster, renderer, copy: bool) -> None:
    ticket = replace(TICKET, copy=copy)
    for data in (layout(ticket), raster(ticket)):
        assert codes(renderer.render_png(run(data)[0])) == [TICKET.url]


def test_raster_ticket_without_a_page_is_shorter_and_has_no_code(raster, renderer) -> None:
    bare, _ = run(raster(replace(TICKET, url="", wait_minutes=None)))
    assert bare.sheet.length < run(raster(TICKET))[0].sheet.length
    assert codes(renderer.render_png(bare)) == []


def test_copy_mark_makes_the_raster_ticket_different_at_the_top(assets) -> None:
    fonts = (assets.ticket_regular, assets.ticket_bold)
    plain, copy = ticket_image(TICKET, *fonts), ticket_image(replace(TICKET, copy=True), *fonts)
    added = copy.height - plain.height
    assert added > 80
    assert copy.crop((0, added, 576, copy.height)).tobytes() == plain.tobytes()
    assert copy.crop((0, 0, 576, added)).histogram()[0] > 15_000
