"""What every driver of a Pi node has in common: effects of its node in, events of its part out."""

from collections.abc import Callable
from typing import Protocol

Event = tuple[object, ...]
Post = Callable[[Event], None]


class Memory(Protocol):
    """Where a driver keeps a value over a power cut; durable when `put` returns."""

    def get(self, key: str) -> bytes:
        """What was put, b"" when nothing was."""

    def put(self, key: str, value: bytes) -> None:
        """Keep it."""


class Driver:
    """The parts of one node. All calls come from the loop; `apply` never blocks."""

    def start(self) -> None:
        """The node has started: open the part, and open it again whenever it is lost."""

    def stop(self) -> None:
        """The node ends: leave the part in a state that claims nothing."""

    def apply(self, effect: Event) -> None:
        """Carry out an effect; those of other parts are ignored."""
        raise NotImplementedError(f"apply({effect})")
