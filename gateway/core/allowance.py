"""How much of something a node may do: a burst, then so much in time. Pure."""

from dataclasses import dataclass


@dataclass(slots=True)
class Allowance:
    """`burst` at once, then one more for every `every_ms` that has passed. Steady milliseconds."""

    burst: int
    every_ms: int
    used: int = 0
    since_ms: int = 0

    def take(self, now_ms: int) -> bool:
        """Use one, if there is one."""
        regained = (now_ms - self.since_ms) // self.every_ms
        if regained >= self.used:
            self.used, self.since_ms = 0, now_ms
        else:
            self.used -= regained
            self.since_ms += regained * self.every_ms
        if self.used >= self.burst:
            return False
        self.used += 1
        return True
