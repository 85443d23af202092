"""One voice chip (SYN6288 or XFS5152) as a conversation, without input and output.

Rules:
- a text is sent only to a chip that has just said that it is idle, because a new frame cuts off
  what is being said; that holds for every piece of a long text too. Only a chip that answers
  nothing at all is given a text (of one piece) unasked, so that people hear it;
- ("spoken", job) is told when the chip has accepted the last piece and then said "idle". A lost
  "idle" is asked for; a lost "accepted" too. A piece is offered TRIES times at most;
- a job that can not be shown to have been said is dropped without a word: the logic answers it as
  "unknown" when its time is over. Nothing is ever said twice.
Times are wrapped ticks.
"""

from firmware.logic import events
from firmware.logic.timers import earlier, is_due
from protocols.peripherals import syn6288, tts, xfs5152
from protocols.ticks import ticks_add, ticks_diff

SYN6288 = "syn6288"
XFS5152 = "xfs5152"
CHIPS = (SYN6288, XFS5152)

ANSWER_MS = 400
BUSY_POLL_MS = 250
SPEAKING_POLL_MS = 1500
TRIES = 3

_ASKING, _OFFERED, _SPEAKING = "asking", "offered", "speaking"


class ChipSession:
    """`baud` is the speed of the line, to know when a frame has left it."""

    def __init__(self, chip: str, baud: int) -> None:
        if chip not in CHIPS:
            raise ValueError(f"chip {chip!r}: it must be one of {CHIPS}")
        self._codec = syn6288 if chip == SYN6288 else xfs5152
        self._baud = baud
        self._parser = tts.ReplyParser()
        self._up = False
        self._job = ""
        self._pieces: list[bytes] = []  # still to be said, the first one perhaps under way
        self._phase = ""
        self._silences = 0  # questions in a row without an answer
        self._mute = True  # no word has come since the job was given
        self._tries = 0  # offers of this piece
        self._deadline: int | None = None
        self._free_at: int | None = None  # the line is busy until then
        self._frames: list[bytes] = []
        self._out = b""
        self._events: list[tuple[object, ...]] = []

    def take_output(self) -> bytes:
        """What to send now, one frame at most."""
        data = self._out
        self._out = b""
        return data

    def take_events(self) -> list[tuple[object, ...]]:
        """("spoken", job)."""
        happened = self._events
        self._events = []
        return happened

    # ---- the line ----

    def connected(self) -> None:
        """The line is open."""
        self._up = True

    def disconnected(self) -> None:
        """The line is gone; what was being said can not be followed any more."""
        self._up = False
        self._drop()

    def speak(self, now_ms: int, job: str, text: str) -> None:
        """Say this; a job given before is dropped, its giver has given it up."""
        self._drop()
        if not self._up:
            return
        self._job = job
        self._pieces = tts.split(text.encode("gbk"), self._codec.TEXT_BYTES_MAX)
        self._ask(now_ms)

    def receive(self, now_ms: int, data: bytes) -> None:
        """Bytes from the chip."""
        for word in self._parser.feed(data):
            if self._job:
                self._mute = False
                if word != "rejected":
                    self._silences = 0
                self._take(now_ms, word)

    def _take(self, now_ms: int, word: str) -> None:
        if word == "initialised":
            self._drop()  # it lost its power, and with it what it was saying
        elif self._phase == _ASKING:
            self._answered(now_ms, word)
        elif self._phase == _OFFERED:
            if word == "accepted" or word == "busy":
                self._phase = _SPEAKING
                self._deadline = ticks_add(now_ms, SPEAKING_POLL_MS)
            elif word == "rejected":
                self._offer_again(now_ms)
            # An "idle" here is the end of what was said before.
        elif word == "idle":
            self._said(now_ms)
        elif word == "busy":
            self._deadline = ticks_add(now_ms, SPEAKING_POLL_MS)

    def _answered(self, now_ms: int, word: str) -> None:
        if word == "idle":
            self._offer(now_ms)
        elif word == "busy" and self._tries:
            self._phase = _SPEAKING  # it had taken the piece; only its answer was lost
            self._deadline = ticks_add(now_ms, SPEAKING_POLL_MS)
        elif word == "busy":
            self._deadline = ticks_add(now_ms, BUSY_POLL_MS)

    # ---- time ----

    def wake(self, now_ms: int) -> None:
        """Time has passed."""
        if is_due(self._free_at, now_ms):
            self._free_at = None
            if self._frames:
                self._send(now_ms, self._frames.pop(0))
        if not is_due(self._deadline, now_ms):
            return
        self._deadline = None
        if self._silences >= TRIES:
            self._give_to_the_mute(now_ms)
        else:
            # Also while it speaks: its "idle" may have been lost.
            self._query(now_ms)

    def wake_at(self) -> int | None:
        """When `wake` is wanted."""
        return earlier(self._deadline, self._free_at)

    # ---- steps of a job ----

    def _ask(self, now_ms: int) -> None:
        self._phase = _ASKING
        self._tries = self._silences = 0
        self._mute = True
        self._query(now_ms)

    def _query(self, now_ms: int) -> None:
        if self._phase == _OFFERED:
            self._phase = _ASKING
        self._silences += 1
        self._put(now_ms, self._codec.status())

    def _offer(self, now_ms: int) -> None:
        if self._tries >= TRIES:
            self._drop()
            return
        self._phase = _OFFERED
        self._tries += 1
        self._put(now_ms, self._codec.speak(self._pieces[0], self._codec.GBK))

    def _offer_again(self, now_ms: int) -> None:
        self._phase = _ASKING
        self._query(now_ms)

    def _said(self, now_ms: int) -> None:
        self._pieces.pop(0)
        if self._pieces:
            self._tries = 0
            self._offer(now_ms)
            return
        self._events.append((events.SPOKEN, self._job))
        self._drop()

    def _give_to_the_mute(self, now_ms: int) -> None:
        if self._mute and len(self._pieces) == 1:
            self._put(now_ms, self._codec.speak(self._pieces[0], self._codec.GBK))
        self._drop()

    def _drop(self) -> None:
        self._job = ""
        self._pieces = []
        self._phase = ""
        self._deadline = None

    # ---- frames, one at a time ----

    def _put(self, now_ms: int, frame: bytes) -> None:
        self._frames.append(frame)
        if self._free_at is None:
            self._send(now_ms, self._frames.pop(0))
        wait_ms = 0 if self._free_at is None else ticks_diff(self._free_at, now_ms)
        self._deadline = ticks_add(now_ms, wait_ms + ANSWER_MS)

    def _send(self, now_ms: int, frame: bytes) -> None:
        self._out = frame
        line_ms = len(frame) * 10_000 // self._baud + 1
        self._free_at = ticks_add(now_ms, line_ms + syn6288.FRAME_GAP_MS)
