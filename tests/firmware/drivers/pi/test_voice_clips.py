"""The voice from clips: the right clips in one sound, one player at a time, an honest end."""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.drivers.pi import voice_clips
from firmware.drivers.pi.loop import Loop
from firmware.drivers.pi.voice_clips import Clips, ClipVoice, spoken_tokens
from simulator import assets as set_up
from simulator.voice import Voice

DEADLINE_S = 20.0
# Keeps what it is given, and says when it began and ended; ends with the code it is told.
PLAYER = """
import pathlib, sys, time
folder = pathlib.Path(sys.argv[1])
data = sys.stdin.buffer.read()
place = len(list(folder.glob('*.wav')))
(folder / 'log').open('a').write('begin ')
(folder / f'{place}.wav').write_bytes(data)
while (folder / 'hold').exists():
    time.sleep(0.005)
(folder / 'log').open('a').write('end ')
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture(scope="session")
def clips_folder() -> Path:
    return set_up.ensure(only=("voice",)).clips


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


def run_until(loop: Loop, holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "not in time"
        loop.run_once(10)


def make_player(folder: Path, code: int = 0) -> tuple[str, ...]:
    return (sys.executable, "-c", PLAYER, str(folder), str(code))


def test_two_calls_are_played_one_after_the_other_as_their_clips(
    tmp_path: Path, loop: Loop, clips_folder: Path
) -> None:
    events: list[tuple[object, ...]] = []
    (tmp_path / "hold").touch()
    voice = ClipVoice(loop, events.append, Clips(clips_folder), make_player(tmp_path))
    voice.start()
    voice.apply(("speak", "j1", "A023", "3", False))
    run_until(loop, (tmp_path / "0.wav").exists)
    voice.apply(("speak", "j2", "B001", "12", True))
    loop.run_once(50)
    assert events == []
    assert not (tmp_path / "1.wav").exists()
    (tmp_path / "hold").unlink()
    run_until(loop, lambda: len(events) == 2)
    assert events == [("spoken", "j1"), ("spoken", "j2")]
    assert (tmp_path / "log").read_text() == "begin end begin end "
    heard = [Voice.load(clips_folder).tokens_in((tmp_path / f"{n}.wav").read_bytes()) for n in "01"]
    assert heard == [spoken_tokens("A023", "3", False), spoken_tokens("B001", "12", True)]


def test_a_chime_is_the_chime_alone_and_its_end_is_told(
    tmp_path: Path, loop: Loop, clips_folder: Path
) -> None:
    events: list[tuple[object, ...]] = []
    voice = ClipVoice(loop, events.append, Clips(clips_folder), make_player(tmp_path))
    voice.apply(("chime", "identify"))
    run_until(loop, lambda: events)
    assert events == [("spoken", "identify")]
    heard = Voice.load(clips_folder).tokens_in((tmp_path / "0.wav").read_bytes())
    assert heard == ("chime",)


def test_a_player_that_fails_or_is_missing_has_spoken_nothing(
    tmp_path: Path, loop: Loop, clips_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    events: list[tuple[object, ...]] = []
    for player in (make_player(tmp_path, 1), (str(tmp_path / "nothing"),)):
        caplog.clear()
        voice = ClipVoice(loop, events.append, Clips(clips_folder), player)
        voice.apply(("speak", "j1", "A023", "3", False))
        run_until(loop, lambda: caplog.records)
    assert events == []


def test_a_player_that_never_ends_is_killed(
    tmp_path: Path, loop: Loop, clips_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_clips, "LONGEST_S", 0.3)
    events: list[tuple[object, ...]] = []
    (tmp_path / "hold").touch()
    voice = ClipVoice(loop, events.append, Clips(clips_folder), make_player(tmp_path))
    voice.apply(("speak", "j1", "A023", "3", False))
    voice.apply(("speak", "j2", "A024", "3", False))
    run_until(loop, lambda: not voice._playing and voice._waiting is None)
    assert events == []


def test_stopping_is_silence_at_once(tmp_path: Path, loop: Loop, clips_folder: Path) -> None:
    events: list[tuple[object, ...]] = []
    (tmp_path / "hold").touch()
    voice = ClipVoice(loop, events.append, Clips(clips_folder), make_player(tmp_path))
    voice.apply(("speak", "j1", "A023", "3", False))
    run_until(loop, (tmp_path / "0.wav").exists)
    voice.stop()
    run_until(loop, lambda: not voice._playing)
    assert events == []
    assert (tmp_path / "log").read_text() == "begin "


def test_a_number_without_clips_is_not_said_and_does_not_end_the_node(
    tmp_path: Path, loop: Loop, clips_folder: Path
) -> None:
    voice = ClipVoice(loop, lambda _: None, Clips(clips_folder), make_player(tmp_path))
    voice.apply(("speak", "j1", "税", "3", False))
    assert not voice._playing


def test_a_missing_clip_is_named_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"0\.wav is missing"):
        Clips(tmp_path)
