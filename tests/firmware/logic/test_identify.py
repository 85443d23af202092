"""Which node is it: every kind shows it by all it has, as long as asked, and goes on working."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware.logic.lamp import LampLogic
from firmware.logic.pad import NEXT, PadLogic
from firmware.logic.rating import RatingLogic
from firmware.logic.registry import KINDS, make_logic
from firmware.logic.sign import SignLogic
from firmware.logic.ticket import TicketLogic
from firmware.logic.voice import CHIME_PAUSE_MS, LONGEST_MS, SETTLE_MS, VoiceLogic
from firmware.logic.wall import WallLogic
from protocols.messages.lamp import LampWant
from protocols.messages.pad import PadPressed, PadWant
from protocols.messages.rating import RatingGiven, RatingWant
from protocols.messages.sign import SignWant
from protocols.messages.ticket import KioskService, KioskWant, TicketRequested
from protocols.messages.voice import VoiceJob
from protocols.messages.wall import WallRow, WallWant
from protocols.peripherals import tm1637

Make = Callable[[Any], Any]
TEN_S = 10_000


def pad_want(waiting: int = 4) -> PadWant:
    return PadWant(
        epoch=1,
        rev=1,
        turn=1,
        mode="open",
        number="",
        waiting=waiting,
        services=3,
        held=0,
        help=False,
    )


@pytest.fixture
def pad(bench: Make) -> Any:
    bench = bench(PadLogic())
    bench.online(pad_want())
    return bench


@pytest.fixture
def voice(bench: Make) -> Any:
    bench = bench(VoiceLogic())
    bench.send("start")
    return bench


def announce(name: str) -> VoiceJob:
    return VoiceJob(id=name, ttl_ms=60_000, number="A001", window="3", again=False)


# ---- all kinds ----


@pytest.mark.parametrize("kind", KINDS)
def test_it_ends_by_itself_and_leaves_nothing_to_wake_for(bench: Make, kind: str) -> None:
    bench = bench(make_logic(kind))
    bench.online()
    bench.run(5000)
    before = [bench.last(name) for name in ("display", "light", "screen") if bench.all(name)]
    waits = bench.logic.wake_at() is not None  # a lamp that was told nothing blips
    bench.send("identify", TEN_S, "w03-pad")
    bench.run(TEN_S - 1)
    assert bench.logic.wake_at() is not None
    if kind == "voice":
        bench.send("spoken", "identify")
    bench.run(3000)
    assert (bench.logic.wake_at() is not None) is waits
    after = [bench.last(name) for name in ("display", "light", "screen") if bench.all(name)]
    assert after == before


@pytest.mark.parametrize("kind", KINDS)
def test_asked_again_it_shows_it_for_the_new_time(bench: Make, kind: str) -> None:
    bench = bench(make_logic(kind))
    bench.online()
    bench.send("identify", 2000, "n1")
    bench.run(1500)
    bench.send("identify", 5000, "n1")
    bench.run(4999)
    shown = len(bench.log)
    bench.run(1)
    assert len(bench.log) > shown or kind == "voice"


# ---- pad ----


def test_a_pad_alternates_all_segments_and_its_number_blinks_white_and_beeps(pad: Any) -> None:
    assert pad.send("identify", TEN_S, "w03-pad") == [
        ("beep", "identify"),
        ("display", "8888"),
        ("light", "identify"),
    ]
    pad.run(TEN_S)
    texts = [effect[1] for effect in pad.all("display")]
    assert texts[1:] == ["   4", *["8888", "no03"] * 10, "   4"]
    assert all(tm1637.can_show(text) for text in texts)
    assert [effect[1] for effect in pad.all("beep")] == ["identify"] * 5
    assert pad.last("light") == ("light", "ready")


@pytest.mark.parametrize(
    ("node", "shown"),
    [("w12-pad", "no12"), ("w105-pad", "105 "), ("pad", "no  "), ("p12345", "1234")],
)
def test_the_number_of_a_pad_is_the_digits_of_its_name(pad: Any, node: str, shown: str) -> None:
    pad.send("identify", TEN_S, node)
    assert pad.run(500)[0] == ("display", shown)


def test_a_press_meanwhile_counts_and_what_came_of_it_is_seen_at_once(pad: Any) -> None:
    pad.send("identify", TEN_S, "w03-pad")
    pad.run(700)
    pad.press(NEXT)
    [report] = pad.reports()
    assert isinstance(report, PadPressed)
    assert report.command == "next"
    assert (pad.last("light"), pad.last("display")) == (("light", "sent"), ("display", "   4"))
    pad.ack(report)
    assert pad.last("light") == ("light", "done")
    pad.run(TEN_S)
    assert pad.last("light") == ("light", "ready")
    assert pad.logic.wake_at() is None


def test_a_picture_that_comes_meanwhile_is_the_one_shown_afterwards(pad: Any) -> None:
    pad.send("identify", TEN_S, "w03-pad")
    pad.send("want", pad_want(waiting=7))
    pad.send("lease", False)
    pad.run(TEN_S)
    assert pad.last("display") == ("display", "----")
    pad.send("lease", True)
    assert pad.last("display") == ("display", "   7")


# ---- the others ----


def test_a_lamp_shows_all_its_colours_in_turn_and_then_what_is_wanted(bench: Make) -> None:
    lamp = bench(LampLogic())
    lamp.online(LampWant(epoch=1, rev=1, colour="green", blink=False))
    lamp.send("identify", 3000, "w03-lamp")
    lamp.run(3000)
    assert [effect[1] for effect in lamp.all("lamp")][-6:] == ["red", "amber", "green"] * 2
    lamp.send("identify", 500, "w03-lamp")
    lamp.run(499)
    assert lamp.last("lamp") == ("lamp", "red")
    lamp.run(1)
    assert lamp.last("lamp") == ("lamp", "green")


def test_a_lamp_goes_on_blinking_afterwards(bench: Make) -> None:
    lamp = bench(LampLogic())
    lamp.online(LampWant(epoch=1, rev=2, colour="red", blink=True))
    lamp.send("identify", 1000, "w03-lamp")
    lamp.run(1000)
    after = [effect[1] for effect in lamp.run(2000)]
    assert after in (["off", "red"] * 2, ["red", "off"] * 2)


def test_a_sign_and_a_wall_show_their_name(bench: Make) -> None:
    sign = bench(SignLogic())
    sign.online(SignWant(epoch=1, rev=1, mode="called", number="A001", window="3"))
    assert sign.send("identify", TEN_S, "w03-sign") == [("sign", "identify", "w03-sign", "3")]
    assert sign.run(TEN_S) == [("sign", "called", "A001", "3")]
    wall = bench(WallLogic())
    row = WallRow(number="A001", window="3", new=True)
    wall.online(WallWant(epoch=1, rev=1, rows=(row,), notice="", waiting=2))
    assert wall.send("identify", TEN_S, "wall-1") == [
        ("rows", "identify", (), "wall-1", 0, "wall-1")
    ]
    assert wall.run(TEN_S) == [("rows", "live", (("A001", "3", True, False),), "", 2, "")]


def test_a_rating_pad_lights_its_faces_in_turn_and_a_verdict_still_counts(bench: Make) -> None:
    rating = bench(RatingLogic())
    rating.online(
        RatingWant(epoch=1, rev=1, visit="v1", number="A001", officer="李明", open_ms=60_000)
    )
    rating.send("identify", TEN_S, "w03-rating")
    rating.run(2999)
    faces = [effect[4] for effect in rating.all("face") if effect[1] == "identify"]
    assert faces == [1, 2, 3, 4, 5, 1]
    rating.press(4)
    [report] = rating.reports()
    assert isinstance(report, RatingGiven)
    assert (report.visit, report.grade) == ("v1", 5)
    assert rating.last("face")[1] == "thanks"


def test_a_kiosk_shows_its_name_and_a_touch_still_counts(bench: Make) -> None:
    kiosk = bench(TicketLogic())
    service = KioskService(code="a", zh="甲", en="A", waiting=0)
    kiosk.online(KioskWant(epoch=1, rev=1, open=True, services=(service,)))
    assert kiosk.send("identify", TEN_S, "kiosk-1") == [
        ("screen", "identify", ("kiosk-1",), "unknown")
    ]
    kiosk.send("touch", "a")
    assert any(isinstance(report, TicketRequested) for report in kiosk.reports())
    assert kiosk.last("screen") == ("screen", "asking", ("a",), "unknown")


# ---- voice ----


def chimes(voice: Any) -> int:
    return len(voice.all("chime"))


def test_a_voice_chimes_now_and_again_until_the_time_is_over(voice: Any) -> None:
    effects = voice.send("identify", TEN_S, "voice-1")
    assert effects == [("store", "chime", b"1"), ("chime", "identify")]
    for _ in range(4):
        voice.run(1000)
        voice.send("spoken", "identify")
        voice.run(CHIME_PAUSE_MS)
    assert chimes(voice) == 4
    voice.send("spoken", "identify")
    voice.run(TEN_S)
    assert chimes(voice) == 4
    assert voice.last("store") == ("store", "chime", b"")


def test_an_announcement_waits_for_the_chime_and_a_chime_for_announcements(voice: Any) -> None:
    voice.send("identify", 60_000, "voice-1")
    voice.send("job", announce("v1"))
    voice.send("job", announce("v2"))
    assert voice.all("speak") == []
    assert voice.send("spoken", "identify")[-1][:2] == ("speak", "v1")
    voice.run(CHIME_PAUSE_MS)
    assert chimes(voice) == 1, "v1 is being said"
    assert voice.send("spoken", "v1")[-1][:2] == ("speak", "v2"), "announcements come first"
    voice.send("spoken", "v2")
    assert chimes(voice) == 2


def test_a_chime_whose_end_is_not_told_keeps_announcements_back_only_so_long(voice: Any) -> None:
    voice.send("identify", 1000, "voice-1")
    voice.send("job", announce("v1"))
    voice.run(LONGEST_MS - 1)
    assert voice.all("speak") == []
    voice.run(1)
    assert len(voice.all("speak")) == 1


def test_after_a_restart_while_it_chimed_the_next_announcement_waits(bench: Make) -> None:
    voice = bench(VoiceLogic())
    voice.send("restore", {"chime": b"1"}, [])
    voice.send("start")
    voice.send("job", announce("v1"))
    voice.run(SETTLE_MS - 1)
    assert voice.all("speak") == []
    voice.run(1)
    assert len(voice.all("speak")) == 1
    voice.send("spoken", "v1")
    assert ("store", "chime", b"") in voice.all("store")
