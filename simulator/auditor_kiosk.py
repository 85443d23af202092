"""P6 and P7: the kiosk always answers, and paper is as the journal says.

P6: whoever touches the kiosk sees within 3 s that something comes of it, or that nothing does, and
is told when the gateway refuses; what was given out without the gateway is merged in the end. P7: a
number is fixed before it is printed, comes out unmarked once, and a print that is settled as done
did come out.
"""

from gateway.journal.records import Record
from simulator.auditor_model import HallModel
from simulator.broken import PromiseBroken

ANSWERS_MS = 3_400
ASKING = "asking"
# Screens that invite a touch as if nothing had happened.
INVITING = ("ready", "reserve")


class KioskAuditor:
    """Touches, screens and paper of the kiosks of one hall."""

    def __init__(self, model: HallModel) -> None:
        self._model = model
        self.papers: dict[str, int] = {}  # number -> prints without the mark
        self.copies: dict[str, int] = {}  # number -> marked prints
        self._abandoned: dict[str, None] = {}
        self._done: dict[str, None] = {}  # settled as printed, and not seen yet
        self._printing: dict[str, tuple[str, int]] = {}  # job -> (number, copy)
        self._answered_ms: dict[str, int] = {}  # kiosk -> when it last did anything
        self._new_boards: dict[str, None] = {}

    # ---- what happens at the kiosk ----

    def touched(self, kiosk: str, now_ms: int) -> tuple[str, int]:
        """A finger; what to ask `check_answered` with after ANSWERS_MS."""
        return kiosk, now_ms

    def did_something(self, kiosk: str, now_ms: int) -> None:
        """It showed another screen, asked for a ticket, or printed."""
        self._answered_ms[kiosk] = now_ms

    def check_answered(self, kiosk: str, touched_ms: int, screen: str) -> None:
        """P6, ANSWERS_MS after a touch."""
        if screen in INVITING and self._answered_ms.get(kiosk, -1) < touched_ms:
            raise PromiseBroken("P6", f"{kiosk} shows {screen} and did nothing about a touch")

    def check_refused(self, kiosk: str, screen: str) -> None:
        """P6, as soon as the kiosk has heard that what it asked for is refused."""
        if screen in INVITING:
            raise PromiseBroken("P6", f"{kiosk} was refused a ticket and says nothing of it")

    def board_replaced(self, kiosk: str) -> None:
        """What it had given out and not told is gone with the old board."""
        self._new_boards[kiosk] = None

    def paper_out(self, number: str, marked: bool) -> None:
        """A ticket falls into the tray."""
        if number not in self._model.issued_numbers and number not in self._model.reserved:
            raise PromiseBroken("P7", f"paper shows {number!r}, which the journal does not have")
        self._done.pop(number, None)
        if self._done:
            raise PromiseBroken("P7", f"{[*self._done]} settled as printed, but never came out")
        if marked:
            self.copies[number] = self.copies.get(number, 0) + 1
            return
        self.papers[number] = self.papers.get(number, 0) + 1
        if self.papers[number] > 1:
            raise PromiseBroken("P7", f"{number} came out twice without the mark 补打")

    # ---- what the journal says ----

    def take(self, record: Record) -> None:
        """A record is durable."""
        what, data = record.kind.removeprefix("calling."), record.data
        if what == "day_opened":
            self.papers.clear()
            self.copies.clear()
            self._printing.clear()
            self._done.clear()
            self._abandoned.clear()
        elif what == "print_queued":
            number = self._model.tickets[str(data["ticket"])].number
            self._printing[str(data["job"])] = (number, int(str(data["copy"])))
        elif what == "print_abandoned":
            self._abandoned[self._model.tickets[str(data["ticket"])].number] = None
        elif what == "print_settled":
            number, copy = self._printing.pop(str(data["job"]))
            # A first print may come out marked: where a kiosk was started since it was queued.
            out = self.copies.get(number) or (not copy and self.papers.get(number))
            if data["result"] == "done" and not out:
                self._done[number] = None  # perhaps it only waits for the cut

    def check_end(self) -> None:
        """Everything given out is known, and everything issued at a kiosk has its paper."""
        if self._new_boards:
            return
        lost = [number for number in self.papers if number not in self._model.issued_numbers]
        if lost:
            raise PromiseBroken("P6", f"given out without the gateway and never merged: {lost}")
        for number, ticket in self._model.issued_numbers.items():
            out = number in self.papers or number in self.copies or number in self._abandoned
            if self._model.tickets[ticket].kiosk and not out:
                raise PromiseBroken("P7", f"{number} was issued at a kiosk and never printed")
