"""The label: the hall's own printer says which node it is, and the code on it leads there."""

import io
from datetime import date

import zxingcpp
from PIL import Image

from gateway.technician.label import Label, label_bytes
from simulator.devices.printer import PrintedTicket, Printer
from simulator.devices.printer_picture import render_png

PAD = Label(
    node="w03-pad",
    window="3",
    board="esp32-pad",
    board_zh="呼叫器",
    mac="24:6f:28:aa:bb:01",
    made=date(2026, 11, 23),
    url="http://192.168.20.5:8080/console#w03-pad",
)


def printed(label: Label) -> PrintedTicket:
    printer = Printer()
    printer.write(label_bytes(label), 0)
    printer.advance(60_000)
    assert printer.unknown == [], "bytes the printer does not know"
    [ticket] = printer.tickets
    return ticket


def test_it_names_node_window_board_and_day() -> None:
    ticket = printed(PAD)
    assert ticket.missing == ()
    for words in ("w03-pad", "3 号窗口", "呼叫器", "esp32-pad", "24:6f:28:aa:bb:01", "2026-11-23"):
        assert words in ticket.text
    assert ticket.length_mm < 90


def test_the_code_on_it_leads_to_the_page_of_the_node() -> None:
    picture = Image.open(io.BytesIO(render_png(printed(PAD), 2)))
    [code] = zxingcpp.read_barcodes(picture)
    assert code.text == PAD.url


def test_a_node_of_no_window_and_no_page_has_neither() -> None:
    ticket = printed(Label("lamp-1", "", "esp32-lamp", "超时灯", "", date(2026, 1, 2), ""))
    assert "号窗口" not in ticket.text
    assert "Scan" not in ticket.text
