"""Wants, beats and jobs: new only on change, said again until shown, silent when all is well."""

import itertools

import pytest

from gateway.core.effects import Publish
from gateway.engine import BEAT_MS, REFRESH_MS
from gateway.systems.calling import commands as c
from protocols.catalogue import messages_on
from protocols.messages.node import GatewayState
from protocols.topics import BEAT, WANT
from protocols.wire import decode

QUIET_MS = REFRESH_MS - 5_000


@pytest.fixture
def hall(rig):
    return rig.ready("w01-pad", "kiosk-1", "voice-1", "wall-1")


def settle_down(hall, read):
    """Every node shows what it should."""
    for view in hall.engine.nodes_view(hall.now_ms):
        if view["online"] and view["want_rev"] is not None:
            hall.shows(view["id"], view["want_rev"])
    hall.round()


def revisions(hall):
    return {v["id"]: v["want_rev"] for v in hall.engine.nodes_view(hall.now_ms)}


# --- wants


def test_first_connection_publishes_the_picture_of_every_node_that_shows_something(
    rig, read, hall_config
):
    wants = read.wants(rig.connect())
    assert set(wants) == {node.id for node in hall_config.nodes if node.kind != "voice"}
    assert {want.rev for want in wants.values()} == {1}
    assert {want.epoch for want in wants.values()} == {rig.engine.epoch}


def test_nothing_is_published_before_the_broker_is_reached(rig):
    rig.issue()
    assert all(not isinstance(effect, Publish) for effect in rig.sent)


def test_only_pictures_that_changed_get_a_new_revision(hall, read):
    before = revisions(hall)
    assert hall.ask(c.SignIn("w01", "1111")).status == "done"
    after = revisions(hall)
    assert {node for node in before if before[node] != after[node]} == {"w01-pad", "w01-sign"}


def test_only_news_calls_for_a_round(hall):
    hall.round()
    pad, away = revisions(hall)["w01-pad"], revisions(hall)["w02-pad"]
    assert not hall.shows("w01-pad", pad)
    assert not hall.shows("w02-pad", away, kept=True)
    assert hall.shows("w02-pad", away), "it is back, and waits for its picture"
    assert hall.press("w01-pad", 1)


def test_wall_is_told_of_a_call_before_any_other_display(hall, read):
    settle_down(hall, read)
    hall.sign_in("w01-pad", 1, "1111")
    hall.issue()
    hall.press("w01-pad", 2)
    told = [node for node, _ in read.published(hall.round(), WANT)]
    assert told[0] == "wall-1"
    assert {"w01-pad", "w01-sign"} < set(told)


def test_round_in_which_nothing_happens_changes_no_revision(hall):
    before = revisions(hall)
    hall.run(5 * REFRESH_MS)
    assert revisions(hall) == before


def test_every_picture_is_the_same_as_one_computed_from_nothing(hall, read):
    """What is left out because it cannot have changed has not changed."""
    for window, officer in (("w01", "1111"), ("w07", "1122")):
        hall.ask(c.SignIn(window, officer), f"in-{window}")
    for service in ("filing", "property"):
        hall.issue(service)
    for command in ("next", "start", "hold", "unhold", "finish", "pause", "resume", "help"):
        for window in ("w01", "w07"):
            hall.ask(c.CommandWindow(window, command), f"{window}-{command}")
        before = revisions(hall)
        hall.engine._hall.changed = None
        hall.round()
        assert revisions(hall) == before, command


def test_want_is_said_again_until_the_node_shows_it(hall, read):
    settle_down(hall, read)
    hall.ask(c.SignIn("w01", "1111"))
    rev = revisions(hall)["w01-pad"]
    again = [e for _, e in hall.run(7_000)]
    assert [want.rev for node, want in read.published(again, WANT) if node == "w01-pad"] == [
        rev,
        rev,
    ]
    hall.shows("w01-pad", rev - 1)
    assert "w01-pad" in read.wants(e for _, e in hall.run(10_000))
    hall.shows("w01-pad", rev, epoch=hall.engine.epoch - 1)
    assert "w01-pad" in read.wants(e for _, e in hall.run(20_000))
    hall.shows("w01-pad", rev)
    assert "w01-pad" not in read.wants(e for _, e in hall.run(15_000))


def test_quiet_hall_publishes_nothing_but_its_beat(hall, read):
    settle_down(hall, read)
    later = [effect for _, effect in hall.run(QUIET_MS)]
    assert read.wants(later) == {}
    assert len(later) == len(read.beats(later, hall.config.hall.id))


def test_everything_is_said_again_every_minute_though_confirmed(hall, read):
    settle_down(hall, read)
    later = [effect for _, effect in hall.run(REFRESH_MS)]
    assert set(read.wants(later)) == set(revisions(hall)) - {"voice-1"}


def test_broker_that_came_back_hears_everything_again(hall, read):
    settle_down(hall, read)
    hall.engine.broker_lost()
    hall.issue()
    wants = read.wants(hall.connect())
    assert set(wants) == set(revisions(hall)) - {"voice-1"}
    assert wants["wall-1"].waiting == 1


def test_nothing_is_published_while_the_broker_is_away(hall):
    hall.engine.broker_lost()
    sent = len(hall.sent)
    hall.issue()
    hall.run(3 * REFRESH_MS)
    assert all(not isinstance(effect, Publish) for effect in hall.sent[sent:])


def test_node_that_is_born_hears_its_picture_at_once_though_it_was_confirmed(hall, read):
    settle_down(hall, read)
    hall.birth("w01-pad", boot=2)
    assert set(read.wants(hall.round())) == {"w01-pad"}


def test_late_will_of_a_dead_connection_changes_nothing(hall, read):
    hall.birth("w01-pad", boot=1, connection=2)
    hall.round()
    settle_down(hall, read)
    hall.run(1000)
    (before,) = [v for v in hall.engine.nodes_view(hall.now_ms) if v["id"] == "w01-pad"]
    hall.life("w01-pad", "lost", boot=1, connection=1)
    assert read.wants(hall.round()) == {}
    (view,) = [v for v in hall.engine.nodes_view(hall.now_ms) if v["id"] == "w01-pad"]
    assert view == before, "it was not seen either"


def test_what_the_broker_kept_of_a_dead_node_is_no_sign_of_life(hall):
    hall.life("w01-pad", "lost")
    hall.run(30_000)
    hall.shows("w01-pad", 1, kept=True)
    (view,) = [v for v in hall.engine.nodes_view(hall.now_ms) if v["id"] == "w01-pad"]
    assert view["last_seen_ms_ago"] >= 30_000
    assert not view["fresh"]


def test_a_sign_whose_old_will_the_broker_kept_is_there_once_it_shows_something(hall, read):
    # The gateway has started anew and been told of a life that is over; the sign was there all the
    # time, has nothing to report, and will not say once more that it was born.
    hall.life("w01-sign", "lost")
    hall.shows("w01-sign", 1)
    (view,) = [v for v in hall.engine.nodes_view(hall.now_ms) if v["id"] == "w01-sign"]
    assert view["online"]
    hall.ask(c.SignIn("w01", "1111"))
    later = [effect for _, effect in hall.run(QUIET_MS)]
    # Sent until it is confirmed.
    assert len([want for want in later if want.topic.endswith("w01-sign/down/want")]) > 1


def test_node_that_is_away_is_told_once_for_the_broker_to_keep(hall, read):
    hall.life("w01-pad", "lost")
    hall.ask(c.SignIn("w01", "1111"))
    later = [effect for _, effect in hall.run(QUIET_MS)]
    assert "w01-pad" not in read.wants(later)


# --- the beat


def test_beat_comes_every_three_seconds_with_the_clock_of_this_gateway(hall, read):
    settle_down(hall, read)
    made = hall.run(30_000)
    beats = [(at, e) for at, e in made if read.beats([e], hall.config.hall.id)]
    times = [at for at, _ in beats]
    assert [b - a for a, b in itertools.pairwise(times)] == [BEAT_MS] * (len(times) - 1)
    assert len(times) == 10
    for at, effect in beats:
        state = decode(effect.payload, messages_on(BEAT))
        assert isinstance(state, GatewayState)
        assert (state.state, state.epoch) == ("online", hall.engine.epoch)
        assert state.at_ms == at - hall.engine._hall.started_ms


def test_birth_of_a_node_is_answered_with_a_beat(hall, read):
    settle_down(hall, read)
    hall.run(BEAT_MS // 2)
    hall.birth("w02-pad")
    assert hall.engine.wake_at() <= hall.now_ms
    assert len(read.beats(hall.round(), hall.config.hall.id)) == 1


def test_will_and_farewell_name_the_connection_they_end(rig, read):
    will = decode(rig.engine.will(3).payload, messages_on(BEAT))
    assert (will.state, will.connection, will.epoch) == ("lost", 3, rig.engine.epoch)
    rig.engine.broker_connected(rig.now_ms, 3)
    farewell = rig.engine.farewell(rig.now_ms)
    state = decode(farewell.payload, messages_on(BEAT))
    assert (state.state, state.connection) == ("bye", 3)
    assert (farewell.qos, farewell.retain) == (1, True)


def test_farewell_of_a_gateway_that_never_reached_a_broker_can_be_said(rig):
    state = decode(rig.engine.farewell(rig.now_ms).payload, messages_on(BEAT))
    assert (state.state, state.connection) == ("bye", 1)


# --- jobs


def jobs_of(effects, node, read):
    return [message for name, message in read.jobs(effects) if name == node]


def test_print_is_sent_again_with_the_same_id_until_it_is_settled(hall, read):
    hall.touch(1)
    (first,) = jobs_of(hall.round(), "kiosk-1", read)
    again = jobs_of([e for _, e in hall.run(15_000)], "kiosk-1", read)
    assert again == [first] * 3
    hall.result("kiosk-1", 2, first.id)
    hall.round()
    assert jobs_of([e for _, e in hall.run(60_000)], "kiosk-1", read) == []


def test_print_is_marked_for_a_kiosk_that_was_started_since_it_was_queued(hall, read):
    hall.touch(1, "invoice")  # a kiosk's first word; what is queued before one is heard has no boot
    hall.round()
    hall.result("kiosk-1", 2, read.jobs(hall.sent)[0][1].id)
    hall.touch(3)
    (first,) = jobs_of(hall.round(), "kiosk-1", read)
    hall.birth("kiosk-1", boot=1, connection=2)
    (again,) = jobs_of(hall.round(), "kiosk-1", read)
    hall.birth("kiosk-1", boot=2)
    (other,) = jobs_of(hall.round(), "kiosk-1", read)
    assert [(job.id, job.copy) for job in (first, again, other)] == [
        (first.id, 0),
        (first.id, 0),
        (first.id, 1),
    ], "another board stands there, perhaps, and the one before may have printed it"


def test_print_for_a_kiosk_that_is_away_waits_for_its_birth(hall, read):
    hall.life("kiosk-1", "lost")
    hall.ask(c.IssueTicket("filing", "kiosk-1"))
    assert jobs_of([e for _, e in hall.run(29_000)], "kiosk-1", read) == []
    hall.birth("kiosk-1", boot=2)
    assert len(jobs_of(hall.round(), "kiosk-1", read)) == 1


def test_one_announcement_is_out_at_a_time_in_the_order_of_the_calls(hall, read):
    hall.ask(c.SignIn("w01", "1111"), "in")
    for _ in range(3):
        hall.issue()
    sent = len(hall.sent)
    for number in range(3):
        hall.ask(c.CommandWindow("w01", "next"), f"next-{number}")
    said = []
    for seq in range(1, 4):
        (job,) = {m.id: m for m in jobs_of(hall.sent[sent:], "voice-1", read)}.values()
        said.append(job.number)
        sent = len(hall.sent)
        hall.result("voice-1", seq, job.id)
        hall.round()
    assert said == ["A001", "A002", "A003"]


def test_announcement_nobody_spoke_expires_and_the_next_one_goes_out(hall, read):
    hall.ask(c.SignIn("w01", "1111"), "in")
    for number in range(2):
        hall.issue()
        hall.ask(c.CommandWindow("w01", "next"), f"next-{number}")
        hall.run(30_000)
    hall.run(60_000)
    spoken = jobs_of(hall.sent, "voice-1", read)
    numbers = [job.number for job in spoken]
    assert set(numbers) == {"A001", "A002"}
    assert numbers == sorted(numbers)
    assert [s["result"] for s in hall.stored("calling.announcement_settled")] == ["expired"] * 2
    # The second one waited for its turn; what is left of its life is told as it is.
    assert spoken[0].ttl_ms == 60_000
    assert next(job.ttl_ms for job in spoken if job.number == "A002") == 30_000


# --- what cannot be read


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("hk1/langfang/w01-pad/up/ev", b"\xff"),
        ("hk1/langfang/w01-pad/up/ev", b'{"k":"pad_pressed","v":1}'),
        ("hk1/langfang/w01-pad/up/state", b""),
        ("hk1/langfang/w01-pad/down/want", b"{}"),
        ("hk1/langfang/w01-pad/up/log", b"\xff"),
        ("hk1/langfang/nobody/up/ev", b"{}"),
        ("hk1/elsewhere/w01-pad/up/ev", b"{}"),
        ("else", b"{}"),
    ],
)
def test_message_no_rule_can_read_is_dropped_and_counted(hall, topic, payload):
    hall.round()
    seq = hall.engine.seq
    hall.engine.receive(hall.now_ms, topic, payload)
    assert not hall.engine.has_work
    hall.round()
    assert hall.engine.seq == seq
    (view,) = [v for v in hall.engine.nodes_view(hall.now_ms) if v["id"] == "w01-pad"]
    assert hall.engine.rejected + view["rejected"] == 1


def test_kiosk_is_told_of_a_few_prints_at_a_time_in_the_order_of_the_tickets(hall, read):
    for number in range(7):
        hall.ask(c.IssueTicket("filing", "kiosk-1"), f"issue-{number}")
    jobs = jobs_of(hall.sent, "kiosk-1", read)
    assert [job.number for job in jobs] == ["A001", "A002", "A003", "A004"]
    hall.result("kiosk-1", 1, jobs[0].id)
    assert [job.number for job in jobs_of(hall.round(), "kiosk-1", read)] == ["A005"]


def test_after_a_new_connection_jobs_wait_until_the_broker_says_who_is_there(hall, read):
    hall.touch(1)
    hall.round()
    hall.engine.broker_lost()
    assert jobs_of(hall.connect(), "kiosk-1", read) == []
    hall.birth("kiosk-1")
    assert len(jobs_of(hall.round(), "kiosk-1", read)) == 1


def test_node_whose_birth_was_lost_is_believed_by_its_report(hall, read):
    hall.life("kiosk-1", "lost")
    hall.ask(c.IssueTicket("filing", "kiosk-1"))
    hall.run(60_000)
    sent = len(hall.sent)
    hall.touch(1)
    hall.round()
    assert [job.number for job in jobs_of(hall.sent[sent:], "kiosk-1", read)] == ["A001", "A002"]
    (view,) = [v for v in hall.engine.nodes_view(hall.now_ms) if v["id"] == "kiosk-1"]
    assert view["online"]


def test_node_believed_by_its_report_is_told_its_picture_again(hall, read):
    settle_down(hall, read)
    hall.life("w01-pad", "lost")
    hall.round()
    hall.press("w01-pad", 1, "next")
    effects = hall.round()
    assert [ack.why for _, ack in read.acks(effects)] == ["not_signed_in"], "nothing has changed"
    assert set(read.wants(effects)) == {"w01-pad"}
