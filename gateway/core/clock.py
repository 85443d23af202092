"""Hall time: milliseconds since 1970 that only go forward, whatever the wall clock does.

Rules: the wall clock is read once, when the gateway starts, and never below the journal's last
event; from then on a steady clock carries hall time, also over restarts of the gateway, as long as
the machine stays on and its wall clock is not known to be right. `rate` is 1 except in a
demonstration that plays a day faster. Two kinds of time follow: hall time for what people live by
(waiting, limits, the business day), steady time for the network (beats, resending, ages of
presses).
"""

from dataclasses import dataclass


@dataclass(slots=True)
class ClockMark:
    """Where hall time stood at a start: in this boot of the machine, at that steady time."""

    boot: str
    steady_ms: int
    hall_ms: int

    def carried_ms(self, boot: str, steady_ms: int) -> int | None:
        """Hall time now by this mark; None after a restart of the machine."""
        if not boot or boot != self.boot or steady_ms < self.steady_ms:
            return None
        return self.hall_ms + steady_ms - self.steady_ms


@dataclass(slots=True)
class HallClock:
    """Maps steady milliseconds to hall milliseconds and back."""

    steady_start_ms: int
    hall_start_ms: int
    rate: int = 1

    @classmethod
    def start(cls, *, wall_ms: int, steady_ms: int, last_event_ms: int) -> "HallClock":
        return cls(steady_start_ms=steady_ms, hall_start_ms=max(wall_ms, last_event_ms + 1))

    def hall_ms(self, steady_ms: int) -> int:
        return self.hall_start_ms + (steady_ms - self.steady_start_ms) * self.rate

    def steady_ms(self, hall_ms: int) -> int:
        """The first steady millisecond at which hall time has reached `hall_ms`."""
        return self.steady_start_ms + -((self.hall_start_ms - hall_ms) // self.rate)

    def carry_on(self, steady_ms: int, hall_ms: int, last_event_ms: int) -> None:
        """At a start: begin at `hall_ms` instead of the wall clock's time."""
        self.hall_start_ms = max(hall_ms, last_event_ms + 1)
        self.steady_start_ms = steady_ms

    def change_rate(self, steady_ms: int, rate: int) -> None:
        """From now on hall time runs `rate` times as fast, at least 1; it does not jump."""
        if rate < 1:
            raise ValueError(f"rate {rate}: hall time never stops nor goes back; 1 or more")
        self.hall_start_ms = self.hall_ms(steady_ms)
        self.steady_start_ms = steady_ms
        self.rate = rate

    def jump_to(self, steady_ms: int, hall_ms: int) -> None:
        """Move forward to `hall_ms`; backwards is refused."""
        if hall_ms < self.hall_ms(steady_ms):
            raise ValueError("hall time never goes back")
        self.hall_start_ms = hall_ms
        self.steady_start_ms = steady_ms
