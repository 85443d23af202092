"""The hall's voice: clips joined into an announcement, and the clips found again in its sound.

Sound is PCM, 22,050 Hz, mono, 16 bits. Every clip is a whole number of 20 ms frames (441
samples), and between two clips stand exactly `GAP_MS` of silence, so lengths in milliseconds are
exact and the sequence can be read back from the samples alone. The clips are made once by
`simulator.voice_synthesis`, through `python -m simulator.assets`.
"""

import io
import json
import wave
from collections.abc import Mapping, Sequence
from pathlib import Path

RATE_HZ = 22_050
FRAME_MS = 20
GAP_MS = 40

BYTES_PER_FRAME = 2 * RATE_HZ * FRAME_MS // 1000
_GAP = bytes(BYTES_PER_FRAME * GAP_MS // FRAME_MS)


class Voice:
    """All clips of one folder: `<token>.wav` each, and `clips.json` with the lengths in ms."""

    def __init__(self, clips: Mapping[str, bytes]) -> None:
        for name, pcm in clips.items():
            if not pcm or len(pcm) % BYTES_PER_FRAME:
                raise ValueError(f"clip {name!r} is not a whole number of {FRAME_MS} ms frames")
        self.clips = dict(clips)

    @classmethod
    def load(cls, folder: Path) -> "Voice":
        """Read a folder written by the set-up step; a missing one names the command to run."""
        index = folder / "clips.json"
        if not index.is_file():
            raise FileNotFoundError(f"{index} is missing; run: python -m simulator.assets")
        names = json.loads(index.read_text(encoding="utf-8"))
        return cls({name: read_wav((folder / f"{name}.wav").read_bytes()) for name in names})

    def lengths_ms(self) -> dict[str, int]:
        """Token -> length, for `simulator.devices.speaker`."""
        return {
            name: len(pcm) // BYTES_PER_FRAME * FRAME_MS for name, pcm in sorted(self.clips.items())
        }

    def announcement_wav(self, tokens: Sequence[str]) -> bytes:
        """The clips of `tokens` in order with gaps between, as a WAV file."""
        unknown = [token for token in tokens if token not in self.clips]
        if unknown or not tokens:
            raise ValueError(f"no clip for {unknown}" if unknown else "no tokens to speak")
        return write_wav(_GAP.join(self.clips[token] for token in tokens))

    def tokens_in(self, wav: bytes) -> tuple[str, ...]:
        """The one sequence of clips that makes up `wav` sample by sample; ValueError if none."""
        pcm = read_wav(wav)
        starts: dict[bytes, list[str]] = {}
        for name, clip in self.clips.items():
            starts.setdefault(clip[:BYTES_PER_FRAME], []).append(name)
        tokens: list[str] = []
        place = 0
        while True:
            fitting = [
                name
                for name in starts.get(pcm[place : place + BYTES_PER_FRAME], [])
                if pcm.startswith(self.clips[name], place)
            ]
            if not fitting:
                raise ValueError(f"no clip fits at {_milliseconds(place)} ms, after {tokens}")
            tokens.append(max(fitting, key=lambda name: len(self.clips[name])))
            place += len(self.clips[tokens[-1]])
            if place == len(pcm):
                return tuple(tokens)
            if not pcm.startswith(_GAP, place):
                raise ValueError(f"no gap at {_milliseconds(place)} ms, after {tokens}")
            place += len(_GAP)


def _milliseconds(place: int) -> int:
    return place * 1000 // (2 * RATE_HZ)


def write_wav(pcm: bytes) -> bytes:
    """PCM -> a WAV file."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(pcm)
    return target.getvalue()


def read_wav(data: bytes) -> bytes:
    """A WAV file -> PCM; anything but 22,050 Hz mono 16 bits is a ValueError."""
    with wave.open(io.BytesIO(data), "rb") as file:
        form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if form != (RATE_HZ, 1, 2):
            raise ValueError(f"sound is {form}; it must be ({RATE_HZ}, 1, 2)")
        return file.readframes(file.getnframes())
