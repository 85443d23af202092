"""The shape of a part on a board (an abstract base, without `abc`, which MicroPython lacks).

A part is dark, open and silent once it is made. `apply` carries an effect of
firmware.logic.events out at once; what goes on in time (blinking, beeping, mending what noise
upset) happens in `wake`, at `wake_at` or earlier. MicroPython subset, pure.
"""


class Part:
    """`takes` names the effects it carries out."""

    takes: tuple = ()

    def apply(self, effect: tuple, now_ms: int) -> None:
        """Carry out one effect."""
        raise NotImplementedError(f"apply({effect}, {now_ms})")

    def poll(self) -> list[tuple]:
        """What has happened at its pins since the last time, as events."""
        return []

    def wake(self, now_ms: int) -> None:  # noqa: ARG002  # one shape for all
        """Time has passed."""
        return

    def wake_at(self) -> int | None:
        """When `wake` is wanted at the latest."""
        return None
