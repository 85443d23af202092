"""What people can see, hear and touch in the hall, and nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

# What a kiosk's screen says while its fields may be touched.
KIOSK_OPEN = ("ready", "printed", "reserve")


class Pad(Protocol):
    """A call pad: four digits, one light, nine keys."""

    display: str
    light: str

    def press(self, key: int, hold_ms: int) -> None:
        """A finger on a key, contact bounce and all."""


class Kiosk(Protocol):
    """The ticket kiosk: its screen says one of SCREEN_MODES of `firmware.logic.events`."""

    screen: str

    def touch(self, service: str) -> None:
        """A finger on the field of a service."""


class Sign(Protocol):
    """The sign above a window."""

    mode: str
    number: str


class Face(Protocol):
    """A rating pad: five faces."""

    mode: str
    number: str

    def press(self, key: int, hold_ms: int) -> None:
        """A finger on a face; key 0 is grade 1."""


@dataclass(frozen=True, slots=True)
class PageRow:
    """What the chief's page says of one window; `turn` is what a click on it carries."""

    window: str
    mode: str
    number: str
    turn: int
    help: bool


class Room(Protocol):
    """Everything together. `window` is the label people read: "1", "2", ..."""

    windows: tuple[str, ...]

    def pad(self, window: str) -> Pad:
        """The pad at a window, for its officer."""

    def sign(self, window: str) -> Sign:
        """The sign above a window."""

    def face(self, window: str) -> Face:
        """The rating pad at a window."""

    def kiosk(self) -> Kiosk:
        """The kiosk."""

    def ask_desk(self, number: str, answered: Callable[[str], None]) -> None:
        """The clerk looks the number up and puts a missed one back in line (over the REST API).

        Answers "wait" (in line, again or still), "new" (this number is over), or not at all.
        """

    def take_number(self, service: str, answered: Callable[[str], None]) -> None:
        """A number for a phone, without paper (over the REST API); "" when there is none.

        No answer at all when the gateway cannot be reached.
        """

    def give_back(self, number: str) -> None:
        """Tell the desk that this number is not needed any more."""

    def rate(self, number: str, grade: int) -> None:
        """A verdict given with the phone."""

    def page(self) -> tuple[PageRow, ...]:
        """The chief's page of all windows; empty while it cannot be reached."""

    def command(self, row: PageRow, command: str) -> None:
        """The chief does for a window what a key of its pad does, having seen this row."""
