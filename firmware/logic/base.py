"""The shape of a logic (an abstract base, without `abc`, which MicroPython lacks)."""


class Logic:
    """A pure state machine: events in, effects out. `firmware.logic.events` lists both."""

    def step(self, now_ms: int, event: tuple) -> list[tuple]:
        """Take one event, return the effects in the order to apply them."""
        raise NotImplementedError(f"step({now_ms}, {event})")

    def wake_at(self) -> int | None:
        """When a ("tick",) is wanted at the latest, or None."""
        raise NotImplementedError("wake_at()")
