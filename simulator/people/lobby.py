"""What taxpayers share: the line before the kiosk, the paper tray, the chairs, who is inside."""

from typing import Protocol

from simulator.people.actor import Actor
from simulator.people.counter import Counter
from simulator.people.senses import Room


class Visitor(Protocol):
    """Somebody in the lobby."""

    number: str
    actor: Actor


class Lobby:
    """The place between the door and the windows."""

    def __init__(self, room: Room, counters: dict[str, Counter]) -> None:
        self.room = room
        self.counters = counters
        self.at_kiosk: Visitor | None = None
        self.paper: list[str] = []
        self.inside: list[Visitor] = []
        self.still_to_come = 0
        self._holders: dict[str, Visitor] = {}
        self._line: list[Visitor] = []

    def is_empty(self) -> bool:
        """Nobody is inside and nobody will come."""
        return not self.inside and not self.still_to_come

    def enter(self, person: Visitor) -> None:
        """Through the door."""
        self.still_to_come -= 1
        self.inside.append(person)

    def leave(self, person: Visitor) -> None:
        """Out of the door."""
        self.inside.remove(person)
        self.hand_back(person)

    def take(self, person: Visitor) -> None:
        """Take the first paper from the tray."""
        self.hold(person, self.paper.pop(0))

    def hold(self, person: Visitor, number: str) -> None:
        """This number is this person's now."""
        person.number = number
        self._holders[number] = person

    def hand_back(self, person: Visitor) -> None:
        """This number is over."""
        if self._holders.get(person.number) is person:
            del self._holders[person.number]
        person.number = ""

    def paper_came_out(self, number: str) -> None:
        """A ticket fell into the tray; whoever stands there sees it."""
        self.paper.append(number)
        if self.at_kiosk is not None:
            self.at_kiosk.actor.look()

    def kiosk_changed(self) -> None:
        """The kiosk's screen shows something else."""
        if self.at_kiosk is not None:
            self.at_kiosk.actor.look()

    def named(self, number: str) -> None:
        """A sign, the wall or the voice names this number, or a sign stops naming it."""
        holder = self._holders.get(number)
        if holder is not None:
            holder.actor.look()

    def line_up(self, person: Visitor) -> None:
        """Stand in line before the kiosk."""
        self._line.append(person)
        self._call_up()

    def leave_kiosk(self, person: Visitor) -> None:
        """Make room for the next one."""
        if self.at_kiosk is person:
            self.at_kiosk = None
        if person in self._line:
            self._line.remove(person)
        self._call_up()

    def _call_up(self) -> None:
        if self.at_kiosk is None and self._line:
            self.at_kiosk = self._line.pop(0)
            self.at_kiosk.actor.look()
