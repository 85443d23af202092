"""The technician's side: what nodes tell, identifying, updating; and no press that waits for it."""

import math

import pytest

from gateway.core.delivery import RESEND_MS, RESEND_MS_MAX
from gateway.core.effects import Publish
from gateway.core.releases import ReleaseInfo
from gateway.service import BLOCKS_AT_ONCE, BLOCKS_EVERY_MS, LOG_BURST, LOG_EVERY_MS
from protocols.messages.node import NodeLog
from protocols.messages.service import (
    BLOCK_BYTES_MAX,
    Block,
    BlockWanted,
    Identify,
    NodeHealth,
    UpdateOffer,
    UpdateState,
)
from protocols.topics import ACK, BLOCK, GET, JOB, LOG, parse

BYTES = 96_000
OFFER = UpdateOffer(release=13, name="0.2.1", manifest_bytes=4310, signature_bytes=1456)


class Releases:
    """Release 13, one file of `x`."""

    def __init__(self) -> None:
        self.asked = 0

    def newest_first(self):
        return [ReleaseInfo(13, "0.2.1", 6, BYTES)]

    def offer(self, release):
        return {13: OFFER}[release]

    def answer(self, wanted):
        self.asked += 1
        if wanted.release != 13:
            return None
        left = max(0, BYTES - wanted.at)
        data = "x" * min(640, 4 * math.ceil(min(left, BLOCK_BYTES_MAX) / 3))
        return Block(release=13, file=wanted.file, at=wanted.at, data=data)


def health(release=0, trial=False, **changes):
    values = {
        "uptime_s": 61,
        "signal_dbm": -58,
        "heap_free_bytes": 41_000,
        "release": release,
        "slot": "a" if release else "none",
        "trial": trial,
        "faults": 0,
        "fault": "",
    }
    return NodeHealth(**(values | changes))


def state(word, release=13, done=0, why=""):
    return UpdateState(release=release, state=word, done_bytes=done, total_bytes=BYTES, why=why)


def view(hall, node="w01-pad"):
    return next(v for v in hall.engine.nodes_view(hall.now_ms) if v["id"] == node)


def order(hall, node="w01-pad"):
    hall.engine.service.order_update(node, 13, hall.now_ms)


def offers(effects, read):
    return [(n, job.release) for n, job in read.jobs(effects) if isinstance(job, UpdateOffer)]


def texts(hall, node="w01-pad"):
    return [line.text for line in hall.engine.service.lines.after(0, node)]


@pytest.fixture
def hall(rig):
    rig.engine.service.releases = Releases()
    rig.ready("w01-pad", "w02-pad", "kiosk-1")
    for node in ("w01-pad", "w02-pad", "kiosk-1"):
        rig.shows(node, view(rig, node)["want_rev"])
    rig.round()
    return rig


# --- what nodes tell


def test_a_node_that_has_told_nothing_has_no_health_and_no_update(hall):
    assert (view(hall)["health"], view(hall)["update"]) == (None, None)


def test_the_latest_health_is_shown_with_its_age(hall):
    hall.say("w01-pad", LOG, health(uptime_s=1))
    hall.say("w01-pad", LOG, health(uptime_s=61, faults=2, fault="ValueError: planted"))
    hall.round(later_ms=4000)
    assert view(hall)["health"] == {
        "uptime_s": 61,
        "signal_dbm": -58,
        "heap_free_bytes": 41_000,
        "release": 0,
        "slot": "none",
        "trial": False,
        "faults": 2,
        "fault": "ValueError: planted",
        "at_ms_ago": 4000,
    }
    assert view(hall, "w02-pad")["health"] is None


def test_health_of_another_boot_is_forgotten_and_that_of_a_lost_node_is_not(hall):
    hall.say("w01-pad", LOG, health())
    hall.life("w01-pad", "lost")
    assert view(hall)["health"] is not None
    hall.birth("w01-pad", connection=2)
    assert view(hall)["health"] is not None, "the same life, another connection"
    hall.birth("w01-pad", boot=2)
    assert view(hall)["health"] is None


def test_lines_are_kept_with_the_time_of_the_hall(hall):
    hall.say(
        "w01-pad",
        LOG,
        NodeLog(level="warning", text="key 3 (recall) is stuck: it does not come up"),
    )
    [line] = hall.engine.service.lines.after(0)
    assert (line.node, line.level) == ("w01-pad", "warning")
    assert line.at_ms == hall.engine.clock.hall_ms(hall.now_ms)


def test_nothing_of_it_is_journalled(hall):
    seq = hall.engine.seq
    hall.say("w01-pad", LOG, health())
    order(hall)
    hall.engine.service.identify("w01-pad", 10)
    hall.round()
    assert hall.engine.seq == seq


def test_whoever_tells_something_is_there_whatever_the_broker_said(hall):
    hall.life("w01-pad", "lost")
    assert not hall.engine.can_reach("w01-pad")
    hall.say("w01-pad", LOG, health())
    assert hall.engine.can_reach("w01-pad")
    assert (view(hall)["state"], view(hall)["last_seen_ms_ago"]) == ("online", 0)


# --- identify


def test_identify_is_said_once(hall, read):
    job = hall.engine.service.identify("w01-pad", 10)
    [(node, told)] = read.jobs(hall.round())
    assert isinstance(told, Identify)
    assert (node, told.id, told.seconds) == ("w01-pad", job, 10)
    assert hall.engine.service.identify("w01-pad", 10) != job
    hall.round()
    sent = [effect for _, effect in hall.run(120_000)]
    assert read.jobs(sent) == []


def test_identify_is_not_said_late_to_a_broker_that_was_away(hall, read):
    hall.engine.broker_lost()
    assert not hall.engine.can_reach("w01-pad")
    hall.engine.service.identify("w01-pad", 10)
    hall.round()
    assert read.jobs(hall.connect()) == []


# --- update


def test_an_order_is_offered_at_once_and_again_until_the_node_answers(hall, read):
    order(hall)
    assert view(hall)["update"] == {
        "release": 13,
        "state": "offered",
        "done_bytes": 0,
        "total_bytes": BYTES,
        "why": "",
        "at_ms_ago": 0,
    }
    assert offers(hall.round(), read) == [("w01-pad", 13)]
    order(hall)  # again, as an impatient technician does
    sent = hall.run(RESEND_MS)
    assert offers([effect for _, effect in sent], read) == [("w01-pad", 13)]
    hall.say("w01-pad", LOG, state("fetching", done=480))
    assert offers([effect for _, effect in hall.run(RESEND_MS_MAX - 1)], read) == []
    assert view(hall)["update"]["state"] == "fetching"
    silent = [effect for _, effect in hall.run(2)]
    assert offers(silent, read) == [("w01-pad", 13)], "it has fallen silent"


def test_a_node_that_tells_no_size_any_more_keeps_the_one_that_is_known(hall):
    order(hall)
    hall.say("w01-pad", LOG, state("fetching", done=480))
    told = UpdateState(release=13, state="ready", done_bytes=0, total_bytes=0, why="")
    hall.say("w01-pad", LOG, told)
    assert view(hall)["update"]["total_bytes"] == BYTES


@pytest.mark.parametrize("word", ["refused", "confirmed", "returned"])
def test_an_order_ends_with_the_last_word_of_the_node(hall, read, word):
    order(hall)
    hall.round()
    hall.say("w01-pad", LOG, state(word, done=BYTES, why="the signature is wrong"))
    assert offers([effect for _, effect in hall.run(300_000)], read) == []
    told = view(hall)["update"]
    assert (told["state"], told["why"]) == (word, "the signature is wrong")
    order(hall)
    assert offers(hall.round(), read) == [("w01-pad", 13)], "ordered anew"


def test_an_order_waits_for_a_node_that_went_away_and_comes_first_when_it_is_back(hall, read):
    order(hall)
    hall.round()
    hall.life("w01-pad", "lost")
    hall.run(600_000)
    hall.birth("w01-pad", boot=2)
    assert offers(hall.round(), read) == [("w01-pad", 13)]


def test_health_that_tells_the_release_for_good_settles_an_order_whose_last_word_was_lost(
    hall, read
):
    order(hall)
    hall.round()
    hall.say("w01-pad", LOG, health(13, trial=True))
    assert view(hall)["update"]["state"] == "offered"
    assert not hall.engine.service.runs("w01-pad", 13)
    hall.say("w01-pad", LOG, health(13))
    assert view(hall)["update"]["state"] == "confirmed"
    assert hall.engine.service.runs("w01-pad", 13)
    assert offers([effect for _, effect in hall.run(300_000)], read) == []


def test_a_word_about_another_release_does_not_touch_the_order(hall, read):
    order(hall)
    hall.round()
    hall.say("w01-pad", LOG, state("confirmed", release=12))
    assert view(hall)["update"]["release"] == 13
    assert offers([effect for _, effect in hall.run(RESEND_MS)], read) == [("w01-pad", 13)]


# --- fetching


def ask(hall, node, at=0, release=13):
    hall.say(node, GET, BlockWanted(release=release, file=2, at=at))


def blocks(effects, read):
    return [(node, block.at) for node, block in read.published(effects, BLOCK)]


def test_a_block_is_answered_in_the_round_after_it_was_asked_for(hall, read):
    ask(hall, "w01-pad", at=960)
    assert blocks(hall.round(), read) == [("w01-pad", 960)]
    assert blocks(hall.round(later_ms=1000), read) == []


def test_what_is_not_here_is_not_answered(hall, read):
    ask(hall, "w01-pad", release=99)
    hall.engine.receive(hall.now_ms, "hk1/langfang/w02-pad/up/get", b"\xff")
    assert blocks(hall.round(), read) == []


def esp32_nodes(hall):
    return [n.id for n in hall.config.nodes if n.board.startswith("esp32")][:30]


@pytest.mark.slow
def test_thirty_nodes_that_update_at_once_delay_no_acknowledgement(hall, read):
    """Every press is acknowledged in the next round, ahead of a bounded number of blocks."""
    nodes = esp32_nodes(hall)
    assert len(nodes) == 30
    for node in nodes:
        hall.birth(node)
        order(hall, node)
    hall.round()
    hall.sign_in("w01-pad", 1, "1111")
    hall.round()
    at = dict.fromkeys(nodes, 0)
    done: dict[str, int] = {}
    for node in nodes:
        ask(hall, node)
    seq, turns = 1, 0
    while len(done) < len(nodes):
        seq += 1
        hall.press("w01-pad", seq, "pause" if seq % 2 == 0 else "resume")
        effects = hall.round(later_ms=BLOCKS_EVERY_MS)
        turns += 1
        assert [ack.seq for _, ack in read.acks(effects)] == [seq]
        channels = [parse(e.topic)[2] for e in effects if isinstance(e, Publish) and parse(e.topic)]
        answered = blocks(effects, read)
        assert 0 < len(answered) <= BLOCKS_AT_ONCE
        assert channels.index(ACK) < channels.index(BLOCK), "the press first"
        for node, place in answered:
            assert place == at[node]
            at[node] = place + BLOCK_BYTES_MAX
            if at[node] > BYTES:
                done[node] = turns
            else:
                ask(hall, node, at[node])
    asked = 30 * (BYTES // BLOCK_BYTES_MAX + 1)
    assert turns == math.ceil(asked / BLOCKS_AT_ONCE)
    # In turn: the last node is done within one turn of all of the first.
    assert max(done.values()) - min(done.values()) <= math.ceil(30 / BLOCKS_AT_ONCE)


def test_a_flood_of_one_node_is_neither_read_nor_answered_more_than_once_a_turn(hall, read):
    for place in range(5000):
        ask(hall, "w01-pad", at=place)
    ask(hall, "w02-pad", at=7)
    assert blocks(hall.round(), read) == [("w01-pad", 4999), ("w02-pad", 7)]
    assert hall.engine.service.releases.asked == 2
    for place in range(5000):
        ask(hall, "w01-pad", at=place)
    assert blocks(hall.round(later_ms=BLOCKS_EVERY_MS - 1), read) == []
    assert blocks(hall.round(later_ms=1), read) == [("w01-pad", 4999)]


def test_a_node_that_says_too_much_is_cut_and_the_cut_is_told(hall):
    for number in range(LOG_BURST + 100):
        hall.say("w01-pad", LOG, NodeLog(level="info", text=f"line {number}"))
        hall.say("w02-pad", LOG, NodeLog(level="info", text="quiet")) if number < 3 else None
    assert len(texts(hall)) == LOG_BURST
    assert texts(hall, "w02-pad") == ["quiet"] * 3
    hall.round(later_ms=LOG_EVERY_MS)
    hall.say("w01-pad", LOG, NodeLog(level="info", text="later"))
    assert texts(hall)[-2:] == ["100 messages dropped: this node says too much", "later"]


def test_offers_go_out_as_jobs_that_the_broker_does_not_keep(hall):
    order(hall)
    [publish] = [e for e in hall.round() if isinstance(e, Publish) and e.topic.endswith(JOB.name)]
    assert (publish.qos, publish.retain) == (1, False)
