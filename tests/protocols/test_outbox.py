"""The outbox: numbering, resending, settling, age, wrap of the ticks, restarts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.messages.pad import PadPressed
from protocols.outbox import RESEND_MS, Outbox
from protocols.ticks import TICKS_MASK, ticks_add
from protocols.wire import AGE_MS_MAX

BOOT = 5


def press(seen: int) -> PadPressed:
    return PadPressed(command="next", argument=0, seen=seen)


def numbers(entries) -> list[tuple[int, int]]:
    return [(entry.boot, entry.seq) for entry in entries]


@pytest.fixture
def outbox() -> Outbox:
    return Outbox(BOOT, capacity=4)


def test_reports_are_numbered_from_one_within_a_boot(outbox: Outbox) -> None:
    assert [outbox.add(0, press(seen)) for seen in (7, 8, 9)] == [1, 2, 3]
    assert numbers(outbox.due(0)) == [(BOOT, 1), (BOOT, 2), (BOOT, 3)]


def test_number_is_not_given_again_after_it_is_settled(outbox: Outbox) -> None:
    outbox.add(0, press(1))
    outbox.settle(BOOT, 1, cumulative=False)
    assert outbox.add(0, press(2)) == 2


def test_report_is_sent_at_once_and_again_until_it_is_settled(outbox: Outbox) -> None:
    outbox.add(100, press(1))
    assert numbers(outbox.due(100)) == [(BOOT, 1)]
    assert outbox.due(100 + RESEND_MS - 1) == []
    assert outbox.wake_at() == 100 + RESEND_MS
    assert numbers(outbox.due(100 + RESEND_MS)) == [(BOOT, 1)]
    assert numbers(outbox.settle(BOOT, 1, cumulative=False)) == [(BOOT, 1)]
    assert outbox.due(100 + 5 * RESEND_MS) == []
    assert outbox.wake_at() is None


def test_all_is_due_at_once_after_a_reconnection(outbox: Outbox) -> None:
    outbox.add(0, press(1))
    outbox.add(0, press(2))
    outbox.due(0)
    outbox.send_all_again(10)
    assert numbers(outbox.due(10)) == [(BOOT, 1), (BOOT, 2)]


def test_single_acknowledgement_settles_one_report(outbox: Outbox) -> None:
    for seen in (1, 2, 3):
        outbox.add(0, press(seen))
    assert numbers(outbox.settle(BOOT, 2, cumulative=False)) == [(BOOT, 2)]
    assert numbers(outbox.entries) == [(BOOT, 1), (BOOT, 3)]


def test_cumulative_acknowledgement_settles_all_up_to_it(outbox: Outbox) -> None:
    for seen in (1, 2, 3):
        outbox.add(0, press(seen))
    assert numbers(outbox.settle(BOOT, 2, cumulative=True)) == [(BOOT, 1), (BOOT, 2)]
    assert numbers(outbox.entries) == [(BOOT, 3)]


@pytest.mark.parametrize("cumulative", [False, True])
def test_acknowledgement_of_another_boot_or_repeated_settles_nothing(
    outbox: Outbox, cumulative: bool
) -> None:
    outbox.add(0, press(1))
    assert outbox.settle(BOOT - 1, 1, cumulative) == []
    assert numbers(outbox.settle(BOOT, 1, cumulative)) == [(BOOT, 1)]
    assert outbox.settle(BOOT, 1, cumulative) == []


def test_full_outbox_refuses_and_drops_nothing(outbox: Outbox) -> None:
    for seen in range(4):
        assert outbox.add(0, press(seen)) == seen + 1
    assert outbox.add(0, press(9)) == 0
    assert numbers(outbox.entries) == [(BOOT, 1), (BOOT, 2), (BOOT, 3), (BOOT, 4)]
    outbox.settle(BOOT, 1, cumulative=False)
    assert outbox.add(0, press(9)) == 5


def test_age_counts_from_the_press_and_is_brought_up_to_each_sending(outbox: Outbox) -> None:
    outbox.add(100, press(1))
    assert [entry.age_ms for entry in outbox.due(100)] == [0]
    assert [entry.age_ms for entry in outbox.due(100 + RESEND_MS)] == [RESEND_MS]
    assert outbox.oldest_age_ms(100 + RESEND_MS + 30) == RESEND_MS + 30


def test_age_saturates_and_never_falls(outbox: Outbox) -> None:
    outbox.add(0, press(1))
    now, ages = 0, []
    for _ in range(4):
        now = ticks_add(now, AGE_MS_MAX // 2)
        ages.append(outbox.oldest_age_ms(now))
    assert ages == [AGE_MS_MAX // 2, AGE_MS_MAX, AGE_MS_MAX, AGE_MS_MAX]


def test_age_and_resending_survive_the_wrap_of_the_ticks(outbox: Outbox) -> None:
    before = TICKS_MASK - 300
    outbox.add(before, press(1))
    assert len(outbox.due(before)) == 1
    assert outbox.due(ticks_add(before, RESEND_MS - 1)) == []
    [entry] = outbox.due(ticks_add(before, RESEND_MS))
    assert entry.age_ms == RESEND_MS
    assert outbox.wake_at() == ticks_add(before, 2 * RESEND_MS)


def test_wake_at_is_the_earliest_across_the_wrap(outbox: Outbox) -> None:
    early, late = TICKS_MASK - 10, 50
    outbox.add(late, press(1))
    outbox.add(early, press(2))
    assert outbox.wake_at() == early


def test_restored_reports_keep_their_pair_and_are_too_old_to_act_on() -> None:
    first = Outbox(BOOT)
    for seen in (1, 2):
        first.add(0, press(seen))
    second = Outbox(BOOT + 1)
    second.restore(900, first.dump())
    assert second.add(900, press(3)) == 1
    due = second.due(900)
    assert numbers(due) == [(BOOT, 1), (BOOT, 2), (BOOT + 1, 1)]
    assert [entry.age_ms for entry in due] == [AGE_MS_MAX, AGE_MS_MAX, 0]
    assert [entry.message.seen for entry in due] == [1, 2, 3]
    assert numbers(second.settle(BOOT, 2, cumulative=True)) == [(BOOT, 1), (BOOT, 2)]
    assert numbers(second.entries) == [(BOOT + 1, 1)]


def test_restored_reports_go_before_those_of_this_boot() -> None:
    first, second = Outbox(BOOT), Outbox(BOOT + 1)
    first.add(0, press(1))
    second.add(0, press(2))
    second.restore(0, first.dump())
    assert numbers(second.due(0)) == [(BOOT, 1), (BOOT + 1, 1)]


@given(st.lists(st.tuples(st.sampled_from("+-*r"), st.integers(0, 12)), max_size=40))
def test_nothing_is_lost_nor_settled_unasked(steps: list[tuple[str, int]]) -> None:
    """Against a plain set: what was added and not acknowledged is there, oldest first."""
    outbox, boot, now = Outbox(1, capacity=6), 1, 0
    expected: list[tuple[int, int]] = []
    for action, argument in steps:
        now = ticks_add(now, 400)
        if action == "+":
            seq = outbox.add(now, press(argument))
            assert (seq == 0) == (len(expected) >= 6)
            expected += [(boot, seq)] if seq else []
        elif action == "r":
            kept, boot = outbox.dump(), boot + 1
            outbox = Outbox(boot, capacity=6)
            outbox.restore(now, kept)
        else:
            outbox.settle(boot, argument, cumulative=action == "*")
            expected = [
                (one, seq)
                for one, seq in expected
                if one != boot or not (seq == argument or (action == "*" and seq < argument))
            ]
        assert numbers(outbox.entries) == expected
