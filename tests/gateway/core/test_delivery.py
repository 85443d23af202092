"""Wants and jobs are sent when due, more and more slowly, and fall silent when confirmed."""

import itertools

from gateway.core.delivery import RESEND_MS, RESEND_MS_MAX, Delivery

ONLINE = {"w01-pad", "kiosk-1"}


def revised(content="A001", now_ms=0):
    delivery = Delivery()
    delivery.revise("w01-pad", content, 1, content.encode(), now_ms)
    return delivery


def times_sent(due, wake_at, span_ms):
    """Every millisecond at which `due` gives something, going by `wake_at` alone."""
    at_ms: list[int] = []
    now_ms = 0
    while now_ms <= span_ms:
        if due(now_ms):
            at_ms.append(now_ms)
        wake_ms = wake_at()
        if wake_ms is None:
            break
        assert wake_ms > now_ms, "a wake at a time that has passed would never end"
        now_ms = wake_ms
    return at_ms


def test_first_picture_is_revision_one_and_equal_content_makes_no_new_one():
    delivery = Delivery()
    assert delivery.next_rev("w01-pad", "A001") == 1
    delivery.revise("w01-pad", "A001", 1, b"A001", 0)
    assert delivery.next_rev("w01-pad", "A001") is None
    assert delivery.next_rev("w01-pad", "A002") == 2


def test_unconfirmed_want_is_sent_at_growing_pauses():
    delivery = revised()
    sent = times_sent(
        lambda now_ms: delivery.wants_due(now_ms, ONLINE),
        lambda: delivery.wake_at(ONLINE),
        100_000,
    )
    pauses = [after - before for before, after in itertools.pairwise(sent)]
    assert pauses[:5] == [RESEND_MS, 2 * RESEND_MS, 4 * RESEND_MS, 8 * RESEND_MS, RESEND_MS_MAX]
    assert max(pauses) == RESEND_MS_MAX


def test_confirmed_want_falls_silent_and_speaks_again_when_it_changes():
    delivery = revised()
    assert delivery.wants_due(0, ONLINE) == [("w01-pad", b"A001")]
    delivery.confirm("w01-pad", 1)
    assert delivery.wake_at(ONLINE) is None
    assert delivery.wants_due(10**9, ONLINE) == []
    delivery.revise("w01-pad", "A002", 2, b"A002", 10**9)
    assert delivery.wants_due(10**9, ONLINE) == [("w01-pad", b"A002")]


def test_confirmation_of_an_older_picture_confirms_nothing():
    delivery = revised()
    delivery.revise("w01-pad", "A002", 2, b"A002", 0)
    delivery.wants_due(0, ONLINE)
    delivery.confirm("w01-pad", 1)
    assert delivery.wants_due(RESEND_MS, ONLINE) == [("w01-pad", b"A002")]


def test_confirmation_of_a_node_never_told_anything_is_ignored():
    Delivery().confirm("w01-pad", 3)


def test_want_of_a_node_that_is_away_is_sent_once_and_again_when_it_is_back():
    delivery = revised()
    assert delivery.wants_due(0, set()) == [("w01-pad", b"A001")], "for the broker to retain"
    assert delivery.wake_at(set()) is None
    assert delivery.wants_due(10 * RESEND_MS_MAX, set()) == []
    delivery.node_is_back("w01-pad", 10**6)
    assert delivery.wants_due(10**6, ONLINE) == [("w01-pad", b"A001")]


def test_a_confirmed_want_wakes_nobody_and_a_new_one_does():
    delivery = revised()
    delivery.wants_due(0, ONLINE)
    assert delivery.wake_at(ONLINE) == RESEND_MS
    delivery.confirm("w01-pad", 1)
    assert delivery.wake_at(ONLINE) is None
    delivery.revise("w01-pad", "A002", 2, b"A002", 70)
    assert delivery.wake_at(ONLINE) == 70
    assert delivery.wants_due(70, ONLINE) == [("w01-pad", b"A002")]


def test_everything_is_sent_again_though_confirmed():
    delivery = revised()
    delivery.wants_due(0, ONLINE)
    delivery.confirm("w01-pad", 1)
    delivery.send_wants_again(500)
    assert delivery.wants_due(500, set()) == [("w01-pad", b"A001")]


def test_job_is_sent_until_it_is_no_longer_open():
    delivery = Delivery()
    jobs = [("p1", "kiosk-1")]
    sent = times_sent(
        lambda now_ms: delivery.jobs_due(now_ms, jobs if now_ms < 20_000 else [], ONLINE),
        lambda: delivery.wake_at(ONLINE),
        100_000,
    )
    assert sent == [0, 2000, 6000, 14000]
    assert delivery.jobs == {}


def test_job_of_a_node_that_is_away_waits_and_is_sent_at_once_when_it_is_back():
    delivery = Delivery()
    jobs = [("p1", "kiosk-1")]
    assert delivery.jobs_due(0, jobs, set()) == []
    delivery.node_is_back("kiosk-1", 12)
    assert delivery.jobs_due(12, jobs, ONLINE) == ["p1"]
    assert delivery.jobs_due(13, jobs, ONLINE) == []


def test_job_of_a_node_believed_away_is_tried_slowly_for_its_birth_may_be_lost():
    delivery = Delivery()
    jobs = [("v1", "voice-1")]
    tried = []
    now_ms = 0
    while now_ms <= 100_000:
        tried += [now_ms] * len(delivery.jobs_due(now_ms, jobs, set()))
        now_ms = delivery.wake_at(set())
    assert tried == [30_000, 60_000, 90_000]


def test_return_of_one_node_leaves_the_pauses_of_the_others():
    delivery = Delivery()
    jobs = [("p1", "kiosk-1"), ("v1", "voice-1")]
    online = {"kiosk-1", "voice-1"}
    assert delivery.jobs_due(0, jobs, online) == ["p1", "v1"]
    delivery.node_is_back("kiosk-1", 100)
    assert delivery.jobs_due(100, jobs, online) == ["p1"]
