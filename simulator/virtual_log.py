"""What the gateway writes to its log during a run goes to the run, not to the terminal."""

import contextlib
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import structlog

Tell = Callable[[str, str, str], None]


@contextlib.contextmanager
def told_to(tell: Tell) -> Iterator[None]:
    """`tell(level, event, details)` hears every line meanwhile."""

    def take(_logger: Any, level: str, line: MutableMapping[str, Any]) -> str:
        event = str(line.pop("event", ""))
        # Neither traces nor how long something took in real time: the same in every run.
        kept = {key: line[key] for key in sorted(line) if key not in ("exc_info", "took_ms")}
        tell(level, event, " ".join(f"{key}={value}" for key, value in kept.items()))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[take], wrapper_class=structlog.BoundLogger)
    try:
        yield
    finally:
        structlog.configure(**before)
