"""Announcements: in order, one at a time, at most once."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware.logic.voice import LONGEST_MS, SETTLE_MS, VoiceLogic
from protocols.messages.voice import VoiceJob

Make = Callable[[Any], Any]


def job(job_id: str, ttl_ms: int = 60000, number: str = "A001") -> VoiceJob:
    return VoiceJob(id=job_id, ttl_ms=ttl_ms, number=number, window="3", again=False)


@pytest.fixture
def voice(bench: Make) -> Any:
    bench = bench(VoiceLogic())
    bench.send("start")
    return bench


def spoken(voice: Any) -> list[str]:
    return [effect[1] for effect in voice.all("speak")]


def results(voice: Any) -> list[tuple[str, str]]:
    return [(report.id, report.state) for report in voice.reports()]


def test_an_announcement_is_stored_then_spoken_then_answered(voice: Any) -> None:
    effects = voice.send("job", job("v1"))
    assert [effect[0] for effect in effects] == ["store", "speak"]
    assert effects[1] == ("speak", "v1", "A001", "3", False)
    voice.send("spoken", "v1")
    assert results(voice) == [("v1", "done")]
    assert voice.logic.wake_at() is None


def test_announcements_never_overlap_and_keep_their_order(voice: Any) -> None:
    for name in ("v1", "v2", "v3"):
        voice.send("job", job(name))
    assert spoken(voice) == ["v1"]
    voice.send("spoken", "v1")
    voice.send("spoken", "v1")
    assert spoken(voice) == ["v1", "v2"]
    voice.send("spoken", "v2")
    assert spoken(voice) == ["v1", "v2", "v3"]


def test_a_silent_chip_makes_an_announcement_unknown_and_the_next_goes_on(voice: Any) -> None:
    voice.send("job", job("v1"))
    voice.send("job", job("v2"))
    voice.run(LONGEST_MS - 1)
    assert results(voice) == []
    voice.run(1)
    assert results(voice) == [("v1", "unknown")]
    assert spoken(voice) == ["v1", "v2"]


def test_an_announcement_that_waited_too_long_is_not_spoken(voice: Any) -> None:
    voice.send("job", job("v1"))
    voice.send("job", job("v2", ttl_ms=8000))
    voice.send("job", job("v3", ttl_ms=0))
    voice.run(8000)
    assert results(voice) == [("v3", "failed"), ("v2", "failed")]
    voice.send("spoken", "v1")
    assert spoken(voice) == ["v1"]


def test_the_same_announcement_sent_again_is_spoken_once(voice: Any) -> None:
    for _ in range(3):
        voice.send("job", job("v1"))
    voice.send("spoken", "v1")
    voice.send("job", job("v1"))
    assert spoken(voice) == ["v1"]


def test_after_a_restart_the_next_waits_for_the_chip_to_fall_silent(
    bench: Make, voice: Any
) -> None:
    voice.send("job", job("v1"))
    again = bench(VoiceLogic())
    again.send("restore", {"jobs": voice.last("store")[2]}, [])
    again.send("start")
    assert results(again) == [("v1", "unknown")]
    again.send("job", job("v1"))
    again.send("job", job("v2"))
    again.run(SETTLE_MS - 1)
    assert spoken(again) == []
    again.run(1)
    assert spoken(again) == ["v2"]


def test_a_very_long_ttl_does_not_wrap_into_the_past(voice: Any) -> None:
    voice.send("job", job("v1"))
    voice.send("job", job("v2", ttl_ms=0x7FFFFFFF))
    voice.send("tick")
    assert results(voice) == []
    voice.send("spoken", "v1")
    assert spoken(voice) == ["v1", "v2"]
