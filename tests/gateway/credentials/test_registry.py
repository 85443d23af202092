"""The book of certificates: at most one counts for each identity, and nothing is forgotten."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.credentials.registry import Registry, RegistryError, from_json, to_json

EMPTY = Registry("langfang")


def given_active(serial: int = 1, identity: str = "w03-pad") -> Registry:
    return EMPTY.reserve(serial, identity, "node", 100).activate(serial)


def test_a_reserved_certificate_does_not_count() -> None:
    book = EMPTY.reserve(1, "w03-pad", "node", 100)
    assert book.active("w03-pad") is None
    assert book.revoked_serials == (1,), "it may have been signed: the broker must refuse it"


def test_the_step_that_lets_a_new_one_count_ends_the_old_one() -> None:
    book = given_active().reserve(2, "w03-pad", "node", 200)
    assert book.active("w03-pad").serial == 1
    book = book.activate(2)
    assert book.active("w03-pad").serial == 2
    assert book.revoked_serials == (1,)


def test_others_are_left_alone() -> None:
    book = given_active().reserve(2, "w04-pad", "node", 200).activate(2)
    assert [entry.serial for entry in book.all_active] == [1, 2]
    assert [entry.serial for entry in book.revoke("w03-pad").all_active] == [2]


def test_what_was_cut_is_ended_and_cannot_be_let_count_any_more() -> None:
    book = EMPTY.reserve(1, "w03-pad", "node", 100).settle()
    assert book.revoked_serials == (1,)
    with pytest.raises(RegistryError, match="is revoked"):
        book.activate(1)


def test_a_certificate_stays_on_its_board() -> None:
    book = given_active().bind(1, "24:6f:28:00:00:01")
    assert book.bind(1, "24:6f:28:00:00:01") is book
    with pytest.raises(RegistryError, match="hallkit replace w03-pad"):
        book.bind(1, "24:6f:28:00:00:02")


def test_a_step_that_changes_nothing_keeps_the_number() -> None:
    book = given_active()
    assert book.settle() is book
    assert book.revoke("w09-pad") is book
    assert book.bind(1, "24:6f:28:00:00:01").number == book.number, "the list stays as it is"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda text: text.replace('"version": 1', '"version": 2'), "of version 2"),
        (lambda text: text.replace('"active"', '"activ"'), "state that is not known"),
        (lambda text: text.replace('"serial": "2"', '"serial": "1"'), "stands twice"),
        (lambda text: text.replace("w04-pad", "w03-pad"), "two certificates count for w03-pad"),
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: text.replace('"role"', '"rule"'), "damaged"),
    ],
)
def test_a_book_that_is_not_whole_is_refused(change, problem: str) -> None:
    book = given_active().reserve(2, "w04-pad", "node", 200).activate(2)
    with pytest.raises(RegistryError, match=problem):
        from_json(change(to_json(book).decode()).encode())


STEPS = st.lists(
    st.tuples(st.sampled_from(["issue", "cut", "revoke"]), st.sampled_from(["a", "b"])), max_size=20
)


@given(STEPS)
def test_whatever_the_steps_one_counts_and_all_others_are_listed(steps) -> None:
    book, serial, newest = EMPTY, 0, {}
    for step, identity in steps:
        if step == "revoke":
            book = book.revoke(identity)
            newest.pop(identity, None)
        else:
            serial += 1
            book = book.reserve(serial, identity, "node", serial)
            if step == "issue":
                book = book.activate(serial)
                newest[identity] = serial
            else:
                book = book.settle()
    assert {entry.identity: entry.serial for entry in book.all_active} == newest
    assert set(book.revoked_serials) == set(range(1, serial + 1)) - set(newest.values())
    assert from_json(to_json(book)) == book
