"""Small arithmetic and plain-text tables for measured figures."""

import math
import statistics
import time
from collections.abc import Callable, Sequence

NS_PER_US = 1000


def percentile(values: Sequence[int], percent: float) -> int:
    """The value that `percent` of all are not above (nearest rank). Raises ValueError if empty."""
    if not values:
        raise ValueError("no values: nothing was measured")
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(0, rank - 1)]


def microseconds_each(action: Callable[[], object], calls: int, rounds: int = 5) -> float:
    """The median over `rounds` of the mean time of a call of `action`."""
    means = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        for _ in range(calls):
            action()
        means.append((time.perf_counter_ns() - began) / calls / NS_PER_US)
    return statistics.median(means)


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        first, *rest = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]
        return "  ".join(cells).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([title, "", line(head), rule, *(line(row) for row in rows), ""])


def number(value: float) -> str:
    """Three digits that count, or all of a whole number: 0.0123, 4.56, 78.9, 12,345."""
    if value == round(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    if abs(value) >= 10:
        return f"{value:.1f}"
    return f"{value:.3g}"
