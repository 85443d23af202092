"""A kiosk as it is installed: the real process, a virtual printer on TCP or a serial line, the
real gateway. From a touch to paper, and what happens when paper, cable or the node fail.
"""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.devices.printer import Printer
from simulator.ports.pty_port import PtyPort
from simulator.ports.tcp_port import TcpPort

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pi-hall")]

TABLES = """
[printer]
hall_zh = "测试厅"
hall_en = "Test hall"
{line}
[screen]
port = 0
origin = "http://127.0.0.1"
"""


class Kiosk:
    """The node, its printer, and what came out of it."""

    def __init__(self, name: str, port: TcpPort | PtyPort, printer: Printer, until: Any) -> None:
        self.name, self.port, self.printer, self.until = name, port, printer, until
        self.node: Any = None

    def start(self, start_node: Callable[..., Any], tables: str, broker_port: int) -> None:
        self.node = start_node(tables, self.name, "ticket", broker_port)

    def ready(self) -> None:
        self.until(lambda: self.node.mode() == "ready", "the kiosk is not ready")

    def papers(self) -> list[str]:
        """The text of every piece of paper that says anything."""
        texts = self.port.change(lambda _: [each.text for each in self.printer.tickets])
        return [text for text in texts if text.strip()]


@pytest.fixture
def kiosk(
    hall: Any, start_node: Callable[..., Any], until: Callable[..., Any]
) -> Iterator[Callable[..., Kiosk]]:
    ports: list[TcpPort | PtyPort] = []

    def make(serial: Path | None = None) -> Kiosk:
        printer = Printer()
        port: TcpPort | PtyPort
        if serial is None:
            port = TcpPort(printer)
            line = f'host = "127.0.0.1"\nport = {port.port}'
        else:
            port = PtyPort(printer, serial)
            line = f'serial = "{port.path}"\nbaud = 115200'
        port.start()
        ports.append(port)
        made = Kiosk(hall.new_kiosk(), port, printer, until)
        made.start(start_node, TABLES.format(line=line), hall.port)
        made.ready()
        return made

    yield make
    for port in ports:
        port.stop()


def new_numbers(hall: Any, before: list[str]) -> list[str]:
    return [number for number in waiting(hall) if number not in before]


def waiting(hall: Any) -> list[str]:
    """The numbers of all tickets of the day that wait."""
    return [ticket["number"] for ticket in hall.view()["waiting"]]


@pytest.mark.parametrize("line", ["tcp", "serial"])
def test_a_touch_becomes_one_ticket_on_paper(
    kiosk: Callable[..., Kiosk], hall: Any, tmp_path: Path, line: str
) -> None:
    k = kiosk(tmp_path / "printer" if line == "serial" else None)
    before = waiting(hall)
    k.node.touch("filing")
    k.until(k.papers, "no ticket came out")
    [number] = new_numbers(hall, before)
    [paper] = k.papers()
    assert number in paper
    assert "测试厅" in paper
    assert "补打" not in paper
    k.ready()
    assert k.node.end() == 0


def test_paper_out_in_the_middle_gives_exactly_one_ticket_after_the_new_roll(
    kiosk: Callable[..., Kiosk], hall: Any
) -> None:
    k = kiosk()
    before = waiting(hall)
    k.port.change(lambda _: setattr(k.printer, "paper_left_mm", 60))
    k.node.touch("filing")
    k.until(lambda: k.node.mode() == "paper_out", "the end of the paper is not on the screen")
    assert k.papers() == []
    # Questions go on meanwhile, and nothing is sent again.
    patient = time.monotonic() + 3
    k.until(lambda: time.monotonic() > patient, "")
    k.port.change(lambda now_ms: k.printer.reload_paper(50_000, now_ms))
    k.until(k.papers, "the ticket did not come out")
    k.ready()
    [number] = new_numbers(hall, before)
    k.node.touch("invoice")
    k.until(lambda: len(k.papers()) == 2, "the next ticket did not come out")
    first, second = k.papers()
    assert number in first
    assert number not in second
    assert "补打" not in first + second


def test_an_unplugged_printer_is_offline_and_its_ticket_comes_out_later(
    kiosk: Callable[..., Kiosk], hall: Any
) -> None:
    k = kiosk()
    k.port.unplug()
    k.until(lambda: k.node.mode() == "paper_out", "the printer is not missed")
    before = waiting(hall)
    k.node.touch("filing")
    k.until(lambda: k.node.mode() == "refused", "a ticket was promised that can not be printed")
    assert new_numbers(hall, before) == []
    k.port.plug()
    k.ready()
    k.node.touch("social")
    k.until(k.papers, "no ticket came out")
    assert len(k.papers()) == 1


def test_a_printer_unplugged_in_the_middle_loses_no_print(
    kiosk: Callable[..., Kiosk], hall: Any
) -> None:
    k = kiosk()
    before = waiting(hall)
    k.port.change(lambda _: setattr(k.printer, "dots_per_second", 100))
    k.node.touch("filing")
    k.until(lambda: k.node.mode() == "printing", "nothing is printed")
    k.until(lambda: k.port.change(lambda _: k.printer.waiting_bytes), "nothing reached the printer")
    k.port.unplug()
    k.port.change(k.printer.power_cut)
    k.port.change(k.printer.power_on)
    k.port.change(lambda _: setattr(k.printer, "dots_per_second", 1200))
    k.port.plug()
    [number] = new_numbers(hall, before)
    k.until(lambda: any("补打" in paper for paper in k.papers()), "the ticket was lost", 60)
    k.ready()
    whole = [paper for paper in k.papers() if number in paper and "补打" not in paper]
    copies = [paper for paper in k.papers() if number in paper and "补打" in paper]
    assert len(whole) <= 1
    assert len(copies) == 1


def test_a_node_killed_in_the_middle_prints_nothing_unmarked_twice(
    kiosk: Callable[..., Kiosk], hall: Any, start_node: Callable[..., Any]
) -> None:
    k = kiosk()
    before = waiting(hall)
    k.port.change(lambda _: setattr(k.printer, "dots_per_second", 100))
    k.node.touch("filing")
    k.until(lambda: k.node.mode() == "printing", "nothing is printed")
    k.node.end(signal.SIGKILL)
    k.port.change(lambda _: setattr(k.printer, "dots_per_second", 1200))
    line = f'host = "127.0.0.1"\nport = {k.port.port}'
    k.start(start_node, TABLES.format(line=line), hall.port)
    [number] = new_numbers(hall, before)
    k.until(lambda: any("补打" in paper for paper in k.papers()), "the doubt was not mended", 60)
    k.ready()
    unmarked = [paper for paper in k.papers() if number in paper and "补打" not in paper]
    assert len(unmarked) <= 1
