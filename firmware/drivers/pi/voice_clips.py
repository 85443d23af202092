"""The voice of a hall by recorded clips: ("speak", ...) and ("chime", ...) in, ("spoken", job) out.

The clips of a call are joined into one sound and given to a player program (aplay of ALSA). Rules:
one program at a time; "spoken" only when it has ended well; a program that plays longer than
LONGEST_S is killed, which is before the logic gives the job up, so that two never sound together.
Clips are WAV files of one form, one per token of `protocols.announcement`, in one folder.
"""

import io
import logging
import subprocess
import threading
import wave
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from firmware.drivers.pi.driver import Driver, Event, Post
from firmware.drivers.pi.loop import Loop
from firmware.logic import events
from protocols import announcement

LONGEST_S = 25.0
GAP_MS = 40
APLAY = ("aplay", "-q", "-t", "wav", "-")

log = logging.getLogger(__name__)


def spoken_tokens(number: str, window: str, again: bool) -> tuple[str, ...]:
    """The clips of a call; a window with a letter is read character by character."""
    if window.isdigit():
        return announcement.announcement_tokens(number, int(window), again=again)
    head = (announcement.CHIME, *((announcement.AGAIN,) if again else ()))
    sentence = (announcement.PLEASE, *announcement.spoken_number(number))
    place = (announcement.NUMBER, announcement.TO, *announcement.spoken_number(window))
    return head + sentence + place + (announcement.NUMBER, announcement.WINDOW)


class Clips:
    """All clips, read once: a missing one is found at the start, not in the middle of a call."""

    def __init__(self, folder: Path) -> None:
        self._pcm: dict[str, bytes] = {}
        forms = set()
        for token in announcement.vocabulary():
            path = folder / f"{token}.wav"
            if not path.is_file():
                raise FileNotFoundError(f"{path} is missing; the voice needs a clip for each word")
            with wave.open(str(path), "rb") as clip:
                forms.add((clip.getnchannels(), clip.getsampwidth(), clip.getframerate()))
                self._pcm[token] = clip.readframes(clip.getnframes())
        if len(forms) > 1:
            raise ValueError(f"{folder}: clips of {len(forms)} different forms; make them alike")
        [self._form] = forms

    def sound(self, tokens: Sequence[str]) -> bytes:
        """The clips one after the other, GAP_MS of silence between, as a WAV file."""
        channels, width, rate = self._form
        gap = bytes(channels * width * (rate * GAP_MS // 1000))
        target = io.BytesIO()
        with wave.open(target, "wb") as whole:
            whole.setnchannels(channels)
            whole.setsampwidth(width)
            whole.setframerate(rate)
            whole.writeframes(gap.join(self._pcm[token] for token in tokens))
        return target.getvalue()


class ClipVoice(Driver):
    """`player` is a program that plays a WAV file from its standard input and then ends."""

    def __init__(self, loop: Loop, post: Post, clips: Clips, player: Sequence[str] = APLAY) -> None:
        self._loop = loop
        self._post = post
        self._clips = clips
        self._player = tuple(player)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()  # for `_process`, which the background thread makes
        self._playing = False
        self._waiting: tuple[str, bytes] | None = None
        self._stopped = False

    def stop(self) -> None:
        """Silence now."""
        self._stopped = True
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def apply(self, effect: Event) -> None:
        """Speak, after what is still sounding."""
        if effect[0] == events.SPEAK:
            _, job, number, window, again = effect
            try:
                tokens = spoken_tokens(str(number), str(window), bool(again))
            except ValueError as error:
                log.error("voice: %s", error)
                return
            self._say(str(job), tokens)
        elif effect[0] == events.CHIME:
            self._say(str(effect[1]), (announcement.CHIME,))

    def _say(self, job: str, tokens: Sequence[str]) -> None:
        self._waiting = (job, self._clips.sound(tokens))
        self._next()

    def _next(self) -> None:
        if self._playing or self._waiting is None or self._stopped:
            return
        (job, sound), self._waiting = self._waiting, None
        self._playing = True
        self._loop.in_background(partial(self._play, sound), partial(self._ended, job))

    def _play(self, sound: bytes) -> None:
        """In the background: OSError or SubprocessError when the sound did not reach its end."""
        with self._lock:
            if self._stopped:
                return
            self._process = subprocess.Popen(self._player, stdin=subprocess.PIPE)  # noqa: S603
        try:
            self._process.communicate(sound, timeout=LONGEST_S)
        finally:
            self._process.kill()
            code = self._process.wait()
        if code:
            raise subprocess.CalledProcessError(code, self._player)

    def _ended(self, job: str, result: object) -> None:
        self._playing = False
        if isinstance(result, OSError | subprocess.SubprocessError):
            log.error("voice: %s", result)
        elif isinstance(result, Exception):
            raise result
        elif not self._stopped:
            self._post((events.SPOKEN, job))
        self._next()
