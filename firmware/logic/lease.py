"""The lease: whether the gateway has been heard lately, and what its clock says now.

Rules:
- only a live beat (not a retained copy) of an `online` gateway renews the lease, for LEASE_MS;
- gateways are ordered by (epoch, connection): an older one is not heard at all, and a beat whose
  `at_ms` is not later than the last of the same connection (a duplicate, a late one) renews
  nothing;
- `lost` or `bye` of the current (epoch, connection), or of a newer one, ends the lease at once,
  also as a retained copy; that connection can not renew it again;
- the gateway's clock is reckoned as the `at_ms` of its last live beat plus the ticks since.
MicroPython subset, pure.
"""

from firmware.logic.timers import is_due
from protocols.messages.node import GatewayState
from protocols.ticks import ticks_add, ticks_diff

LEASE_MS = 10000
# Move the reckoning forward before the ticks since the beat could wrap.
_ROLL_MS = 1 << 27
HEARD_MS_MAX = 0x7FFFFFFFFFFF


class Lease:
    """What a node knows of its gateway; nothing at first."""

    def __init__(self) -> None:
        self.fresh = False
        self.heard = (0, 0)  # (epoch, connection) of the gateway last heard live; none yet
        self._gateway = (-1, 0)
        self._ended = (-1, 0)
        self._until: int | None = None
        self._beat_at_ms = 0
        self._heard_at_ms = 0
        self._heard_tick = 0

    def hear(self, now_ms: int, state: GatewayState, live: bool) -> None:
        """Take a state of the gateway; `live` when it is no retained copy."""
        key = (state.epoch, state.connection)
        if key < self._gateway or key <= self._ended:
            return
        if state.state != "online":
            self._gateway = key
            self._ended = key
            self.fresh = False
            self._until = None
            return
        if not live or (key == self._gateway and state.at_ms <= self._beat_at_ms):
            return
        self._gateway = key
        self.heard = key
        self._beat_at_ms = state.at_ms
        self._heard_at_ms = state.at_ms
        self._heard_tick = now_ms
        self._until = ticks_add(now_ms, LEASE_MS)
        self.fresh = True

    def wake(self, now_ms: int) -> None:
        """Let time pass: the lease may end."""
        if self._until is not None and is_due(self._until, now_ms):
            self._until = None
            self.fresh = False
        if ticks_diff(now_ms, self._heard_tick) > _ROLL_MS:
            self._heard_at_ms = self.heard_ms(now_ms)
            self._heard_tick = now_ms

    def heard_ms(self, now_ms: int) -> int:
        """The gateway's clock now, as far as this node knows; 0 before the first beat."""
        if self.heard[0] == 0:
            return 0
        since_ms = max(0, ticks_diff(now_ms, self._heard_tick))
        return min(HEARD_MS_MAX, self._heard_at_ms + since_ms)

    def wake_at(self) -> int | None:
        """When the lease ends unless it is renewed."""
        return self._until
