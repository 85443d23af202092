"""P3: an accepted press has exactly one effect, a refused one none, and the pad says so.

Also: what a press acts on is what the pad showed when the finger went down, never another ticket.
P1: a verdict for which the pad said thanks arrives, whatever happens to the pad; so does whatever
else a node keeps over a restart, once it has begun to say it. P13: whoever has stolen a credential
acts as that node only.

Fed with fingers on keys, with the bytes of reports and acknowledgements as they pass on the
network, and with the journal's records; it decides by the words on the wire alone.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.journal.records import Record
from simulator.auditor_effects import (
    CHOOSING,
    Picture,
    check_effects,
    check_picture,
    check_ticket,
)
from simulator.broken import PromiseBroken

PRESS_MS_MAX = 3000  # a finger's longest way from going down to the report
TYPED_MS_MAX = 11_000  # between two digits of a staff number
TRANSIT_MS = 1500
AGE_UNKNOWN_MS = 1 << 29
KEY_OF_COMMAND = {
    "next": 0,
    "recall": 1,
    "start": 2,
    "finish": 3,
    "missed": 4,
    "hold": 5,
    "unhold": 5,
    "transfer": None,
    "pause": 7,
    "resume": 7,
    "sign_off": 7,
    "help": 8,
    "help_cancel": 8,
}
# What a node keeps in its flash until it is acknowledged, by the words on the wire.
KEPT = ("rating_given", "job_result")
AGED = ("pad_pressed", "pad_signed_in", "ticket_requested")


@dataclass(slots=True)
class ReportFact:
    """One numbered report, from its first byte on the wire."""

    command: str
    made_ms: int
    ages: bool
    shown: str
    kept: bool
    effects: list[str] = field(default_factory=list)
    result: str = ""
    heard: bool = False


class PressAuditor:
    """Follows every press and every report to its end."""

    def __init__(
        self,
        press_age_ms: int,
        picture: Callable[[str], Picture],
        stolen: tuple[str, ...] = (),
    ) -> None:
        """`picture` of a window, now; `stolen`: nodes whose credential an intruder may have, and
        nobody presses their keys."""
        self.reports: dict[str, ReportFact] = {}
        self.touches: dict[str, list[int]] = {}
        # node -> (key, down at, what it showed then), those no report has used yet
        self.presses: dict[str, list[tuple[int, int, str]]] = {}
        self.thanked: dict[str, int] = {}  # rating pad -> verdicts it said thanks for
        self.verdicts: dict[str, int] = {}  # rating pad -> verdicts that were settled
        self._stolen = stolen
        self._picture = picture
        self._press_age_ms = press_age_ms

    def pressed(self, node: str, key: int, at_ms: int, shown: str) -> None:
        """A finger goes down on a node that shows `shown`."""
        self.presses.setdefault(node, []).append((key, at_ms, shown))

    def touched(self, node: str, at_ms: int) -> None:
        """A finger on the kiosk's glass."""
        self.touches.setdefault(node, []).append(at_ms)

    def report_sent(self, node: str, payload: bytes, now_ms: int) -> str:
        """A report leaves its node; its name when that is for the first time, else ""."""
        body = json.loads(payload)
        name = f"{node}:{body['boot']}:{body['seq']}"
        kind = body["k"]
        command = str(body.get("command", kind))
        known = self.reports.get(name)
        if known is not None:
            if known.command != command:
                raise PromiseBroken("P3", f"{name} was {known.command}, is sent as {command}")
            return ""
        made_ms = now_ms - int(body["age_ms"])
        shown = ""
        if kind in ("pad_pressed", "pad_signed_in", "rating_given"):
            made_ms, shown = self._use_presses(node, name, body, made_ms)
        elif kind == "ticket_requested":
            made_ms = self._use_touch(node, name, made_ms)
        self.reports[name] = ReportFact(command, made_ms, kind in AGED, shown, kind in KEPT)
        return name

    def _use_touch(self, node: str, name: str, made_ms: int) -> int:
        touches = self.touches.get(node, [])
        for place, at_ms in enumerate(touches):
            if abs(at_ms - made_ms) <= 5:
                return touches.pop(place)
        raise PromiseBroken("P3", f"{name}: a ticket is asked for that nobody touched")

    def _use_presses(
        self, node: str, name: str, body: dict[str, object], made_ms: int
    ) -> tuple[int, str]:
        """Take the fingers this report is about off the list; nobody else may use them."""
        if body["k"] == "pad_signed_in":
            keys = [int(digit) - 1 for digit in str(body["staff_number"])]
        elif body["k"] == "rating_given":
            keys = [int(str(body["grade"])) - 1]
        elif body["command"] == "transfer":
            keys = [int(str(body["argument"])) - 1]
        else:
            keys = [KEY_OF_COMMAND[str(body["command"])] or 0]
        within_ms = PRESS_MS_MAX
        if int(str(body["age_ms"])) >= AGE_UNKNOWN_MS:
            # Kept over a restart of the node, which no longer knows when it was.
            made_ms, within_ms = made_ms + AGE_UNKNOWN_MS, AGE_UNKNOWN_MS
        last_ms, shown = self._use_press(node, name, keys[-1], made_ms, within_ms)
        before_ms = last_ms
        for key in reversed(keys[:-1]):
            before_ms, _ = self._use_press(node, name, key, before_ms, TYPED_MS_MAX)
        return last_ms, shown

    def _use_press(
        self, node: str, name: str, key: int, until_ms: int, within_ms: int
    ) -> tuple[int, str]:
        """The latest press of this key up to then; what was pressed before it is used up, too."""
        presses = self.presses.get(node, [])
        for place in range(len(presses) - 1, -1, -1):
            pressed_key, at_ms, shown = presses[place]
            if pressed_key == key and until_ms - within_ms <= at_ms <= until_ms:
                del presses[place]
                self.presses[node] = [press for press in presses if press[1] > at_ms - TYPED_MS_MAX]
                return at_ms, shown
        raise PromiseBroken("P3", f"{name}: a report of key {key} that nobody pressed")

    def record_durable(self, record: Record, now_ms: int) -> None:
        """A record that a report may have caused."""
        name = record.cause
        if name.partition(":")[0] in self._stolen:
            self._check_stolen(name.partition(":")[0], record)
        elif record.kind == "core.report_settled":
            data = record.data
            settled = f"{data['node']}:{data['boot']}:{data['seq']}"
            if settled != name:
                raise PromiseBroken("P3", f"{settled} settled by {name}")
            self._settle(settled, str(data["result"]), now_ms)
        elif name.count(":") == 2:
            fact = self._known(name)
            if fact.result:
                raise PromiseBroken("P3", f"{name} has a second effect, {record.kind}")
            if fact.shown and not fact.effects:
                window = name.partition(":")[0].rpartition("-")[0]
                check_picture(name, fact.command, fact.shown, self._picture(window))
            fact.effects.append(record.kind.removeprefix("calling."))
            if fact.shown != CHOOSING:
                check_ticket(name, fact.shown, record)

    def _check_stolen(self, node: str, record: Record) -> None:
        """P13: an intruder's report does nothing but what concerns the stolen node's window."""
        window = node.rpartition("-")[0]
        if record.kind != "core.report_settled" and record.data.get("window") != window:
            raise PromiseBroken("P13", f"the intruder at {node} made {record.kind} {record.data}")

    def is_stolen(self, node: str) -> bool:
        """Whether an intruder may speak as this node."""
        return node in self._stolen

    def intruder_heard(self, node: str, topic: str) -> None:
        """P13: an intruder gets no message but those for the stolen node, and the beat."""
        own = f"/{node}/down/" in topic or topic.endswith("/gw/state")
        if not own:
            raise PromiseBroken("P13", f"the intruder at {node} heard {topic}")

    def board_replaced(self, node: str) -> None:
        """A new board under the old name: what the old one still had is gone with it."""
        self.thanked.pop(node, None)
        self.verdicts.pop(node, None)
        for name, fact in self.reports.items():
            if name.startswith(f"{node}:"):
                fact.kept = False

    def check_end(self) -> None:
        """Every verdict that was thanked for has come, and all that was kept until it is heard."""
        for name, fact in self.reports.items():
            if fact.kept and not fact.result:
                raise PromiseBroken("P1", f"{name} ({fact.command}) was kept, but never settled")
        for node, count in self.thanked.items():
            if self.verdicts.get(node, 0) < count:
                came = self.verdicts.get(node, 0)
                raise PromiseBroken("P1", f"{node} said thanks {count} times, {came} verdicts came")

    def _known(self, name: str) -> ReportFact:
        fact = self.reports.get(name)
        if fact is None:
            raise PromiseBroken("P3", f"{name} has an effect, but no such report was ever sent")
        return fact

    def _settle(self, name: str, result: str, now_ms: int) -> None:
        fact = self._known(name)
        if fact.result:
            raise PromiseBroken("P3", f"{name} settled twice: {fact.result}, then {result}")
        fact.result = result
        if fact.command == "rating_given":
            node = name.partition(":")[0]
            self.verdicts[node] = self.verdicts.get(node, 0) + 1
        if result != "ok":
            if fact.effects:
                raise PromiseBroken("P3", f"{name} was {result}, yet made {fact.effects}")
            return
        check_effects(name, fact.command, fact.effects)
        late_ms = now_ms - fact.made_ms
        if fact.ages and late_ms > self._press_age_ms + TRANSIT_MS:
            raise PromiseBroken("P3", f"{name} ({fact.command}) executed {late_ms} ms late")

    def ack_heard(self, node: str, payload: bytes) -> tuple[str, str]:
        """An acknowledgement reaches its node: (what the report was, what came of it).

        "" when nobody can know, and when this node has heard it before: it has said so then.
        """
        body = json.loads(payload)
        name = f"{node}:{body['boot']}:{body['seq']}"
        fact = self.reports.get(name)
        told = body["first"] if body["result"] == "dup" else body["result"]
        if fact is None or not fact.result:
            raise PromiseBroken("P1", f"{name} acknowledged as {told}, but nothing is durable")
        if told != fact.result and told is not None:
            raise PromiseBroken("P3", f"{name} acknowledged as {told}, but it was {fact.result}")
        repeated, fact.heard = fact.heard, True
        return fact.command, "" if repeated else str(told or "")
