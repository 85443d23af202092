"""The lines nodes tell the technician: the newest of each node, numbered over the whole hall.

Rules: volatile; at most LINES_PER_NODE of a node are kept, oldest first out. Numbers rise over
restarts of the gateway as well (they begin at its epoch), so that who asks "what came after N" is
told everything of a new life.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

LINES_PER_NODE = 200
# An epoch is of a second; no hall tells a million lines in one.
_NUMBERS_PER_EPOCH = 1 << 20


@dataclass(frozen=True, slots=True)
class Line:
    """`at_ms` is hall time; `level` info, warning or error."""

    n: int
    node: str
    at_ms: int
    level: str
    text: str


class Lines:
    """All of them. `last` is the number of the newest, also when there is none yet."""

    def __init__(self) -> None:
        self.last = 0
        self._by_node: dict[str, deque[Line]] = {}

    def begin(self, epoch: int) -> None:
        """A new life of the gateway."""
        self.last = epoch * _NUMBERS_PER_EPOCH

    def add(self, node: str, at_ms: int, level: str, text: str) -> None:
        """The newest line of a node."""
        self.last += 1
        kept = self._by_node.setdefault(node, deque(maxlen=LINES_PER_NODE))
        kept.append(Line(self.last, node, at_ms, level, text))

    def after(self, n: int, node: str | None = None) -> list[Line]:
        """Every line that is kept after number `n`, of one node or of all, in order."""
        kept: Iterable[deque[Line]] = self._by_node.values()
        if node is not None:
            kept = [self._by_node.get(node, deque())]
        found: list[Line] = []
        for lines in kept:
            for line in reversed(lines):
                if line.n <= n:
                    break
                found.append(line)
        return sorted(found, key=lambda line: line.n)
