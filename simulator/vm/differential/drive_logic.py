"""Any events into one logic; a line for every effect. MicroPython subset."""

from firmware.logic import events
from firmware.logic.base import Logic
from protocols.messages.node import Ack, JobResult
from protocols.messages.rating import RatingGiven
from protocols.ticks import TICKS_MASK, ticks_add, ticks_diff
from protocols.wire import Message
from simulator.vm.differential.chance import Chance
from simulator.vm.differential.messages import any_message
from simulator.vm.differential.shown import show

KINDS = ("pad", "wall", "sign", "lamp", "ticket", "voice", "rating")
SERVICES = ("a", "b", "vat")
# Devices seldom do at one moment what they do in a row of milliseconds, nor after days.
PAUSES_MS = (0, 1, 7, 19, 20, 21, 100, 400, 801, 1500, 3000, 11000, 31000, 3600000)


def make(kind: str) -> tuple:
    """(logic, the want it takes or None, the job it takes or None, its count of keys).

    Imported by need: a VM of 64 KB has no room for all kinds and this driver.
    """
    if kind == "pad":
        from firmware.logic.pad import KEY_COUNT, PadLogic
        from protocols.messages.pad import PadWant

        return PadLogic(), PadWant, None, KEY_COUNT
    if kind == "rating":
        from firmware.logic.rating import KEY_COUNT, RatingLogic
        from protocols.messages.rating import RatingWant

        return RatingLogic(), RatingWant, None, KEY_COUNT
    if kind == "wall":
        from firmware.logic.wall import WallLogic
        from protocols.messages.wall import WallWant

        return WallLogic(), WallWant, None, 0
    if kind == "sign":
        from firmware.logic.sign import SignLogic
        from protocols.messages.sign import SignWant

        return SignLogic(), SignWant, None, 0
    if kind == "lamp":
        from firmware.logic.lamp import LampLogic
        from protocols.messages.lamp import LampWant

        return LampLogic(), LampWant, None, 0
    if kind == "ticket":
        from firmware.logic.ticket import TicketLogic
        from protocols.messages.ticket import KioskWant, TicketJob

        return TicketLogic(), KioskWant, TicketJob, 0
    from firmware.logic.voice import VoiceLogic
    from protocols.messages.voice import VoiceJob

    return VoiceLogic(), None, VoiceJob, 0


class Driver:
    """One logic and the memory of its shell: what it stored, what it reported and is unsettled."""

    def __init__(self, chance: Chance, kind: str, say) -> None:
        self.chance = chance
        self.kind = kind
        self.say = say
        self.stored: dict[str, bytes] = {}
        self.reports: list[Message] = []
        self.now_ms = chance.pick((0, 12345, TICKS_MASK - 30000))
        self.ids: list[str] = []
        self.reserve = "9-9"  # what the kiosk's own is called, once it was acknowledged
        self.boot()

    def boot(self) -> None:
        """A new logic with what the one before stored."""
        self.logic, self.want, self.job, self.key_count = make(self.kind)
        self.say("~ boot")
        kept = [report for report in self.reports if isinstance(report, (RatingGiven, JobResult))]
        self.reports = list(kept)
        self.levels = [0] * max(1, self.key_count)
        self.feed((events.RESTORE, self.stored, list(kept)))
        if self.key_count and self.chance.one_in(4):
            self.key()
        self.feed((events.START,))
        if not self.chance.one_in(4):
            self.feed((events.LINK, True))
            self.feed((events.LEASE, True))
            if self.want is not None:
                self.feed((events.WANT, self.any_want()))

    def feed(self, event: tuple) -> None:
        """One event; its effects are said and carried out."""
        refused = []
        for effect in self.logic.step(self.now_ms, event):
            self.say(show(effect))
            if effect[0] == events.STORE:
                self.stored[effect[1]] = effect[2]
            elif effect[0] == events.REPORT:
                if len(self.reports) < 4:
                    self.reports.append(effect[1])
                else:
                    refused.append(effect[1])
        for report in refused:
            self.feed((events.FULL, report))

    def key(self) -> None:
        """A finger on any key, bouncing or not."""
        index = self.chance.below(self.key_count)
        for _ in range(self.chance.pick((1, 1, 1, 3))):
            self.levels[index] ^= 1
            self.feed((events.KEY, index, self.levels[index]))

    def pass_time(self, duration_ms: int) -> None:
        """Wake the logic when it asks to be."""
        end_ms = ticks_add(self.now_ms, duration_ms)
        for _ in range(40):
            wake = self.logic.wake_at()
            if wake is None or ticks_diff(wake, end_ms) > 0:
                break
            if ticks_diff(wake, self.now_ms) > 0:
                self.now_ms = wake
            self.feed((events.TICK,))
        self.now_ms = end_ms

    def step(self) -> None:
        """Something happens."""
        chance = self.chance
        draw = chance.below(16)
        if draw < 4:
            self.pass_time(chance.pick(PAUSES_MS))
        elif draw < 7:
            self.device()
        elif draw < 9 and self.want is not None:
            self.feed((events.WANT, self.any_want()))
        elif draw == 9:
            self.feed((events.LEASE, not chance.one_in(4)))
        elif draw == 10:
            self.feed((events.LINK, not chance.one_in(4)))
        elif draw < 13 and self.reports:
            report = self.reports.pop(chance.below(len(self.reports)))
            fixed: dict[str, object] = {"boot": 1, "seq": 1 + chance.below(3)}
            if report.KIND == "reserve_wanted" and not chance.one_in(4):
                fixed["result"] = "ok"
            ack = any_message(chance, Ack, fixed)
            assert isinstance(ack, Ack)
            self.feed((events.ACK, ack, report))
            if report.KIND == "reserve_wanted":
                self.reserve = "%d-%d" % (ack.boot, ack.seq)
                self.feed((events.JOB, self.reserve_job()))
        elif draw == 13 and chance.one_in(6):
            self.boot()
        elif draw == 13 and chance.one_in(3):
            self.feed((events.IDENTIFY, chance.pick((1000, 10000, 60000)), "w03-n"))
        elif self.job is not None:
            self.feed((events.JOB, self.any_job()))
        else:
            self.feed((events.TICK,))

    def device(self) -> None:
        """The device of this kind says something."""
        chance = self.chance
        if self.key_count:
            self.key()
            self.pass_time(chance.pick((0, 5, 25, 25, 100, 900)))
        elif self.kind == "ticket":
            draw = chance.below(4)
            if draw == 0:
                paper = chance.pick(("ok", "ok", "low", "out", "unknown"))
                cover = chance.pick(("closed", "closed", "open", "unknown"))
                fault = chance.pick(("none", "none", "cutter", "offline", "unknown"))
                self.feed((events.PRINTER, paper, cover, fault))
            elif draw == 1:
                self.feed((events.TOUCH, chance.pick(SERVICES)))
            elif self.ids:
                self.feed((events.PRINTED, chance.pick(self.ids[-3:])))
        elif self.kind == "voice":
            self.feed((events.SPOKEN, chance.pick(self.ids[-3:] + ["identify"])))

    def any_want(self) -> Message:
        """A picture, of the few that make the logic do something."""
        chance = self.chance
        fixed: dict[str, object] = {"turn": chance.below(5)}
        if self.kind == "rating":
            fixed["visit"] = chance.pick(("", "v1", "v2", "v3"))
            fixed["open_ms"] = chance.pick((0, 5000, 60000))
        elif self.kind == "ticket":
            from protocols.messages.ticket import KioskService

            fixed["open"] = not chance.one_in(4)
            service = {"code": chance.pick(SERVICES)}
            fixed["services"] = (any_message(chance, KioskService, service),)
        message = any_message(chance, self.want, fixed)
        assert isinstance(message, Message)
        return message

    def reserve_job(self) -> Message:
        """Numbers for the kiosk, mostly its own, mostly long before midnight."""
        from protocols.messages.ticket import ReserveJob, ReserveRow

        chance = self.chance
        fixed: dict[str, object] = {
            "reserve": "8-8" if chance.one_in(6) else self.reserve,
            "date": "2026-11-23",
            "day_ms": chance.pick((1, 32400000, 86339000, 86400000)),
            "hall_ms": 1795395600000 + chance.below(9999999),
        }
        rows = []
        for service in SERVICES:
            row = {"service": service, "first": chance.pick((940, 960, 980)), "last": 999}
            rows.append(any_message(chance, ReserveRow, row))
        fixed["rows"] = tuple(rows)
        message = any_message(chance, ReserveJob, fixed)
        assert isinstance(message, Message)
        return message

    def any_job(self) -> Message:
        """A job, now and then one sent before."""
        chance = self.chance
        if self.kind == "ticket" and chance.one_in(3):
            return self.reserve_job()
        if self.ids and chance.one_in(3):
            job_id = chance.pick(self.ids)
        else:
            job_id = "j%d" % len(self.ids)
            self.ids.append(job_id)
        fixed = {"id": job_id, "ttl_ms": chance.pick((0, 500, 20000, 0x7FFFFFFF))}
        message = any_message(chance, self.job, fixed)
        assert isinstance(message, Message)
        return message


def drive(kind: str, chance: Chance, steps: int, say) -> None:
    """`steps` happenings."""
    driver = Driver(chance, kind, say)
    assert isinstance(driver.logic, Logic)
    for _ in range(steps):
        driver.step()
    say("~ wake at " + show(driver.logic.wake_at()) + " stored " + show(driver.stored))
