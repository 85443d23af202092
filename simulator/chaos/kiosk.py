"""A kiosk to be broken: its node's file and its printer on a TCP port, which outlives the node."""

import re
from pathlib import Path

from simulator.chaos.site import Site
from simulator.chaos.witness import Witness
from simulator.devices.printer import Printer
from simulator.live.brokers import HOST
from simulator.ports.tcp_port import TcpPort

KIOSK = "kiosk-1"
DOTS_PER_SECOND = 30_000
MARK = "补打"
_NUMBER = re.compile(r"\b[A-Z][0-9]{3}\b")
_NODE_FILE = """
[node]
hall = "{hall}"
id = "{kiosk}"
kind = "ticket"
board = "pi-kiosk"
store = "store"
[broker]
host = "{host}"
port = {broker}
password_file = "password"
[printer]
hall_zh = "测试厅"
hall_en = "Test hall"
host = "{host}"
port = {printer}
[screen]
port = 0
"""


class Kiosk:
    """The files of the node in `folder`, and the paper that its printer puts out."""

    def __init__(self, site: Site, folder: Path, witness: Witness) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.store = folder / "store"
        self.words = ["--config", str(folder / "kiosk.toml")]
        self._witness = witness
        self._printer = Printer()
        self._printer.dots_per_second = DOTS_PER_SECOND
        self._port = TcpPort(self._printer)
        (folder / "password").write_text(site.password(KIOSK) + "\n", "ascii")
        (folder / "kiosk.toml").write_text(
            _NODE_FILE.format(
                hall=site.config.hall.id,
                kiosk=KIOSK,
                host=HOST,
                broker=site.broker.port,
                printer=self._port.port,
            ),
            "utf-8",
        )
        self._port.start()

    def collect(self) -> None:
        """Take the paper out of the tray and show it to the witness."""
        for text in self._port.change(lambda _: self._take_tickets()):
            numbers = _NUMBER.findall(text)
            if numbers:
                self._witness.papers.append((numbers[0], MARK in text))

    def stop(self) -> None:
        """Switch the printer off."""
        self._port.stop()

    def _take_tickets(self) -> list[str]:
        texts = [ticket.text for ticket in self._printer.tickets]
        self._printer.tickets.clear()
        return texts


def numbers_on(witness: Witness) -> set[str]:
    """The numbers that came out on paper."""
    return {number for number, _ in witness.papers}
