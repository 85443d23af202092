"""Voice and wall as they are installed: the real process, the real gateway, models of the parts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.drivers.pi.glyphs import LedFont, draw_text
from simulator import assets as set_up
from simulator.devices.tts_chip import TtsChip
from simulator.ports.pty_port import PtyPort

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pi-hall")]

# The wall's SPI is a chain model here; what it lights is written to a file at every change.
WALL = """
import sys
from pathlib import Path
from firmware.drivers.pi.glyphs import LedFont
from firmware.drivers.pi.led_wall import LedWall
from firmware.shell import run_pi
from simulator.devices.led_chain import LedChain

class Wall(LedWall):
    def _show(self, frame):
        super()._show(frame)
        part = Path("{frame}.part")
        part.write_bytes(chain.frame())
        part.replace("{frame}")

chain = LedChain(128, 64)

def make(config, loop, post, memory):
    return [Wall(loop, chain, "wall", LedFont(config.wall.font))]

sys.exit(run_pi.main(make))
"""


def call_next(hall: Any, window: str, officer: str) -> str:
    """Sign in at a window, give out a ticket, call it; the number."""
    hall.post("officer", f"/api/v1/windows/{window}/sign-in", {"staff_number": officer})
    number = hall.post("kiosk", "/api/v1/tickets", {"service": "filing"})["number"]
    hall.post("officer", f"/api/v1/windows/{window}/commands", {"command": "next"})
    return str(number)


def voice_of(hall: Any) -> Any:
    nodes = hall.get("technician", "/api/v1/nodes")["nodes"]
    return next(node for node in nodes if node["id"] == "voice-1")


def test_two_announcements_never_cut_each_other_off(
    hall: Any, start_node: Callable[..., Any], until: Callable[..., Any], tmp_path: Path
) -> None:
    chip = TtsChip()
    chip.ms_per_character = 60
    port = PtyPort(chip, tmp_path / "voice")
    port.start()
    tables = f'[voice]\nchip = "syn6288"\nserial = "{port.path}"\n'
    node = start_node(tables, "voice-1", "voice", hall.port)
    node.logged(r"voice: (open)")
    node.logged(r"broker: (connected)")
    numbers = [call_next(hall, "w01", "1111"), call_next(hall, "w02", "1122")]
    until(lambda: port.change(lambda _: len(chip.heard) == 2 and not chip.busy), "not both said")
    heard = port.change(lambda _: list(chip.heard))
    assert [speech.cut_off for speech in heard] == [False, False]
    said = [speech.text.replace(" ", "") for speech in heard]
    assert said == [
        f"请{number}号，到{window}号窗口"
        for number, window in zip(numbers, ("1", "2"), strict=True)
    ]
    assert node.end() == 0
    port.stop()


def test_a_voice_that_is_identified_cuts_no_announcement_off_and_tells_its_health(
    hall: Any, start_node: Callable[..., Any], until: Callable[..., Any], tmp_path: Path
) -> None:
    chip = TtsChip()
    chip.ms_per_character = 60
    port = PtyPort(chip, tmp_path / "voice")
    port.start()
    tables = f'[voice]\nchip = "syn6288"\nserial = "{port.path}"\n'
    node = start_node(tables, "voice-1", "voice", hall.port)
    node.logged(r"voice: (open)")
    until(lambda: (voice := voice_of(hall))["online"] and voice["health"], "it told no health")
    assert voice_of(hall)["health"]["heap_free_bytes"] is None
    lines = hall.get("technician", "/api/v1/nodes/voice-1/log")["lines"]
    assert lines[-1]["text"].startswith("start ")
    heard = port.change(lambda _: len(chip.heard))
    hall.post("technician", "/api/v1/nodes/voice-1/identify", {"seconds": 5})
    until(lambda: port.change(lambda _: len(chip.heard) > heard), "no chime")
    number = call_next(hall, "w04", "1144")
    hall.post("officer", "/api/v1/windows/w04/commands", {"command": "recall"})

    def said() -> list[str]:
        speeches = port.change(lambda _: list(chip.heard[heard:]))
        return [speech.text.replace(" ", "") for speech in speeches]

    until(lambda: sum(number in text for text in said()) == 2, "call and recall not said")
    until(lambda: port.change(lambda _: not chip.busy), "it never ends")
    assert said()[0] == "语音播报"
    speeches = port.change(lambda _: list(chip.heard[heard:]))
    assert [speech.cut_off for speech in speeches] == [False] * len(speeches)
    assert node.end() == 0
    port.stop()


def test_the_wall_lights_exactly_the_dots_of_its_picture(
    hall: Any, start_node: Callable[..., Any], until: Callable[..., Any], tmp_path: Path
) -> None:
    font = set_up.ensure(only=("unifont",)).unifont
    frame = tmp_path / "frame"
    script = tmp_path / "wall.py"
    script.write_text(WALL.format(frame=frame), encoding="utf-8")
    node = start_node(f'[wall]\nfont = "{font}"\n', "wall-1", "wall", hall.port, script)
    number = call_next(hall, "w03", "1133")
    line = draw_text(LedFont(font), f"请{number}到3号窗口", 128, 16)
    until(lambda: frame.exists() and line in frame.read_bytes(), "the call is not on the wall")
    assert len(frame.read_bytes()) == 128 * 64 // 8
    assert node.end() == 0
    assert not any(frame.read_bytes()), "a wall that nobody keeps true must be dark"
