"""The loudspeaker: the sound the page plays is the announcement that was asked for."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from firmware.drivers.pi.voice_clips import spoken_tokens
from firmware.logic import events
from protocols.announcement import announcement_tokens
from simulator.assets import Assets
from simulator.live.bench import Event
from simulator.live.voice_bench import VoiceBench
from simulator.voice import Voice


@pytest.fixture(scope="module")
def voice(assets: Assets) -> Voice:
    return Voice.load(assets.clips)


def test_sound_holds_the_clips_in_the_order_spoken(
    voice: Voice, until: Callable[..., Awaitable[None]]
) -> None:
    heard: list[Event] = []

    async def speak() -> bytes | None:
        bench = VoiceBench(voice)
        bench.connect(heard.append)
        bench.set_speed(100)
        bench.apply((events.SPEAK, "v-1", "A023", "12", False), 0)
        assert bench.playing is not None
        assert len(bench.playing.starts_ms) == len(bench.playing.tokens)
        await until(lambda: heard)
        assert bench.playing is None
        assert bench.last is not None
        bench.stop()
        return bench.wav("v-1")

    wav = asyncio.run(speak())
    assert heard == [(events.SPOKEN, "v-1")]
    assert wav is not None
    assert voice.tokens_in(wav) == announcement_tokens("A023", 12)


def test_a_chime_is_played_and_its_end_is_told(
    voice: Voice, until: Callable[..., Awaitable[None]]
) -> None:
    heard: list[Event] = []

    async def chime() -> bytes | None:
        bench = VoiceBench(voice)
        bench.connect(heard.append)
        bench.set_speed(100)
        bench.apply((events.CHIME, "identify"), 0)
        await until(lambda: heard)
        bench.stop()
        return bench.wav("identify")

    wav = asyncio.run(chime())
    assert heard == [(events.SPOKEN, "identify")]
    assert wav is not None
    assert voice.tokens_in(wav) == ("chime",)


def test_window_with_a_letter_is_read_character_by_character() -> None:
    tokens = spoken_tokens("B001", "3A", again=True)
    assert tokens[-4:] == ("3", "A", "hao", "chuangkou")
    assert "chongfu" in tokens
