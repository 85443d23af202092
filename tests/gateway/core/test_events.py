"""Events have one stored form, and every kind of them folds."""

import dataclasses

import pytest

from gateway.core.events import (
    CORE_EVENTS,
    Event,
    GatewayStarted,
    ReportSettled,
    from_data,
    registry_of,
    to_data,
)
from gateway.hall import EVENTS
from gateway.journal.upcasts import newest_version


def test_event_comes_back_equal_from_its_stored_form():
    event = ReportSettled("w01-pad", 2, 7, "denied", "empty")
    assert from_data(registry_of(CORE_EVENTS), event.KIND, to_data(event)) == event


def test_event_of_an_unknown_kind_is_a_key_error():
    with pytest.raises(KeyError):
        from_data(registry_of(CORE_EVENTS), "calling.dreamt", {})


def test_event_with_a_field_too_many_or_too_few_is_a_type_error():
    registry = registry_of(CORE_EVENTS)
    for data in ({}, {"epoch": 1, "colour": "red"}):
        with pytest.raises(TypeError):
            from_data(registry, GatewayStarted.KIND, data)


def test_kind_declared_twice_is_refused():
    with pytest.raises(AssertionError, match="declared twice"):
        registry_of(CORE_EVENTS, (GatewayStarted,))


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_is_frozen_named_and_in_its_newest_version(kind):
    event_type = EVENTS[kind]
    assert issubclass(event_type, Event)
    assert dataclasses.fields(event_type), "an event says something"
    assert event_type.__dataclass_params__.frozen
    system, _, what = kind.partition(".")
    assert system in ("core", "calling")
    assert what
    assert newest_version(kind) == event_type.VERSION
