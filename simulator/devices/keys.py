"""A push button with contact bounce: a press -> the level edges a pin sees.

The pin is pulled up: 1 is released, 0 is pressed. All bouncing comes from the `random.Random`
that is passed in, so the same seed gives the same edges. Times are whole milliseconds and
strictly increasing, as a pin read once a millisecond sees them.
Fault knobs: `stuck` (0 held down, 1 dead contact, None healthy), `sticks` (the next press goes down
and does not come up) and `bounce_ms`.
"""

import random

PRESSED = 0
RELEASED = 1


class Key:
    """One key; `bounce_ms` bounds how long the contacts chatter after each edge."""

    def __init__(self, bounce_ms: int = 8, bounces_limit: int = 5) -> None:
        self.bounce_ms = bounce_ms
        self.bounces_limit = bounces_limit
        self.stuck: int | None = None
        self.sticks = False

    def press(self, at_ms: int, hold_ms: int, rng: random.Random) -> list[tuple[int, int]]:
        """Edges (time in ms, new level) of a press held for `hold_ms`; none when it is stuck, and
        no coming up when it sticks."""
        if hold_ms <= self.bounce_ms:
            raise ValueError(f"hold_ms is {hold_ms}; it must be over bounce_ms {self.bounce_ms}")
        # The random numbers are drawn either way: a fault must not shift the rest of a run.
        down = self._chatter(at_ms, PRESSED, rng)
        up = self._chatter(at_ms + hold_ms, RELEASED, rng)
        if self.stuck is not None:
            return []
        if self.sticks:
            self.stuck, self.sticks = PRESSED, False
            return down
        return down + up

    def free(self, at_ms: int, rng: random.Random) -> list[tuple[int, int]]:
        """Edges of a key that was held down and is pried loose."""
        was, self.stuck = self.stuck, None
        return self._chatter(at_ms, RELEASED, rng) if was == PRESSED else []

    def glitch(self, at_ms: int) -> list[tuple[int, int]]:
        """A spike of one millisecond, as a relay nearby makes it; none when it is stuck."""
        return [] if self.stuck is not None else [(at_ms, PRESSED), (at_ms + 1, RELEASED)]

    def resting_level(self) -> int:
        """The level with no finger on the key."""
        return RELEASED if self.stuck is None else self.stuck

    def _chatter(self, at_ms: int, level: int, rng: random.Random) -> list[tuple[int, int]]:
        """An even number of extra edges within `bounce_ms`, ending at `level`."""
        room = self.bounce_ms // 2
        pairs = min(rng.randint(0, self.bounces_limit), room)
        offsets = sorted(rng.sample(range(1, 2 * room + 1), 2 * pairs)) if pairs else []
        edges = [(at_ms, level)]
        for place, offset in enumerate(offsets):
            edges.append((at_ms + offset, level if place % 2 else 1 - level))
        return edges
