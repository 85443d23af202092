"""The chair at a window: who sits there, and what the officer says to them."""

from collections.abc import Callable
from typing import Protocol


class Person(Protocol):
    """A taxpayer as the officer sees one: the number in the hand, and the matter."""

    number: str

    def take_service_ms(self) -> int:
        """How long this takes now; a second visit for the same matter takes the rest."""

    def told(self, word: str) -> None:
        """ "done", "wait" (keep the number and wait to be called) or "not_you"."""


class Counter:
    """One window's chair."""

    def __init__(self) -> None:
        self.person: Person | None = None
        # Those who fill in a form nearby, until they are called again.
        self.aside: list[str] = []
        # The officer looks up when somebody sits down.
        self.on_change: Callable[[], None] = _nobody_looks

    def sit(self, person: Person) -> bool:
        """Take the chair; False when somebody sits there."""
        if self.person is not None:
            return False
        self.person = person
        self.on_change()
        return True

    def dismiss(self) -> None:
        """Thank you, good-bye."""
        self._say("done")

    def send_back(self) -> None:
        """Wait until your number is called again, by whomever."""
        self._say("wait")

    def send_aside(self) -> None:
        """Fill this in; I shall call you again."""
        if self.person is not None:
            self.aside.append(self.person.number)
        self._say("wait")

    def send_away(self) -> None:
        """It is not your number that was called."""
        self._say("not_you")

    def leave(self, person: Person) -> None:
        """Stand up by oneself."""
        if self.person is person:
            self.person = None

    def _say(self, word: str) -> None:
        person, self.person = self.person, None
        if person is not None:
            person.told(word)


def _nobody_looks() -> None:
    """At a window without an officer."""
