"""The hall's loudspeaker: clip sequences played in virtual time, and what was heard.

As a voice chip does, it obeys at once: a sequence started while another plays cuts that one
off. Such a cut is recorded, because it is what promise P15 forbids; the auditor reads `heard`.
Fault knobs: `unplugged` (nothing starts and nothing is reported finished), `slow_percent`
(playing time in percent of the true one).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Utterance:
    """One sequence as it was heard. `cut_off_by` names the job that broke it off at `end_ms`."""

    job: str
    tokens: tuple[str, ...]
    start_ms: int
    end_ms: int
    cut_off_by: str | None = None


class Speaker:
    """Plays clips of known lengths with `gap_ms` of silence between them."""

    def __init__(self, clip_lengths_ms: Mapping[str, int], gap_ms: int) -> None:
        self.clip_lengths_ms = dict(clip_lengths_ms)
        self.gap_ms = gap_ms
        self.slow_percent = 100
        self.unplugged = False
        self.heard: list[Utterance] = []
        self._reported = 0

    def length_ms(self, tokens: Sequence[str]) -> int:
        """Playing time of a sequence, gaps included."""
        unknown = [token for token in tokens if token not in self.clip_lengths_ms]
        if unknown or not tokens:
            raise ValueError(f"no clip for {unknown}" if unknown else "no tokens to speak")
        clips = sum(self.clip_lengths_ms[token] for token in tokens)
        return (clips + self.gap_ms * (len(tokens) - 1)) * self.slow_percent // 100

    def play(self, job: str, tokens: Sequence[str], now_ms: int) -> None:
        """Start a sequence now, whatever is playing. An unknown token is a ValueError."""
        length_ms = self.length_ms(tokens)
        if self.unplugged:
            return
        if self.busy(now_ms):
            self._break_off(now_ms, by=job)
        self.heard.append(Utterance(job, tuple(tokens), now_ms, now_ms + length_ms))

    def stop(self, now_ms: int) -> None:
        """Silence now; what was playing counts as cut off by nobody in particular."""
        if self.busy(now_ms):
            self._break_off(now_ms, by="")

    def busy(self, now_ms: int) -> bool:
        """Whether a sequence is sounding."""
        return bool(self.heard) and not self.unplugged and now_ms < self.heard[-1].end_ms

    def idle_at_ms(self) -> int | None:
        """When the last sequence ends or ended; None if there was none."""
        return self.heard[-1].end_ms if self.heard else None

    def take_finished(self, now_ms: int) -> list[Utterance]:
        """Sequences that played to their end since the last call. Nothing while unplugged."""
        if self.unplugged:
            return []
        finished = []
        while self._reported < len(self.heard) and self.heard[self._reported].end_ms <= now_ms:
            utterance = self.heard[self._reported]
            self._reported += 1
            if utterance.cut_off_by is None:
                finished.append(utterance)
        return finished

    def overlaps(self) -> list[Utterance]:
        """Everything that did not play to its end."""
        return [utterance for utterance in self.heard if utterance.cut_off_by is not None]

    def _break_off(self, now_ms: int, by: str) -> None:
        self.heard[-1] = replace(self.heard[-1], end_ms=now_ms, cut_off_by=by)
