"""What the gateway needs of the firmware releases it hands out to nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from protocols.messages.service import Block, BlockWanted, UpdateOffer


@dataclass(frozen=True, slots=True)
class ReleaseInfo:
    """One release: its number, its name, the version of its .mpy files, how much there is of it."""

    release: int
    name: str
    mpy: int
    total_bytes: int


class Releases(Protocol):
    """Answers at once, from memory: it is asked between presses."""

    def newest_first(self) -> Sequence[ReleaseInfo]:
        """What there is."""

    def offer(self, release: int) -> UpdateOffer:
        """What to tell a node that shall have this release. Raises KeyError when it is not here."""

    def answer(self, wanted: BlockWanted) -> Block | None:
        """What a node asked for; None when there is no such file."""


class NoReleases:
    """A gateway that hands out none."""

    def newest_first(self) -> Sequence[ReleaseInfo]:
        """None."""
        return ()

    def offer(self, release: int) -> UpdateOffer:
        """Not here."""
        raise KeyError(release)

    def answer(self, wanted: BlockWanted) -> None:
        """Not here."""
