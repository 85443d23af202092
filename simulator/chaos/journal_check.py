"""Reads a journal as any other program would, and holds it against what was seen outside.

Rules: plain sqlite3 on a copy of the files, its own SHA-256 chain and its own grouping of records;
nothing of the gateway's code. Checked:
- the chain: every record follows from the one before, numbers without a gap, time never back;
- P1: every acknowledgement and every answer that was seen is in the journal, as it was told;
- P2: no number twice a day, no ticket at two windows (`auditor_model`);
- P3: what a report or a call caused stands in one piece before its settlement, once, nothing when
  it was refused, and what `auditor_effects` allows when it was accepted;
- P7: paper carries a number that the journal has, twice only when marked.
"""

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.config import HallConfig
from gateway.journal.records import Record
from simulator.auditor_effects import are_right
from simulator.auditor_model import HallModel
from simulator.broken import PromiseBroken
from simulator.chaos.witness import Witness

REPORT, REQUEST = "core.report_settled", "core.request_settled"


@dataclass
class Findings:
    """What a journal holds. `settled`: report -> result; `requests`: key -> (status, body).

    `issued`: ids of tickets; `set_aside`: numbers a kiosk may give out alone; `to_print`: numbers
    that a kiosk was to print; `abandoned`: those whose prints were given up, which staff is told;
    `days`: (hall time at which it was opened, date).
    """

    problems: list[str] = field(default_factory=list)
    records: int = 0
    settled: dict[str, str] = field(default_factory=dict)
    requests: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    issued: set[str] = field(default_factory=set)
    set_aside: set[str] = field(default_factory=set)
    to_print: set[str] = field(default_factory=set)
    abandoned: set[str] = field(default_factory=set)
    days: list[tuple[int, str]] = field(default_factory=list)
    model: HallModel | None = None


def check_journal(
    path: Path, config: HallConfig, witness: Witness, *, live: bool = False
) -> Findings:
    """Everything at the top, for the journal at `path`; a missing one holds nothing.

    `live`: a gateway writes it now, so it is read in its place, as of one moment.
    """
    found = Findings()
    reader = _Reader(config, witness, found)
    try:
        for row in _live_rows(path) if live else _rows(path):
            reader.take(*row)
    except sqlite3.Error as error:
        found.problems.append(f"P10: plain SQLite cannot read it: {error}")
    reader.end()
    found.model = reader.model
    return found


def _rows(path: Path) -> Iterator[tuple[Any, ...]]:
    if not path.exists():
        return
    with tempfile.TemporaryDirectory(prefix="hallkit-check-") as name:
        copy = Path(name) / path.name
        for suffix in ("", "-wal"):
            source = path.with_name(path.name + suffix)
            if source.exists():
                shutil.copy(source, copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(copy)) as connection:
            yield from _read(connection)


def _live_rows(path: Path) -> Iterator[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.execute("BEGIN")
        yield from _read(connection)


def _read(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    meta = dict(connection.execute("SELECT name, value FROM meta").fetchall())
    yield ("genesis", meta["hall"], meta["epoch"])
    yield from connection.execute(
        "SELECT seq, at_ms, kind, version, cause, data, hash FROM events ORDER BY seq"
    )


class _Reader:
    def __init__(self, config: HallConfig, witness: Witness, found: Findings) -> None:
        self.model = HallModel(config)
        self._witness, self._found = witness, found
        self._hash, self._seq, self._at_ms = b"", 0, 0
        self._cause = ""  # whose records are open: its settlement has not come yet
        self._effects: list[str] = []

    def take(self, *row: Any) -> None:
        if row[0] == "genesis":
            self._hash = hashlib.sha256(f"hallkit-journal\n{row[2]}\n{row[1]}".encode()).digest()
            return
        seq, at_ms, kind, version, cause, text, stored = row
        line = f"{seq}\n{at_ms}\n{kind}\n{version}\n{cause}\n{text}"
        if seq != self._seq + 1 or at_ms < self._at_ms:
            self._say(f"P1: record {seq} at {at_ms} follows {self._seq} at {self._at_ms}")
        if hashlib.sha256(self._hash + line.encode()).digest() != stored:
            self._say(f"P1: record {seq} is not chained to the one before")
        self._seq, self._at_ms, self._hash = seq, at_ms, stored
        self._found.records = seq
        data = json.loads(text)
        self._group(seq, kind, cause, data)
        if kind == "calling.day_opened":
            # What was not printed when the day ended never will be.
            unprinted = self.model.open_prints.values()
            self._found.to_print -= {ticket.rpartition("-")[2] for ticket in unprinted}
            self._found.days.append((at_ms, str(data["date"])))
        try:
            self.model.take(Record(seq, at_ms, kind, version, data, cause, stored))
        except PromiseBroken as broken:
            self._say(f"{broken} (record {seq})")
        if kind in ("calling.ticket_issued", "calling.ticket_merged"):
            self._found.issued.add(data["ticket"])
        elif kind == "calling.numbers_reserved":
            self._found.set_aside |= self.model.reserved.keys()
        elif kind == "calling.print_queued":
            self._found.to_print.add(data["ticket"].rpartition("-")[2])
        elif kind == "calling.print_abandoned":
            self._found.abandoned.add(data["ticket"].rpartition("-")[2])

    def _group(self, seq: int, kind: str, cause: str, data: dict[str, Any]) -> None:
        if self._cause and cause != self._cause:
            self._say(f"P3: record {seq}: {self._cause} has effects and no settlement before it")
            self._cause, self._effects = "", []
        if kind == REPORT:
            self._settle_report(f"{data['node']}:{data['boot']}:{data['seq']}", data["result"])
        elif kind == REQUEST:
            self._settle_request(data["key"], data["status"], data["body"])
        elif cause not in ("clock", "start"):
            self._cause = cause
            self._effects.append(kind.removeprefix("calling."))

    def _settle_report(self, name: str, result: str) -> None:
        if name in self._found.settled:
            self._say(f"P3: {name} is settled twice")
        self._found.settled[name] = result
        effects, self._effects, self._cause = self._effects, [], ""
        command = self._witness.reports.get(name)
        if result != "ok":
            if effects:
                self._say(f"P3: {name} is {result}, yet made {effects}")
        elif command is not None and not are_right(command, effects):
            self._say(f"P3: {name} ({command}) made {effects}")

    def _settle_request(self, key: str, status: str, body: dict[str, Any]) -> None:
        if key in self._found.requests:
            self._say(f"P3: call {key} is settled twice")
        self._found.requests[key] = (status, body)
        if status == "refused" and self._effects:
            self._say(f"P3: call {key} is refused, yet made {self._effects}")
        if self._effects.count("ticket_issued") > 1:
            self._say(f"P3: call {key} made {self._effects}")
        self._effects, self._cause = [], ""

    def end(self) -> None:
        """Hold what was seen against all that was read."""
        if self._cause:
            self._say(f"P3: the journal ends within {self._cause}")
        found = self._found
        for name, told in self._witness.acks.items():
            settled = found.settled.get(name)
            if settled is None:
                self._say(f"P1: {name} was acknowledged as {sorted(told)}, the journal lacks it")
            elif told != {settled}:
                self._say(f"P3: {name} is {settled}, was acknowledged as {sorted(told)}")
        for key, (status, body) in self._witness.answers.items():
            request = found.requests.get(key)
            if request is None:
                self._say(f"P1: call {key} was answered {status}, the journal lacks it")
            elif status < 300 and request[1] != body:
                self._say(f"P3: call {key} was answered {body}, the journal has {request[1]}")
        self._check_papers()

    def _check_papers(self) -> None:
        # Every day has its own tickets of one number.
        issued = Counter(ticket.rpartition("-")[2] for ticket in self._found.issued)
        unmarked = Counter(number for number, marked in self._witness.papers if not marked)
        for number in sorted({number for number, _ in self._witness.papers}):
            if not issued[number] and number not in self._found.set_aside:
                self._say(f"P7: paper shows {number}, which the journal does not have")
            if unmarked[number] > max(1, issued[number]):
                self._say(f"P7: {number} came out twice without the mark 补打")

    def _say(self, problem: str) -> None:
        self._found.problems.append(problem)
