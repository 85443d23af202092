"""Events: what every system's events share, those of the gateway itself, and their stored form.

Rules: an event is frozen and holds plain JSON values only; KIND never changes and is never reused.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

from gateway.core.json import JsonObject


@dataclass(frozen=True, slots=True)
class Event:
    """The base of all events; KIND is "system.what_happened"."""

    KIND: ClassVar[str] = ""
    VERSION: ClassVar[int] = 1


@dataclass(frozen=True, slots=True)
class GatewayStarted(Event):
    """A gateway took over the hall. Epochs rise, so that nodes can tell newer from older.

    `boot` names the machine's boot, "" when unknown, and `steady_ms` its steady clock: with the
    record's own time they carry hall time over to the next start of the same boot.
    """

    KIND: ClassVar[str] = "core.gateway_started"
    VERSION: ClassVar[int] = 2
    epoch: int
    boot: str
    steady_ms: int


@dataclass(frozen=True, slots=True)
class ReportSettled(Event):
    """A numbered report of a node was decided; it must never be decided again."""

    KIND: ClassVar[str] = "core.report_settled"
    node: str
    boot: int
    seq: int
    result: Literal["ok", "stale", "denied"]
    why: str


@dataclass(frozen=True, slots=True)
class RequestSettled(Event):
    """A REST call with an idempotency key was answered; the same key gets the same answer."""

    KIND: ClassVar[str] = "core.request_settled"
    key: str
    principal: str
    fingerprint: str
    status: Literal["done", "refused"]
    body: JsonObject


CORE_EVENTS: tuple[type[Event], ...] = (GatewayStarted, ReportSettled, RequestSettled)


def to_data(event: Event) -> JsonObject:
    """The event's fields as stored in the journal."""
    return {field.name: getattr(event, field.name) for field in fields(event)}


def from_data(registry: Mapping[str, type[Event]], kind: str, data: JsonObject) -> Event:
    """The event stored as `data`; KeyError when no system knows the kind."""
    return registry[kind](**data)


def registry_of(*groups: tuple[type[Event], ...]) -> dict[str, type[Event]]:
    """KIND -> class over all groups; a kind declared twice is a programming error."""
    registry: dict[str, type[Event]] = {}
    for group in groups:
        for event_type in group:
            assert event_type.KIND not in registry, f"{event_type.KIND} is declared twice"
            registry[event_type.KIND] = event_type
    return registry
