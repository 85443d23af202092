"""Old events in new words: one pure function per step from one version of an event to the next.

Rules: an event's first version is 1. Whoever changes the fields of an event adds the step from
the version before to `UPCASTS`; that alone makes the newer version the newest. A step is never
removed, because journals live longer than code. It is pure and may not change what it is given.
"""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from gateway.journal.errors import UpcastError
from gateway.journal.records import JsonValue

Data: TypeAlias = dict[str, JsonValue]
Upcast: TypeAlias = Callable[[Data], Data]
Upcasts: TypeAlias = Mapping[tuple[str, int], Upcast]

# (kind, from version) -> data of the next version.
# Example: ("calling.ticket_issued", 1): lambda data: {**data, "channel": "kiosk"},
UPCASTS: dict[tuple[str, int], Upcast] = {
    ("core.gateway_started", 1): lambda data: {**data, "boot": "", "steady_ms": 0},
}


def newest_versions(upcasts: Upcasts) -> dict[str, int]:
    """The newest version of every kind that has a step; every other kind is at version 1."""
    newest: dict[str, int] = {}
    for kind, version in upcasts:
        newest[kind] = max(newest.get(kind, 1), version + 1)
    return newest


def newest_version(kind: str, upcasts: Upcasts = UPCASTS) -> int:
    """The version in which an event of this kind is written today."""
    return newest_versions(upcasts).get(kind, 1)


def upcast(kind: str, version: int, newest: int, data: Data, upcasts: Upcasts) -> Data:
    """Bring `data` from `version` to `newest`, or refuse.

    Raises UpcastError for a version from the future, a missing step, or a step that fails.
    """
    if version > newest or version < 1:
        raise UpcastError(
            f"an event {kind} is of version {version}, this hallkit knows up to {newest}: "
            f"upgrade hallkit"
        )
    while version < newest:
        step = upcasts.get((kind, version))
        if step is None:
            raise UpcastError(
                f"an event {kind} is of version {version} and the step to version {version + 1} "
                f"is missing from gateway/journal/upcasts.py: upgrade hallkit"
            )
        try:
            data = step(data)
        except Exception as error:
            raise UpcastError(
                f"an event {kind} of version {version} cannot be brought to version "
                f"{version + 1}: {type(error).__name__}: {error}"
            ) from error
        version += 1
    return data
