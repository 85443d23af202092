"""Makes the voice clips: eSpeak NG for the words, arithmetic for the chime.

Mandarin comes from the voice `cmn-latn-pinyin`, fed with pinyin: the voice `cmn` reads hanzi as
English in this version. Letters of ticket numbers are English. Each clip is cut free of silence,
brought to one loudness, faded at both ends, and padded to whole frames of `simulator.voice`.
eSpeak carries its state from one word to the next, so the same clips come out only in a process
of its own: the set-up step runs `python -m simulator.voice_synthesis FOLDER`.
"""

import array
import ctypes
import json
import math
import sys
from pathlib import Path

import espeakng_loader

from protocols import announcement
from simulator.voice import BYTES_PER_FRAME, FRAME_MS, RATE_HZ, Voice, write_wav

MANDARIN = "cmn-latn-pinyin"
ENGLISH = "en-us"

PINYIN = {
    "0": "ling2",
    "1": "yi1",
    "2": "er4",
    "3": "san1",
    "4": "si4",
    "5": "wu3",
    "6": "liu4",
    "7": "qi1",
    "8": "ba1",
    "9": "jiu3",
    announcement.PLEASE: "qing3",
    announcement.NUMBER: "hao4",
    announcement.TO: "dao4",
    announcement.WINDOW: "chuang1kou3",
    announcement.TEN: "shi2",
    announcement.ONE_SPOKEN: "yao1",
    announcement.AGAIN: "chong2fu4 hu1jiao4",
}

PAUSE_MS = 600
CHIME_MS = 1_300
LOUDNESS = 4_800  # root mean square of every spoken clip
PEAK_LIMIT = 30_000
_SILENCE = 220
_FADE_SAMPLES = 110

_SYNCHRONOUS = 2
_PARAMETER_RATE = 1
_PARAMETER_PITCH = 3
_CHARACTERS_UTF8 = 1
_POSITION_CHARACTER = 1

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


class Synthesizer:
    """eSpeak NG through its C interface: text -> samples."""

    def __init__(self, words_per_minute: int, pitch: int) -> None:
        self._library = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        data = str(Path(espeakng_loader.get_data_path()))
        rate_hz = self._library.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), 0)
        if rate_hz != RATE_HZ:
            raise RuntimeError(f"eSpeak NG gives {rate_hz} Hz from {data}; {RATE_HZ} was expected")
        self._samples = bytearray()
        self._callback = _Callback(self._collect)  # kept: C holds only a bare pointer to it
        self._library.espeak_SetSynthCallback(self._callback)
        self._settings = ((_PARAMETER_RATE, words_per_minute), (_PARAMETER_PITCH, pitch))

    def _collect(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _: int) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, 2 * count)
        return 0

    def speak(self, text: str, voice: str) -> "array.array[int]":
        """Samples of `text`, silence at both ends included."""
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise RuntimeError(f"eSpeak NG has no voice {voice!r}")
        # Choosing a voice sets its own speed and pitch, so ours come after it.
        for parameter, value in self._settings:
            self._library.espeak_SetParameter(parameter, value, 0)
        self._samples.clear()
        data = text.encode()
        self._library.espeak_Synth(
            data, len(data) + 1, 0, _POSITION_CHARACTER, 0, _CHARACTERS_UTF8, None, None
        )
        self._library.espeak_Synchronize()
        return array.array("h", bytes(self._samples))


def make_clips(words_per_minute: int = 140, pitch: int = 55) -> dict[str, bytes]:
    """Every token of `protocols.announcement` -> PCM in whole frames."""
    synthesizer = Synthesizer(words_per_minute, pitch)
    clips = {announcement.CHIME: chime(), announcement.PAUSE: silence(PAUSE_MS)}
    for token in announcement.vocabulary():
        if token in PINYIN:
            clips[token] = finished(synthesizer.speak(PINYIN[token], MANDARIN))
        elif token in announcement.LETTERS:
            clips[token] = finished(synthesizer.speak(token, ENGLISH))
    missing = set(announcement.vocabulary()) - set(clips)
    if missing:
        raise RuntimeError(f"no recipe for the tokens {sorted(missing)}")
    return clips


def finished(samples: "array.array[int]") -> bytes:
    """Cut, level, fade and pad one spoken clip."""
    loud = [place for place, sample in enumerate(samples) if abs(sample) > _SILENCE]
    if not loud:
        raise RuntimeError("a clip came out silent")
    cut = samples[loud[0] : loud[-1] + 1]
    level = math.sqrt(sum(sample * sample for sample in cut) / len(cut))
    gain = min(LOUDNESS / level, PEAK_LIMIT / max(map(abs, cut)))
    shaped = [sample * gain for sample in cut]
    for place in range(min(_FADE_SAMPLES, len(shaped) // 2)):
        shaped[place] *= place / _FADE_SAMPLES
        shaped[-1 - place] *= place / _FADE_SAMPLES
    return _padded(array.array("h", (round(sample) for sample in shaped)))


def chime() -> bytes:
    """Two struck bars, E5 then C5: each a tone with two fading overtones and a soft attack."""
    total = RATE_HZ * CHIME_MS // 1000
    sound = [0.0] * total
    for hertz, start_ms, decay in ((659.26, 0, 5.0), (523.25, 360, 3.6)):
        first = RATE_HZ * start_ms // 1000
        for place in range(first, total):
            t = (place - first) / RATE_HZ
            attack = min(1.0, t / 0.004)
            for multiple, share in ((1.0, 1.0), (2.0, 0.28), (4.0, 0.09)):
                ring = math.exp(-decay * t * multiple**0.6)
                sound[place] += attack * share * ring * math.sin(math.tau * hertz * multiple * t)
    tail = RATE_HZ // 10
    for place in range(tail):
        sound[-1 - place] *= place / tail
    scale = 12_000 / max(map(abs, sound))
    return _padded(array.array("h", (round(sample * scale) for sample in sound)))


def silence(length_ms: int) -> bytes:
    """So much nothing."""
    return bytes(BYTES_PER_FRAME * (length_ms // FRAME_MS))


def _padded(samples: "array.array[int]") -> bytes:
    pcm = samples.tobytes()
    return pcm + bytes(-len(pcm) % BYTES_PER_FRAME)


def main() -> None:
    """Write every clip and, last, the index into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    voice = Voice(make_clips())
    for name, pcm in voice.clips.items():
        (folder / f"{name}.wav").write_bytes(write_wav(pcm))
    index = json.dumps(voice.lengths_ms(), indent=1) + "\n"
    (folder / "clips.json").write_text(index, encoding="utf-8")


if __name__ == "__main__":
    main()
