"""Announcements as sound: the clip sequence is found again in the samples, exactly."""

import array
import math

import pytest

from protocols.announcement import announcement_tokens, vocabulary
from simulator import assets
from simulator.devices.speaker import Speaker
from simulator.voice import GAP_MS, RATE_HZ, Voice, read_wav, write_wav


@pytest.fixture(scope="module")
def voice() -> Voice:
    return Voice.load(assets.ensure(only=("voice",)).clips)


@pytest.mark.parametrize(
    ("number", "window", "repeat", "again"),
    [("A023", 3, 1, False), ("B111", 12, 2, True), ("Z999", 99, 3, False), ("C700", 20, 1, True)],
)
def test_sequence_is_recovered_from_the_samples(voice, number, window, repeat, again) -> None:
    tokens = announcement_tokens(number, window, repeat, again)
    assert voice.tokens_in(voice.announcement_wav(tokens)) == tokens


def test_playing_time_is_what_the_speaker_model_says_to_the_millisecond(voice: Voice) -> None:
    tokens = announcement_tokens("A023", 3, 2)
    samples = len(read_wav(voice.announcement_wav(tokens))) // 2
    assert Speaker(voice.lengths_ms(), GAP_MS).length_ms(tokens) * RATE_HZ == samples * 1000


def test_one_changed_sample_is_found(voice: Voice) -> None:
    pcm = bytearray(read_wav(voice.announcement_wav(("qing", "A", "hao"))))
    pcm[len(pcm) // 2] ^= 1
    with pytest.raises(ValueError, match=r"no clip fits|no gap"):
        voice.tokens_in(write_wav(bytes(pcm)))


def test_every_word_is_heard_at_one_loudness_and_without_clipping(voice: Voice) -> None:
    assert set(voice.clips) == set(vocabulary())
    for name, pcm in voice.clips.items():
        samples = array.array("h", pcm)
        assert max(map(abs, samples)) < 32_000, name
        if name in ("chime", "pause"):
            continue
        level = math.sqrt(sum(sample * sample for sample in samples) / len(samples))
        assert 2_500 < level < 5_000, name
        assert 200 <= voice.lengths_ms()[name] <= 1_700, name


def test_clips_begin_at_once_and_are_all_different(voice: Voice) -> None:
    assert len(set(voice.clips.values())) == len(voice.clips)
    for name, pcm in voice.clips.items():
        if name != "pause":
            assert max(map(abs, array.array("h", pcm[: 2 * RATE_HZ // 25]))) > 200, name


def test_unknown_token_is_refused(voice: Voice) -> None:
    with pytest.raises(ValueError, match="moo"):
        voice.announcement_wav(("qing", "moo"))


def test_missing_folder_names_the_command_to_run(tmp_path) -> None:
    with pytest.raises(FileNotFoundError, match=r"python -m simulator.assets"):
        Voice.load(tmp_path)


def test_other_sample_rate_is_refused() -> None:
    wav = bytearray(write_wav(bytes(882)))
    wav[24:28] = (8_000).to_bytes(4, "little")
    with pytest.raises(ValueError, match="22050"):
        read_wav(bytes(wav))
