"""How the work on a board is told while it goes on. What shows it is the command line."""

from collections.abc import Sequence
from typing import Protocol


class Reporter(Protocol):
    """Steps one after the other; within a step, progress and things to be done by hand."""

    def begin(self, step: str, title: str) -> None:
        """A step begins; `step` is its name for programs."""

    def progress(self, done: int, total: int) -> None:
        """How far the step is."""

    def done(self, detail: str) -> None:
        """The step is done; what came of it."""

    def note(self, text: str) -> None:
        """Something worth knowing."""

    def by_hand(self, act: str, text: str) -> None:
        """Somebody has to do something now; `act` is its name for programs, such as "press 3"."""

    def confirm(self, act: str, question: str) -> bool | None:
        """Ask yes or no; None when nobody can be asked."""

    def choose(self, question: str, choices: Sequence[str]) -> int | None:
        """Ask for one of these; None when nobody can be asked."""

    def close(self) -> None:
        """Nothing more comes, however the work ended."""
