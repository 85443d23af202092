"""Every fault of a voice chip through the installed node: nothing is cut off, nothing is said
twice, and nothing counts as said that the chip did not end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from protocols.peripherals import syn6288
from simulator.devices.tts_chip import SYN6288, XFS5152, TtsChip
from simulator.ports.pty_port import PtyPort

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pi-hall")]

# Each test calls at windows of its own, so that none waits for another's officer.
STAFF = {"w01": "1111", "w02": "1122", "w03": "1133"}
UNKNOWN_S = 60.0  # LONGEST_MS of the logic, and the machine's delay


class Voice:
    """The node and its chip."""

    def __init__(self, hall: Any, until: Any, port: PtyPort, chip: TtsChip, node: Any) -> None:
        self.hall, self.until, self.port, self.chip, self.node = hall, until, port, chip, node

    def call(self, window: str) -> str:
        """Give out a ticket and call whoever is first at a window; the number."""
        self.hall.post("kiosk", "/api/v1/tickets", {"service": "filing"})
        view = next(one for one in self.hall.view()["windows"] if one["id"] == window)
        if view["mode"] == "closed":
            staff = {"staff_number": STAFF[window]}
            self.hall.post("officer", f"/api/v1/windows/{window}/sign-in", staff)
        for command in ("start", "finish") if view["mode"] == "called" else ():
            self.hall.post("officer", f"/api/v1/windows/{window}/commands", {"command": command})
        self.hall.post("officer", f"/api/v1/windows/{window}/commands", {"command": "next"})
        return str(next(w["number"] for w in self.hall.view()["windows"] if w["id"] == window))

    def heard(self) -> list[str]:
        """The numbers of all that was heard, in order; those cut off have a stroke behind."""
        said = self.port.change(lambda _: list(self.chip.heard))
        numbers = []
        for speech in said:
            text = speech.text.replace(" ", "")
            if text.startswith("请"):
                numbers.append(text[1:5] + ("-" if speech.cut_off else ""))
        return numbers

    def quiet(self) -> None:
        self.until(
            lambda: (
                not self.port.change(lambda _: self.chip.busy)
                and not self.hall.view()["announcements"]
            ),
            "announcements are left",
            UNKNOWN_S,
        )


@pytest.fixture
def voice(
    hall: Any, start_node: Callable[..., Any], until: Callable[..., Any], tmp_path: Path
) -> Iterator[Callable[..., Voice]]:
    ports: list[PtyPort] = []

    def start(name: str = SYN6288) -> Voice:
        chip = TtsChip(name)
        chip.ms_per_character = 60
        port = PtyPort(chip, tmp_path / "voice")
        port.start()
        ports.append(port)
        node = start_node(
            f'[voice]\nchip = "{name}"\nserial = "{port.path}"\n', "voice-1", "voice", hall.port
        )
        node.logged(r"voice: (open)")
        node.logged(r"broker: (connected)")
        made = Voice(hall, until, port, chip, node)
        made.quiet()
        return made

    yield start
    for port in ports:
        port.stop()


@pytest.mark.parametrize("chip", [SYN6288, XFS5152])
def test_a_chip_that_is_busy_with_something_else_is_not_interrupted(
    voice: Callable[..., Voice], chip: str
) -> None:
    v = voice(chip)
    other = "欢迎光临" * 10
    frame = syn6288.speak(other.encode("gbk"), syn6288.GBK)
    if chip == XFS5152:
        frame = bytes([0xFD, 0, 2 + 80, 0x01, 0x01]) + other.encode("gbk")
    v.port.change(lambda now_ms: v.chip.write(frame, now_ms))
    assert v.port.change(lambda _: v.chip.busy)
    number = v.call("w01")
    v.until(lambda: v.heard() == [number], "the call was not said")
    v.quiet()
    assert [speech.cut_off for speech in v.chip.heard] == [False, False]
    assert v.node.end() == 0


def test_a_chip_that_lost_its_power_in_the_middle_is_not_told_to_say_it_again(
    voice: Callable[..., Voice],
) -> None:
    v = voice()
    v.chip.ms_per_character = 300
    number = v.call("w01")
    v.until(lambda: v.port.change(lambda _: v.chip.busy), "nothing is said")
    v.port.change(v.chip.power_cut)
    assert v.heard() == [f"{number}-"]
    v.chip.ms_per_character = 60
    second = v.call("w02")
    # The first is given up as unknown when its time is over; the next one is then said.
    v.until(lambda: v.heard()[1:] == [second], "the next call was not said", UNKNOWN_S)
    v.quiet()
    assert v.heard() == [f"{number}-", second]
    assert v.node.end() == 0


def test_a_mute_chip_is_heard_by_people_and_its_words_do_not_count_as_said(
    voice: Callable[..., Voice],
) -> None:
    v = voice()
    v.port.change(lambda _: setattr(v.chip, "mute", True))
    number = v.call("w03")
    v.until(lambda: v.heard() == [number], "people hear nothing")
    v.until(lambda: not v.port.change(lambda _: v.chip.busy), "it does not end")
    assert v.hall.view()["announcements"], "silence is no proof that it was said"
    v.quiet()
    assert v.heard() == [number]
    v.port.change(lambda _: setattr(v.chip, "mute", False))
    second = v.call("w02")
    v.until(lambda: v.heard() == [number, second], "a chip that answers again is not used")
    v.quiet()  # else the node of the next test, which knows nothing of it, says it as well
    assert v.node.end() == 0


@pytest.mark.parametrize("knob", ["answers_to_drop", "ends_to_drop", "rejects"])
def test_a_word_lost_on_the_line_is_mended_and_nothing_is_said_twice(
    voice: Callable[..., Voice], knob: str
) -> None:
    v = voice()
    # As slow as a real one, so that it still speaks when the node asks what became of it.
    v.chip.ms_per_character = 200
    v.port.change(lambda _: setattr(v.chip, knob, 1))
    numbers = [v.call("w01"), v.call("w02")]
    v.until(lambda: v.heard() == numbers, "not both were said")
    v.quiet()
    assert v.heard() == numbers
    assert v.node.end() == 0
