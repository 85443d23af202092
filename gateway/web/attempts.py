"""How often somebody may try: guessing is slow, and a flood stops at the door.

Rules:
- after FAILURES_FREE wrong attempts in a row a name is locked, LOCK_S the first time, doubling up
  to LOCK_S_MAX; the right password does not open it before. A success forgets the failures;
- one address may try ATTEMPTS_PER_MINUTE times a minute, whatever the names;
- calls without any token are counted by address: PUBLIC_PER_MINUTE.
Kept in memory: a restart forgets, which is why the file of people survives it with Argon2.
"""

import math
from dataclasses import dataclass

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

FAILURES_FREE = 5
LOCK_S = 60
LOCK_S_MAX = 3600
NAMES_MAX = 10_000
ATTEMPTS_PER_MINUTE = 20
PUBLIC_PER_MINUTE = 600


@dataclass(slots=True)
class _Failures:
    count: int = 0
    locked_until_s: float = 0


class Attempts:
    """`now_s` is a clock that only goes forward."""

    def __init__(
        self,
        attempts_per_minute: int = ATTEMPTS_PER_MINUTE,
        public_per_minute: int = PUBLIC_PER_MINUTE,
    ) -> None:
        self._failures: dict[str, _Failures] = {}
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._attempts = RateLimitItemPerMinute(attempts_per_minute, namespace="attempt")
        self._public = RateLimitItemPerMinute(public_per_minute, namespace="public")

    def wait_s(self, name: str, address: str, now_s: float) -> int:
        """0 when this attempt may be made, else how long to wait; counts it."""
        known = self._failures.get(name)
        if known is not None and now_s < known.locked_until_s:
            return math.ceil(known.locked_until_s - now_s)
        return 0 if self._limiter.hit(self._attempts, address) else 60

    def failed(self, name: str, now_s: float) -> None:
        """A wrong name, password or code."""
        if len(self._failures) >= NAMES_MAX and name not in self._failures:
            self._failures.pop(next(iter(self._failures)))
        known = self._failures.setdefault(name, _Failures())
        known.count += 1
        over = known.count - FAILURES_FREE
        if over >= 0:
            known.locked_until_s = now_s + min(LOCK_S_MAX, LOCK_S << min(over, 16))

    def succeeded(self, name: str) -> None:
        """The failures of this name are forgotten."""
        self._failures.pop(name, None)

    def public_may_call(self, address: str) -> bool:
        """Whether one more call without a token may come from there this minute."""
        return bool(self._limiter.hit(self._public, address))
