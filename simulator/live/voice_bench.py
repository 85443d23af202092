"""The loudspeaker of the hall: an announcement is a sequence of clips with known lengths."""

import asyncio
from dataclasses import dataclass

from firmware.drivers.pi.voice_clips import spoken_tokens
from firmware.logic import events
from protocols.announcement import CHIME
from simulator.devices.speaker import Speaker
from simulator.live.bench import Bench, Event
from simulator.live.clock import steady_ms
from simulator.voice import GAP_MS, Voice

LAST_SPOKEN = 8
HEARD_MAX = 500  # the model remembers all it ever said; a new one takes over


@dataclass(frozen=True)
class Spoken:
    """One announcement, or a chime, which has no number.

    Times are steady milliseconds, `starts_ms` counts from its beginning.
    """

    job: str
    number: str
    window: str
    again: bool
    tokens: tuple[str, ...]
    starts_ms: tuple[int, ...]
    started_ms: int
    length_ms: int


class VoiceBench(Bench):
    """Speaker and clips. `playing` is what sounds now, `last` what sounded before."""

    def __init__(self, voice: Voice) -> None:
        super().__init__()
        self.voice = voice
        self.lengths_ms = voice.lengths_ms()
        self.speaker = Speaker(self.lengths_ms, GAP_MS)
        self.playing: Spoken | None = None
        self.last: Spoken | None = None
        self.spoken: dict[str, Spoken] = {}
        self.on_end = _nobody_listens
        self._timer: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """Silence."""
        if self._timer is not None:
            self._timer.cancel()

    def apply(self, effect: Event, now_ms: int) -> None:
        """Speak."""
        if effect[0] == events.SPEAK:
            _, job, number, window, again = effect
            tokens = spoken_tokens(str(number), str(window), bool(again))
            self._play(str(job), str(number), str(window), bool(again), tokens, now_ms)
        elif effect[0] == events.CHIME:
            self._play(str(effect[1]), "", "", False, (CHIME,), now_ms)

    def _play(
        self, job: str, number: str, window: str, again: bool, tokens: tuple[str, ...], now_ms: int
    ) -> None:
        self.speaker.play(job, tokens, now_ms)
        factor = self.speaker.slow_percent / 100
        starts, place = [], 0
        for token in tokens:
            starts.append(round(place * factor))
            place += self.lengths_ms[token] + GAP_MS
        length_ms = self.speaker.length_ms(tokens)
        self.playing = Spoken(job, number, window, again, tokens, tuple(starts), now_ms, length_ms)
        self.spoken[job] = self.playing
        while len(self.spoken) > LAST_SPOKEN:
            del self.spoken[next(iter(self.spoken))]
        delay_s = length_ms / 1000
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._finish)

    def set_speed(self, factor: int) -> None:
        """Let announcements pass `factor` times as fast, for a day that is played fast."""
        self.speaker.slow_percent = max(1, 100 // factor)

    def wav(self, job: str) -> bytes | None:
        """The sound of one of the last announcements."""
        spoken = self.spoken.get(job)
        return None if spoken is None else self.voice.announcement_wav(spoken.tokens)

    def _finish(self) -> None:
        now_ms = steady_ms()
        finished = self.speaker.take_finished(now_ms)
        if not finished and self.speaker.busy(now_ms):
            self._timer = asyncio.get_running_loop().call_later(0.002, self._finish)
            return
        self.last, self.playing = self.playing, None
        if len(self.speaker.heard) > HEARD_MAX:
            slow_percent = self.speaker.slow_percent
            self.speaker = Speaker(self.lengths_ms, GAP_MS)
            self.speaker.slow_percent = slow_percent
        for utterance in finished:
            self._post((events.SPOKEN, utterance.job))
        self.on_end()


def _nobody_listens() -> None:
    """Replaced by whoever shows what is said."""
