"""The broker of a virtual hall: the core, with what real brokers do at bad moments.

A will may be told late, long after the client is back (a cluster, a bridge, a slow disk), or early,
while the client still lives. A broker that kept its retained messages in a file comes back with
those of the last time it wrote the file.
"""

import random
from collections.abc import Callable

from simulator.broker import BrokerCore
from simulator.broker_access import AccessRules
from simulator.broker_session import Session, Will
from simulator.virtual_time import Timeline

WRITES_FILE_EVERY_MS = 60_000


class VirtualBroker(BrokerCore):
    """`late_will_ms` says how late the next will is told; 0: at once."""

    def __init__(self, timeline: Timeline, rng: random.Random, rules: AccessRules | None) -> None:
        super().__init__(rules, identity_is_client_id=True)
        self.late_will_percent = 0.0
        self.late_will_ms_max = 0
        self.on_output: Callable[[], None] = _nobody_sends
        self._timeline = timeline
        self._rng = rng
        self._old_news: dict[str, tuple[bytes, int]] = {}
        self._life = 0
        timeline.after(WRITES_FILE_EVERY_MS, self._write_file)

    def tell_will_early(self, connection: int) -> None:
        """Publish the will of a connection that is still there."""
        known = self._connections.get(connection)
        if known is not None and known.session is not None and known.will is not None:
            will, known.will = known.will, None
            self._publish(known.session, *will)

    def remember_old_news(self) -> None:
        """Read the file of retained messages."""
        self._retained = dict(self._old_news)

    def forget(self) -> None:
        self._life += 1
        super().forget()

    def _tell_will(self, session: Session, will: Will) -> None:
        if self._rng.random() * 100 < self.late_will_percent:
            late_ms = self._rng.randint(1, self.late_will_ms_max)
            self._timeline.after(late_ms, self._tell_late, self._life, session, will)
        else:
            super()._tell_will(session, will)

    def _tell_late(self, life: int, session: Session, will: Will) -> None:
        if life == self._life:
            super()._tell_will(session, will)
            self.on_output()

    def _write_file(self) -> None:
        self._old_news = dict(self._retained)
        self._timeline.after(WRITES_FILE_EVERY_MS, self._write_file)


def _nobody_sends() -> None:
    """Before it has a network."""
