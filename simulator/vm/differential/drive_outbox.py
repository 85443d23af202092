"""Reports numbered, resent and settled in any order. MicroPython subset."""

from protocols.messages.rating import RatingGiven
from protocols.outbox import Entry, Outbox
from protocols.ticks import TICKS_MASK, ticks_add
from simulator.vm.differential.chance import Chance
from simulator.vm.differential.shown import show


def _show_entries(entries: list[Entry]) -> str:
    return show([(e.boot, e.seq, e.message, e.age_ms, e.resend_ms) for e in entries])


def drive(what: str, chance: Chance, steps: int, say) -> None:
    """`steps` calls, each with what it returned; `what` is "all"."""
    assert what == "all"
    now_ms = chance.pick((0, TICKS_MASK - 5000))
    outbox = Outbox(1, chance.between(1, 8))
    for _ in range(steps):
        now_ms = ticks_add(now_ms, chance.pick((0, 1, 500, 999, 1000, 86400000, 1 << 28)))
        draw = chance.below(8)
        if draw < 3:
            report = RatingGiven(visit="v%d" % chance.below(9), grade=chance.between(1, 5))
            say("add " + show(outbox.add(now_ms, report)))
        elif draw == 3:
            outbox.send_all_again(now_ms)
        elif draw == 4:
            seq = chance.between(1, outbox.last_seq + 1)
            settled = outbox.settle(chance.between(1, 2), seq, chance.one_in(3))
            say("settled " + _show_entries(settled))
        elif draw == 5 and chance.one_in(4):
            kept = outbox.dump()
            outbox = Outbox(outbox.boot + 1, outbox.capacity)
            outbox.restore(now_ms, kept)
        elif draw == 6:
            say("age " + show(outbox.oldest_age_ms(now_ms)))
        else:
            say("due " + _show_entries(outbox.due(now_ms)))
        say(show(outbox.wake_at()) + " " + _show_entries(outbox.entries))
