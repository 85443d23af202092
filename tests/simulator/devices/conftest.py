"""A printer with paper, ways to run it, and the renderer with the real ticket fonts."""

from collections.abc import Callable

import pytest

from simulator import assets as set_up
from simulator.devices.printer import PrintedTicket, Printer
from simulator.devices.printer_picture import TicketRenderer


@pytest.fixture(scope="session")
def renderer() -> TicketRenderer:
    assets = set_up.Assets(set_up.DEFAULT_FOLDER)
    return TicketRenderer(assets.ticket_regular, assets.ticket_bold)


@pytest.fixture
def print_one() -> Callable[[bytes], PrintedTicket]:
    """Bytes of one ticket -> the ticket, printed by a fresh printer."""

    def printed(data: bytes) -> PrintedTicket:
        printer = Printer()
        printer.write(data, 0)
        printer.advance(60_000)
        assert len(printer.tickets) == 1
        assert printer.unknown == []
        return printer.tickets[0]

    return printed
