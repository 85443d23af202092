"""Which application slot counts, and what is on trial: the one value that boot and update share.

Pure, MicroPython subset; its form is for ever, because the boot code of a board is never updated:
five words and whatever a later application adds, "a 0 0 12 0":
  slot      the one that counts, "a" or "b"; an update goes into the other
  trial     the release in the other slot that is on trial, 0: none
  tries     boots that the trial has left
  floor     the release that was confirmed last; a lower one is never taken again
  returned  the highest release that failed its trial; not taken again either
"""

KEY = "release"
SLOTS = ("a", "b")
TRIES = 3


class BootState:
    """A value one may change; `encode` gives its bytes."""

    def __init__(self, slot: str, trial: int, tries: int, floor: int, returned: int) -> None:
        self.slot = slot
        self.trial = trial
        self.tries = tries
        self.floor = floor
        self.returned = returned
        self.rest: list[str] = []

    def encode(self) -> bytes:
        """What is stored."""
        words = [self.slot]
        for number in (self.trial, self.tries, self.floor, self.returned):
            words.append(str(number))
        return " ".join(words + self.rest).encode()

    def other(self) -> str:
        """The slot that does not count."""
        return "b" if self.slot == "a" else "a"

    def slot_to_boot(self) -> str:
        """The slot on trial while it has tries left."""
        return self.other() if self.trial and self.tries > 0 else self.slot


def decode_boot_state(value: bytes) -> BootState | None:
    """What was stored, or None when it is nothing of the kind."""
    try:
        words = str(value, "utf-8").split(" ")
        if len(words) < 5 or words[0] not in SLOTS:
            return None
        numbers = [int(word) for word in words[1:5]]
    except (ValueError, UnicodeError):
        return None
    state = BootState(words[0], numbers[0], numbers[1], numbers[2], numbers[3])
    state.rest = words[5:]
    return state
