"""What every workbench has in common: effects of a node in, events of its devices out.

A bench stands between a node and the byte-level models of its parts, where the drivers are on a
real board.
"""

from collections.abc import Callable

Event = tuple[object, ...]


class Bench:
    """The parts wired to one node."""

    def __init__(self) -> None:
        self._post: Callable[[Event], None] = _unwired

    def connect(self, post: Callable[[Event], None]) -> None:
        """`post` is how the parts tell the node that something happened."""
        self._post = post

    def start(self) -> None:
        """The board has power."""

    def stop(self) -> None:
        """The board goes dark."""

    def apply(self, effect: Event, now_ms: int) -> None:
        """Carry out one effect of the node; `now_ms` is steady."""
        raise NotImplementedError(f"apply({effect}, {now_ms})")


def _unwired(event: Event) -> None:
    raise RuntimeError(f"{event}: the bench is not connected to a node")
