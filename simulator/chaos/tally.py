"""What a run of chaos tried and found, and the clear word it ends with."""

import sys
import time
from dataclasses import dataclass, field

SHOWN_MAX = 20
TELL_EVERY_S = 15


@dataclass
class Tally:
    """One sub-run. A violation names its promise, what happened, and the line that repeats it."""

    name: str
    points: int = 0
    violations: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    skipped: str = ""  # why nothing was tried
    quiet: bool = False  # violations are expected
    began: float = field(default_factory=time.monotonic)
    _told: set[str] = field(default_factory=set)
    _tell_s: float = field(default_factory=lambda: time.monotonic() + TELL_EVERY_S)

    def count(self, what: str, by: int = 1) -> None:
        """Something worth telling besides."""
        self.counts[what] = self.counts.get(what, 0) + by

    def tried(self, point: str, problems: list[str]) -> None:
        """One point was tried; `point` is how to repeat it."""
        self.points += 1
        self.found(point, problems)
        if time.monotonic() > self._tell_s and not self.quiet:
            self._tell_s = time.monotonic() + TELL_EVERY_S
            say(f"  {self.points} points so far")

    def found(self, where: str, problems: list[str]) -> None:
        """Violations that belong to no point of their own; each is told once."""
        for problem in problems:
            if problem not in self._told:
                self._told.add(problem)
                self.violations.append(f"{problem}  [{where}]")
                if not self.quiet:
                    say(f"  VIOLATION {self.violations[-1]}")

    @property
    def word(self) -> str:
        """SOUND, BROKEN, SKIPPED; a run that tried nothing proves nothing."""
        if self.skipped:
            return "SKIPPED"
        return "SOUND" if self.points and not self.violations else "BROKEN"

    def text(self) -> str:
        """The end of the report."""
        if self.skipped:
            return f"{self.name}: SKIPPED: {self.skipped}"
        took_s = time.monotonic() - self.began
        counts = "".join(f", {count} {what}" for what, count in sorted(self.counts.items()))
        tried = f"{self.points} points tried, {len(self.violations)} violations"
        lines = [f"{self.name}: {tried}{counts}, {took_s:.0f} s"]
        lines += [f"  {violation}" for violation in self.violations[:SHOWN_MAX]]
        if len(self.violations) > SHOWN_MAX:
            lines.append(f"  ... and {len(self.violations) - SHOWN_MAX} more")
        return "\n".join([*lines, f"{self.name}: {self.word}"])


def say(text: str) -> None:
    """A line for whoever watches."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
