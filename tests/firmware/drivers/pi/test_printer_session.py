"""The conversation with a ticket printer, against the byte-level model, in virtual time."""

from collections.abc import Callable

import pytest

from firmware.drivers.pi import printer_session as session_module
from firmware.drivers.pi.printer_session import BARRIER, PrinterSession
from protocols.peripherals import escpos
from protocols.ticks import TICKS_MASK, TICKS_PERIOD
from simulator.devices.printer import Printer

OK = ("printer", "ok", "closed", "none")
UNKNOWN = ("printer", "unknown", "unknown", "unknown")
UNREACHABLE = ("printer", "unknown", "unknown", "offline")
STEP_MS = 5
# So that ticks wrap in the middle.
START_MS = TICKS_PERIOD - 700


def ticket(number: str, job: str, lines: int = 30) -> bytes:
    body = escpos.INIT + escpos.text(f"{number}\n".encode() * lines)
    return body + escpos.cut(True, 24) + escpos.process_id_request(escpos.process_id(job))


class Bench:
    """Session, line and printer; `capacity` limits what the line takes in one step."""

    def __init__(self, session: PrinterSession, printer: Printer) -> None:
        self.session, self.printer = session, printer
        self.now_ms = 0
        self.up = False
        self.capacity = 100_000
        self.events: list[tuple[object, ...]] = []

    def connect(self) -> None:
        self.up = True
        self.session.connected(self.ticks())

    def cut(self) -> None:
        self.up = False
        self.session.disconnected()
        self.printer.read(self.now_ms)  # what it says now is lost
        self.events += self.session.take_events()

    def ticks(self) -> int:
        return (START_MS + self.now_ms) & TICKS_MASK

    def run(self, duration_ms: int) -> None:
        for _ in range(duration_ms // STEP_MS):
            self.now_ms += STEP_MS
            self.session.wake(self.ticks())
            piece = self.session.output[: self.capacity] if self.up else b""
            if piece:
                self.printer.write(piece, self.now_ms)
                self.session.sent(self.ticks(), len(piece))
            said = self.printer.read(self.now_ms)
            if said and self.up:
                self.session.receive(self.ticks(), said)
            self.events += self.session.take_events()

    def numbers(self) -> list[str]:
        """The first line of every piece of paper that says anything."""
        texts = [ticket.text.strip() for ticket in self.printer.tickets]
        return [text.split("\n")[0] for text in texts if text]


@pytest.fixture
def bench() -> Callable[..., Bench]:
    def make(**options: object) -> Bench:
        bench = Bench(PrinterSession(**options), Printer())  # type: ignore[arg-type]  # as given
        bench.connect()
        bench.run(500)
        return bench

    return make


def test_a_printer_that_answers_is_known_and_a_ticket_is_confirmed(
    bench: Callable[..., Bench],
) -> None:
    b = bench()
    assert b.events == [OK]
    b.session.print("job-1", ticket("A001", "job-1"))
    b.run(3000)
    assert b.events == [OK, ("printed", "job-1")]
    assert b.numbers() == ["A001"]
    assert not b.session.busy


def test_silence_is_unknown_and_never_paper_ok(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.printer.mute = True
    b.run(session_module.POLL_IDLE_MS + session_module.ANSWER_MS + 100)
    assert b.events == [OK, UNKNOWN]
    b.printer.mute = False
    b.run(session_module.POLL_BUSY_MS + 100)
    assert b.events[-1] == OK


def test_a_mute_printer_confirms_nothing(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.printer.mute = True
    b.session.print("job-1", ticket("A001", "job-1"))
    b.run(10_000)
    assert b.numbers() == ["A001"]
    assert ("printed", "job-1") not in b.events


def test_paper_out_in_the_middle_gives_one_ticket_after_the_new_roll(
    bench: Callable[..., Bench],
) -> None:
    b = bench()
    b.printer.paper_left_mm = 50
    b.run(100)
    b.session.print("job-1", ticket("A001", "job-1"))
    b.run(20_000)
    assert b.events[-1] == ("printer", "out", "closed", "none")
    assert b.numbers() == []
    b.printer.reload_paper(50_000, b.now_ms)
    b.run(5000)
    assert b.numbers() == ["A001"]
    assert b.events.count(("printed", "job-1")) == 1


def test_a_stopped_printer_that_reads_no_questions_stays_stopped(
    bench: Callable[..., Bench],
) -> None:
    b = bench()
    b.printer.paper_left_mm = 50
    b.run(100)
    b.session.print("job-1", ticket("A001", "job-1"))
    b.run(2000)
    assert b.events[-1] == ("printer", "out", "closed", "none")
    b.printer.mute = True  # as good as a full buffer
    b.run(5000)
    assert b.events[-1] == ("printer", "out", "closed", "none")


@pytest.mark.parametrize("job", ["lost", "doubled"])
def test_a_completion_lost_or_doubled_prints_nothing_twice(
    bench: Callable[..., Bench], job: str
) -> None:
    b = bench()
    if job == "lost":
        b.printer.completions_to_drop = 1
    else:
        b.printer.completions_to_double = 1
    b.session.print(job, ticket("A001", job))
    b.run(30_000)
    assert b.numbers() == ["A001"]
    assert b.events.count(("printed", job)) == (1 if job == "doubled" else 0)


def test_a_ticket_given_while_the_line_is_down_is_printed_after_it(
    bench: Callable[..., Bench],
) -> None:
    b = bench()
    b.cut()
    assert b.events[-1] == UNREACHABLE
    b.session.print("job-1", ticket("A001", "job-1"))
    b.run(5000)
    b.connect()
    b.run(5000)
    assert b.numbers() == ["A001"]
    assert b.events[-2:] == [OK, ("printed", "job-1")] or b.events[-2:] == [
        ("printed", "job-1"),
        OK,
    ]


def test_a_ticket_dropped_by_its_giver_is_not_printed_later(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.cut()
    b.session.print("job-1", ticket("A001", "job-1"))
    b.session.print("job-2", ticket("A001-copy", "job-2"))
    b.connect()
    b.run(5000)
    assert b.numbers() == ["A001-copy"]


@pytest.mark.parametrize("sent", [40, 120, 156, 161])
def test_a_ticket_cut_off_by_the_line_is_never_sent_again_and_stands_alone(
    bench: Callable[..., Bench], sent: int
) -> None:
    b = bench()
    b.capacity = sent
    b.session.print("job-1", ticket("A001", "job-1"))
    b.run(STEP_MS)
    assert b.session.output
    b.cut()
    b.run(3000)
    b.capacity = 100_000
    b.connect()
    b.run(8000)
    assert b.numbers() == ["A001"], "its remains, and not the ticket once more"
    b.session.print("job-2", ticket("B001", "job-2"))
    b.run(8000)
    assert b.numbers() == ["A001", "B001"]
    assert ("printed", "job-1") not in b.events
    assert b.events.count(("printed", "job-2")) == 1
    [last] = [each for each in b.printer.tickets if "B001" in each.text]
    assert "A001" not in last.text


def test_a_picture_cut_off_in_its_middle_does_not_swallow_the_next_ticket(
    bench: Callable[..., Bench],
) -> None:
    b = bench()
    b.capacity = 5000
    picture = escpos.raster(72, 240, b"\x55" * 72 * 240)
    b.session.print("job-1", picture + ticket("A001", "job-1"))
    b.run(STEP_MS)
    b.cut()
    b.capacity = 100_000
    b.connect()
    b.session.print("job-2", ticket("B001", "job-2"))
    b.run(10_000)
    assert b.numbers() == ["B001"]
    assert b.events.count(("printed", "job-2")) == 1


def test_remains_of_an_earlier_run_are_cut_off_first() -> None:
    printer = Printer()
    printer.write(b"A001\nA001\n", 0)
    b = Bench(PrinterSession(remains=True), printer)
    b.connect()
    b.session.print("job-2", ticket("B001", "job-2"))
    b.run(10_000)
    assert b.numbers() == ["A001", "B001"]


def test_a_printer_without_process_ids_confirms_by_a_barrier(bench: Callable[..., Bench]) -> None:
    b = bench(completion=BARRIER)
    b.printer.knows_process_id = False
    b.session.print("job-1", ticket("A001", "job-1"))
    b.run(3000)
    assert b.events.count(("printed", "job-1")) == 1


def test_a_printer_that_dies_on_an_open_line_is_dialled_again(bench: Callable[..., Bench]) -> None:
    b = bench()
    assert not b.session.is_dead(b.ticks())
    b.printer.power_cut(b.now_ms)
    b.run(session_module.DEAD_MS)
    assert b.session.is_dead(b.ticks())


def test_a_slow_line_is_not_taken_for_a_silent_printer(bench: Callable[..., Bench]) -> None:
    b = bench(bytes_per_second=960)
    b.run(1000)
    b.printer.bytes_per_second = 960
    # The line takes all at once into its own buffer, as a terminal does: 20 KB are 21 s of line.
    data = ticket("A007", "j1", lines=4000)
    assert len(data) > 20_000
    b.session.print("j1", data)
    told = len(b.events)
    b.run(20_000)
    assert [event for event in b.events[told:] if event[0] == "printer"] == []
    assert not b.session.is_dead(b.ticks())
    b.printer.dots_per_second = 100_000
    b.run(10_000)
    assert b.events[told:] == [("printed", "j1")]


def test_a_printer_that_dies_on_a_slow_line_is_noticed_all_the_same(
    bench: Callable[..., Bench],
) -> None:
    b = bench(bytes_per_second=960)
    b.run(1000)
    b.printer.bytes_per_second = 960
    b.session.print("j1", ticket("A007", "j1", lines=1000))
    b.printer.mute = True
    b.run(5_000)
    assert b.events[-1] == OK, "its bytes are still on their way"
    b.run(5_000)
    assert b.events[-1] == UNKNOWN
    b.run(session_module.DEAD_MS)
    assert b.session.is_dead(b.ticks())


def test_no_question_is_asked_in_the_middle_of_a_ticket(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.capacity = 3  # a slow line: the ticket takes seconds, polls come due meanwhile
    data = ticket("A001", "job-1", lines=600)
    b.session.print("job-1", data)
    sent = bytearray()
    while b.session.output:
        piece = b.session.output[:3]
        sent += piece
        b.run(STEP_MS)
    assert data in sent


def test_cover_and_cutter_are_told_in_words(bench: Callable[..., Bench]) -> None:
    b = bench()
    b.printer.cover_open = True
    b.run(200)
    assert b.events[-1] == ("printer", "ok", "open", "none")
    b.printer.cover_open = False
    b.printer.cutter_jam = True
    b.session.print("job-1", ticket("A001", "job-1"))
    b.run(3000)
    assert b.events[-1] == ("printer", "ok", "closed", "cutter")


def test_a_completion_that_is_no_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="process-id"):
        PrinterSession(completion="hope")
