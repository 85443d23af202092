"""The call pad of a window: nine keys, four digits, one light, one beeper.

    NEXT    RECALL  START         1 2 3
    FINISH  MISSED  HOLD          4 5 6
    TRANSFER PAUSE  HELP          7 8 9

Rules:
- a key acts when it goes down, except PAUSE and HOLD at an open window: short when released, long
  after LONG_MS (sign off; call the held ticket back);
- what a key means is taken from the picture shown when the finger went down, and its turn travels
  as `seen`, so that a press meant for an older picture is denied by the gateway;
- at a closed window four keys are the digits of a staff number; ten idle seconds forget them;
- TRANSFER asks for a digit 1..services within five seconds; TRANSFER again, a new turn or the
  time-out drop it (in a hall of seven services and more TRANSFER is digit 7 and does not cancel);
- a key that stays down pressed once; the technician is told of it, and again with every new link;
- at most one press is unsettled. A key pressed meanwhile, or while the gateway is not heard, the
  link is down or nothing has been wanted yet, is refused at once and has no effect;
- an unsettled press is never given a result the pad does not know: it shows "sent", after LATE_MS
  "offline", and stays so until the acknowledgement comes. `dup` shows what came of it first, and
  nothing when that is not told;
- the same key again within DOUBLE_MS of the press it sent is the same press: the answer often comes
  within 10 ms, so a double tap would otherwise act twice, the second time on a picture nobody read;
- results show for RESULT_MS. An old picture shows "----";
- identified, it shows all segments and its number in turn, and beeps; keys work as ever, and the
  first of them ends it. MicroPython subset, pure.
"""

from firmware.logic import events
from firmware.logic.base import Logic
from firmware.logic.debounce import Keys, key_line
from firmware.logic.identify import Identify
from firmware.logic.timers import earlier, earliest, is_due
from protocols.messages.node import Ack
from protocols.messages.pad import PadPressed, PadSignedIn, PadWant
from protocols.ticks import ticks_add

NEXT, RECALL, START, FINISH, MISSED, HOLD, TRANSFER, PAUSE, HELP = 0, 1, 2, 3, 4, 5, 6, 7, 8
COMMANDS = ("next", "recall", "start", "finish", "missed", "hold", "transfer", "pause", "help")
LONG_COMMANDS = ("", "", "", "", "", "unhold", "", "sign_off", "")
KEY_COUNT = 9

LONG_MS = 800
ENTRY_MS = 10000
CHOICE_MS = 5000
RESULT_MS = 1500
LATE_MS = 3000
DOUBLE_MS = 450

NOT_KNOWN = "----"
ALL_SEGMENTS = "8888"
BEEP_PHASES = 4  # of Identify: a beep every two seconds
MODE_LIGHTS = (
    ("closed", "off"),
    ("open", "ready"),
    ("called", "call"),
    ("serving", "busy"),
    ("paused", "paused"),
)
RESULT_LIGHTS = (("ok", "done"), ("stale", "stale"), ("denied", "refused"))


def _lookup(table: tuple[tuple[str, str], ...], name: str | None) -> str:
    for key, value in table:
        if key == name:
            return value
    return ""


class PadLogic(Logic):
    """State of one call pad; see the rules above."""

    def __init__(self) -> None:
        self._keys = Keys(KEY_COUNT)
        self._started = False
        self._want: PadWant | None = None
        self._fresh = False
        self._link = False
        # The picture shown when each finger went down; None: nothing one could act on.
        self._down: list[PadWant | None] = [None] * KEY_COUNT
        self._holding: list[tuple[int, int]] = []  # (key, when it becomes a long press)
        self._digits = ""
        self._digits_until: int | None = None
        self._choice_until: int | None = None
        self._pending: PadPressed | PadSignedIn | None = None
        self._late_at: int | None = None
        self._sent_key = -1  # the key of the latest press sent, while a second tap belongs to it
        self._sent_until: int | None = None
        self._result = ""  # light that covers the base light for a while
        self._result_until: int | None = None
        self._identify = Identify()
        self._beeped = -1  # the phase of the latest beep
        self._display = ""
        self._light = ""

    def step(self, now_ms: int, event: tuple) -> list[tuple]:
        """Take one event, return the effects."""
        effects: list[tuple] = []
        if self._started:
            self._pass_time(now_ms, effects)
        kind = event[0]
        if kind == events.KEY:
            if self._keys.edge(now_ms, event[1], event[2]):
                self._down[event[1]] = self._picture()
        elif kind == events.START:
            self._keys.begin(now_ms)
            self._started = True
        elif kind == events.WANT:
            self._take_want(event[1])
        elif kind == events.LEASE:
            self._fresh = event[1]
            self._drop_entries_unless_usable()
        elif kind == events.LINK:
            self._link = event[1]
            self._drop_entries_unless_usable()
            if self._link:  # what was told without a link, nobody heard
                for index in self._keys.stuck():
                    effects.append((events.LOG,) + key_line(index, COMMANDS[index], True))
        elif kind == events.ACK:
            if event[2] is self._pending:
                self._settle(now_ms, event[1], effects)
        elif kind == events.FULL and event[1] is self._pending:
            self._clear_pending()
            self._refuse(now_ms, effects)
        elif kind == events.IDENTIFY:
            self._identify.begin(now_ms, event[1], event[2])
            self._beeped = -1
        if self._started:
            self._show(effects)
        return effects

    def wake_at(self) -> int | None:
        """When it needs a tick at the latest."""
        deadline = self._keys.wake_at()
        for _, long_at in self._holding:
            deadline = earlier(deadline, long_at)
        return earliest(
            (deadline, self._digits_until, self._choice_until, self._late_at, self._sent_until)
            + (self._identify.wake_at(), self._result_until)
        )

    # ---- events ----

    def _pass_time(self, now_ms: int, effects: list[tuple]) -> None:
        self._identify.pass_time(now_ms)
        if is_due(self._digits_until, now_ms):
            self._forget_digits()
        if is_due(self._choice_until, now_ms):
            self._choice_until = None
        if is_due(self._late_at, now_ms):
            self._late_at = None
        if is_due(self._sent_until, now_ms):
            self._sent_key = -1
            self._sent_until = None
        if is_due(self._result_until, now_ms):
            self._result_until = None
        for index, level, first_edge in self._keys.settled(now_ms):
            if level:
                self._press(now_ms, index, first_edge, effects)
            else:
                self._release(now_ms, index, effects)
        for index, stuck in self._keys.complaints(now_ms):
            effects.append((events.LOG,) + key_line(index, COMMANDS[index], stuck))
        for index, long_at in self._holding:
            if is_due(long_at, now_ms):
                self._stop_holding(index)
                self._send_command(now_ms, index, LONG_COMMANDS[index], effects)

    def _take_want(self, want: PadWant) -> None:
        before = self._want
        self._want = want
        if before is not None and before.turn != want.turn:
            self._choice_until = None
        if want.mode != "closed" and self._pending is None:
            self._forget_digits()

    def _drop_entries_unless_usable(self) -> None:
        if self._picture() is None:
            self._choice_until = None
            if self._pending is None:
                self._forget_digits()

    def _settle(self, now_ms: int, ack: Ack, effects: list[tuple]) -> None:
        self._clear_pending()
        result = ack.first if ack.result == "dup" else ack.result
        light = _lookup(RESULT_LIGHTS, result)
        if light:
            self._show_result(now_ms, light)
            if result != "ok":
                effects.append((events.BEEP, "refused"))

    # ---- keys ----

    def _press(self, now_ms: int, index: int, first_edge: int, effects: list[tuple]) -> None:
        self._identify.end()
        seen = self._down[index]
        shown = self._picture()
        if index == self._sent_key and (shown is None or shown.mode != "closed"):
            return
        if seen is None or shown is None or self._pending is not None:
            self._refuse(now_ms, effects)
        elif seen.mode == "closed" or shown.mode == "closed":
            # A window that opened or closed under the finger: a digit or a command, who knows.
            if seen.mode == shown.mode:
                self._type_digit(now_ms, index, seen, effects)
            else:
                self._refuse(now_ms, effects)
        elif self._choice_until is not None:
            self._choose(now_ms, index, seen, effects)
        elif index == TRANSFER:
            if seen.services == 0:
                self._refuse(now_ms, effects)
            else:
                self._choice_until = ticks_add(now_ms, CHOICE_MS)
                effects.append((events.BEEP, "key"))
        elif LONG_COMMANDS[index]:
            self._holding.append((index, ticks_add(first_edge, LONG_MS)))
            effects.append((events.BEEP, "key"))
        else:
            command = COMMANDS[index]
            if index == HELP and seen.help:
                command = "help_cancel"
            effects.append((events.BEEP, "key"))
            self._send_command(now_ms, index, command, effects)

    def _release(self, now_ms: int, index: int, effects: list[tuple]) -> None:
        if not self._stop_holding(index):
            return
        seen = self._down[index]
        command = COMMANDS[index]
        if index == PAUSE and seen is not None and seen.mode == "paused":
            command = "resume"
        self._send_command(now_ms, index, command, effects)

    def _stop_holding(self, index: int) -> bool:
        kept = [entry for entry in self._holding if entry[0] != index]
        found = len(kept) < len(self._holding)
        self._holding = kept
        return found

    def _type_digit(self, now_ms: int, index: int, seen: PadWant, effects: list[tuple]) -> None:
        self._digits += str(index + 1)
        self._digits_until = ticks_add(now_ms, ENTRY_MS)
        effects.append((events.BEEP, "key"))
        if len(self._digits) == 4:
            self._digits_until = None
            message = PadSignedIn(staff_number=self._digits, seen=seen.turn)
            self._send(now_ms, message, effects)

    def _choose(self, now_ms: int, index: int, seen: PadWant, effects: list[tuple]) -> None:
        service = index + 1
        if index == TRANSFER and seen.services <= TRANSFER:
            self._choice_until = None
            effects.append((events.BEEP, "key"))
        elif service > seen.services:
            self._refuse(now_ms, effects)
        else:
            self._choice_until = None
            effects.append((events.BEEP, "key"))
            message = PadPressed(command="transfer", argument=service, seen=seen.turn)
            self._send(now_ms, message, effects)

    def _send_command(self, now_ms: int, index: int, command: str, effects: list[tuple]) -> None:
        seen = self._down[index]
        if seen is None or self._picture() is None or self._pending is not None:
            self._refuse(now_ms, effects)
        else:
            # One of the words above; the field checks it.
            message = PadPressed(command=command, argument=0, seen=seen.turn)  # type: ignore[arg-type]
            self._sent_key = index
            self._sent_until = ticks_add(now_ms, DOUBLE_MS)
            self._send(now_ms, message, effects)

    def _send(self, now_ms: int, message: PadPressed | PadSignedIn, effects: list[tuple]) -> None:
        self._pending = message
        self._late_at = ticks_add(now_ms, LATE_MS)
        self._result_until = None
        effects.append((events.REPORT, message))

    def _refuse(self, now_ms: int, effects: list[tuple]) -> None:
        self._show_result(now_ms, "refused")
        effects.append((events.BEEP, "refused"))

    # ---- picture ----

    def _picture(self) -> PadWant | None:
        """The picture an officer may act on now, or None."""
        return self._want if self._fresh and self._link else None

    def _clear_pending(self) -> None:
        self._pending = None
        self._late_at = None
        self._forget_digits()

    def _forget_digits(self) -> None:
        self._digits = ""
        self._digits_until = None

    def _show_result(self, now_ms: int, light: str) -> None:
        self._result = light
        self._result_until = ticks_add(now_ms, RESULT_MS)

    def _light_now(self) -> str:
        if self._identify.phase is not None:
            return "identify"
        if self._result_until is not None:
            return self._result
        shown = self._picture()
        if shown is None:
            return "offline"
        if self._pending is not None:
            return "sent" if self._late_at is not None else "offline"
        return "help" if shown.help else _lookup(MODE_LIGHTS, shown.mode)

    def _display_now(self) -> str:
        if self._identify.phase is not None:
            return self._own_number() if self._identify.phase % 2 else ALL_SEGMENTS
        want = self._want
        if want is None or not self._fresh:
            return NOT_KNOWN
        if self._digits:
            text = self._digits
        elif self._choice_until is not None:
            text = "t -"
        elif want.mode == "open":
            text = "%4d" % want.waiting
        elif want.mode == "paused":
            text = "PAUS"
        else:
            text = want.number
        return (text + "    ")[:4]

    def _own_number(self) -> str:
        """The digits in the node's id, as "no03"; three and more stand alone."""
        digits = "".join([c for c in self._identify.node if "0" <= c <= "9"])
        text = digits if len(digits) > 2 else "no" + digits
        return (text + "    ")[:4]

    def _show(self, effects: list[tuple]) -> None:
        phase = self._identify.phase
        if phase is not None and phase % BEEP_PHASES == 0 and phase != self._beeped:
            self._beeped = phase
            effects.append((events.BEEP, "identify"))
        display = self._display_now()
        if display != self._display:
            self._display = display
            effects.append((events.DISPLAY, display))
        light = self._light_now()
        if light != self._light:
            self._light = light
            effects.append((events.LIGHT, light))
