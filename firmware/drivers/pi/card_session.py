"""One ID-card reader as a conversation, without input and output.

Rules:
- find, select and read, every time anew, every POLL_MS; a card that lies there is told once, until
  it has been away for AWAY_MS, because modules differ in whether they find a card that stays;
- a damaged reply and silence are asked again with the next poll; a card that can not be read is
  told with the reason, once, until a step succeeds or the card is gone;
- of the reply only the 256 bytes of text are looked at; the photo is thrown away with the reply.
Events: ("card", IdCard), ("card_fault", text for the person at the reader), ("reader", heard) when
the reader begins or ceases to answer. Times are wrapped ticks.
"""

from firmware.logic.timers import earlier, is_due
from protocols.peripherals import idcard_record, sam_idcard
from protocols.ticks import ticks_add, ticks_diff

CARD = "card"
CARD_FAULT = "card_fault"
READER = "reader"

POLL_MS = 300
ANSWER_MS = 500
READ_ANSWER_MS = 3000
AWAY_MS = 2000

_FIND, _SELECT, _READ = "find", "select", "read"
_NO_CARD = 0x80


class CardSession:
    """Begins with `connected`."""

    def __init__(self) -> None:
        self._parser = sam_idcard.ReplyParser()
        self._step = ""
        self._poll_at: int | None = None
        self._silent_at: int | None = None
        self._heard: bool | None = None
        self._last_number = ""
        self._seen_at = 0
        self._told_fault = ""
        self._out = b""
        self._events: list[tuple[object, ...]] = []

    def take_output(self) -> bytes:
        """What to send now."""
        data = self._out
        self._out = b""
        return data

    def take_events(self) -> list[tuple[object, ...]]:
        """What happened, in order."""
        happened = self._events
        self._events = []
        return happened

    def connected(self, now_ms: int) -> None:
        """The line is open."""
        self._parser.forget()
        self._poll_at = now_ms

    def disconnected(self) -> None:
        """The line is gone."""
        self._step = ""
        self._poll_at = self._silent_at = None
        self._tell_heard(False)

    def receive(self, now_ms: int, data: bytes) -> None:
        """Bytes from the reader."""
        for reply in self._parser.feed(data):
            if not self._step:
                continue
            self._silent_at = None
            self._tell_heard(True)
            if reply[0] == "damaged":
                self._again(now_ms)
            else:
                self._take(now_ms, reply[1], reply[2])

    def wake(self, now_ms: int) -> None:
        """Time has passed."""
        if is_due(self._silent_at, now_ms):
            self._silent_at = None
            self._parser.forget()
            self._tell_heard(False)
            self._again(now_ms)
        if is_due(self._poll_at, now_ms):
            self._poll_at = None
            self._ask(now_ms, _FIND, sam_idcard.find(), ANSWER_MS)

    def wake_at(self) -> int | None:
        """When `wake` is wanted."""
        return earlier(self._silent_at, self._poll_at)

    # ---- steps ----

    def _ask(self, now_ms: int, step: str, request: bytes, answer_ms: int) -> None:
        self._step = step
        self._out = request
        self._silent_at = ticks_add(now_ms, answer_ms)

    def _again(self, now_ms: int) -> None:
        self._step = ""
        self._poll_at = ticks_add(now_ms, POLL_MS)

    def _take(self, now_ms: int, code: int, data: bytes) -> None:
        if self._step == _FIND and code == sam_idcard.CARD_FOUND:
            self._ask(now_ms, _SELECT, sam_idcard.select(), ANSWER_MS)
        elif self._step == _SELECT and code == sam_idcard.SUCCESS:
            self._ask(now_ms, _READ, sam_idcard.read(), READ_ANSWER_MS)
        elif self._step == _READ and code == sam_idcard.SUCCESS:
            self._read(now_ms, data)
            self._again(now_ms)
        else:
            self._refused(now_ms, code)
            self._again(now_ms)

    def _read(self, now_ms: int, data: bytes) -> None:
        try:
            card = idcard_record.parse(sam_idcard.text_of(data))
        except ValueError as error:  # RecordError is one
            self._fault(str(error))
            return
        self._told_fault = ""
        same = card.number == self._last_number
        if not same or ticks_diff(now_ms, self._seen_at) >= AWAY_MS:
            self._events.append((CARD, card))
        self._last_number = card.number
        self._seen_at = now_ms

    def _refused(self, now_ms: int, code: int) -> None:
        if self._step == _FIND and code == _NO_CARD:
            self._told_fault = ""
            if self._last_number and ticks_diff(now_ms, self._seen_at) >= AWAY_MS:
                self._last_number = ""
        else:
            self._fault(sam_idcard.fault(code))

    def _fault(self, text: str) -> None:
        if text != self._told_fault:
            self._told_fault = text
            self._events.append((CARD_FAULT, text))

    def _tell_heard(self, heard: bool) -> None:
        if heard != self._heard:
            self._heard = heard
            self._events.append((READER, heard))
