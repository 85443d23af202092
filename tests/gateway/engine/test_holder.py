"""Who holds a ticket is in the journal, sealed, and in nothing that leaves the engine."""

from gateway.core.effects import Publish
from gateway.systems.calling import commands as c

SEALED = ("hkp1:one", "hkp1:two")
TO_SOMEBODY = c.IssueTicketTo("filing", "kiosk-1", person="p7", sealed=SEALED)


def everything_published(rig) -> bytes:
    return b"\n".join(each.payload for each in rig.sent if isinstance(each, Publish))


def test_printer_wall_pad_sign_lamp_and_voice_are_not_told_even_what_is_sealed(rig, read):
    nodes = ("w01-pad", "w01-sign", "w01-lamp", "w01-rating", "wall-1", "kiosk-1", "voice-1")
    rig.ready(*nodes)
    rig.sign_in("w01-pad", 1, "1111")
    rig.round()
    ticket = rig.ask(TO_SOMEBODY).body["ticket"]
    rig.press("w01-pad", 2)
    rig.round()
    rig.run(60_000)
    told = {node for node, _ in read.jobs(rig.sent)}
    assert {"kiosk-1", "voice-1"} <= told, "a print and an announcement went out"
    assert {"w01-pad", "w01-sign", "wall-1"} <= set(read.wants(rig.sent))
    assert b"hkp1" not in everything_published(rig)
    assert "hkp1" not in repr(rig.engine.hall_view(rig.now_ms))
    assert "hkp1" not in repr(rig.engine.ticket_view(ticket))
    assert "hkp1" not in repr(rig.engine.nodes_view(rig.now_ms))
    assert rig.engine.holder_of(ticket) == list(SEALED)
    assert [row["sealed"] for row in rig.stored("calling.holder_noted")] == list(SEALED)


def test_the_answer_and_what_is_remembered_of_the_call_do_not_hold_it(rig):
    rig.ready()
    answer = rig.ask(TO_SOMEBODY)
    assert "hkp1" not in repr(answer)
    assert "hkp1" not in repr(rig.stored("core.request_settled"))
    assert "p7" not in repr(rig.stored("core.request_settled"))


def test_the_same_call_is_known_again_though_sealing_twice_gives_two_texts(rig):
    rig.ready()
    first = rig.ask(TO_SOMEBODY)
    again = rig.ask(c.IssueTicketTo("filing", "kiosk-1", person="p7", sealed=("hkp1:three",)))
    assert (again.body, again.repeated) == (first.body, True)
    other = rig.ask(c.IssueTicketTo("filing", "kiosk-1", person="p8", sealed=SEALED))
    assert other.status == "conflict"
    assert len(rig.stored("calling.holder_noted")) == len(SEALED)


def test_it_is_known_after_a_restart_and_gone_with_the_day(rig):
    rig.ready()
    ticket = rig.ask(TO_SOMEBODY).body["ticket"]
    for use_snapshot in (True, False):
        rig.crash()
        rig.boot(use_snapshot=use_snapshot)
        assert rig.engine.holder_of(ticket) == list(SEALED)
    rig.round(later_ms=20 * 3_600_000)
    rig.issue()
    assert rig.engine.holder_of(ticket) is None


def test_a_refused_ticket_leaves_nothing_of_its_holder(rig):
    rig.ready()
    refused = rig.ask(c.IssueTicketTo("nonsense", None, person="p7", sealed=SEALED))
    assert refused.status == "refused"
    assert rig.stored("calling.holder_noted") == []
