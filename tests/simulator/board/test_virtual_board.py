"""Whole boards in virtual time: the files that go onto them, in MicroPython, beside a real gateway.

Every board here runs firmware/shell/main_esp32.py as its main.py; keys are pressed and lights read
at the models of the parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from boards.chips import ESP32
from boards.loader import board_names, load_board
from gateway.releases.compile import compiled
from gateway.releases.contents import application
from gateway.systems.calling.commands import CommandWindow, SignIn
from simulator.board import bootloader
from simulator.board.virtual_bench import OFFICER, VirtualBench
from simulator.vm.disk import TORN, Disk
from simulator.vm.interpreter import ROOT

pytestmark = pytest.mark.slow

BOARDS = [name for name in board_names() if load_board(name).chip == ESP32]
NEXT, RECALL, START, FINISH = 0, 1, 2, 3
LEASE_MS = 10_000
BEAT_MS = 3000
WATCHDOG_MS = 30_000
MakeBench = Callable[..., VirtualBench]


@pytest.fixture
def make_bench() -> Iterator[MakeBench]:
    """make_bench(board, **arguments) -> a board that is on, and its gateway."""
    benches: list[VirtualBench] = []

    def make(name: str = "esp32-pad", **arguments: Any) -> VirtualBench:
        bench = VirtualBench(name, **arguments)
        benches.append(bench)
        bench.switch_on()
        return bench

    yield make
    for bench in benches:
        bench.close()


def shows(bench: VirtualBench, text: str) -> Callable[[], bool]:
    return lambda: bench.board.parts.display_text() == text


def comes_up(bench: VirtualBench) -> None:
    """From dark to what is known: nothing, then a closed window."""
    assert bench.until(shows(bench, "----")), bench.board.console
    assert bench.until(shows(bench, "    ")), bench.board.console


def booted(bench: VirtualBench) -> int:
    """The count of boots that the board has kept."""
    files = bench.board.disk.files()
    slots = [files.get(f"store/boot.{slot}", b"") for slot in (0, 1)]
    return max(int(slot[16:] or b"0") for slot in slots)


def seen(bench: VirtualBench) -> str:
    """What a person sees on any kind of board now."""
    parts = bench.board.parts
    if parts.displays:
        return parts.display_text()
    if parts.chains:
        return "lit" if any(parts.sign().frame()) else "dark"
    if parts.lamps or parts.pixels:
        return parts.lamp_colour()
    return str(parts.lit_faces())


@pytest.mark.parametrize("name", BOARDS)
def test_every_board_boots_says_that_it_knows_nothing_and_then_shows_the_truth(
    make_bench: MakeBench, name: str
) -> None:
    bench = make_bench(name)
    not_known = {"pad": "----", "sign": "lit", "lamp": "amber", "rating": "[3]"}[name.split("-")[1]]
    bench.network.stop_broker()
    assert bench.until(lambda: seen(bench) == not_known, 4000), bench.board.console
    before = bench.board.parts.sign().frame() if "sign" in name else None
    bench.network.start_broker()
    assert bench.until(lambda: bench.online), "the gateway sees it"
    bench.request(SignIn("w01", OFFICER))
    bench.issue()
    bench.request(CommandWindow("w01", "next"))
    called = {"pad": "A001", "sign": "lit", "lamp": "green", "rating": "[]"}[name.split("-")[1]]
    assert bench.until(lambda: seen(bench) == called), bench.board.console
    if before is not None:
        assert bench.until(lambda: bench.board.parts.sign().frame() != before)
    assert bench.board.processor.causes == [bootloader.POWER_ON]
    assert bench.board.air.hostname == bench.node


@pytest.mark.parametrize("name", ["esp32-pad", "esp32-pad-ethernet"])
def test_an_officer_signs_in_calls_serves_and_finishes_at_the_keys(
    make_bench: MakeBench, name: str
) -> None:
    bench = make_bench(name)
    parts = bench.board.parts
    comes_up(bench)
    bench.sign_in()
    assert bench.until(shows(bench, "   0")), "signed in, nobody waits"
    assert parts.light_colour() == "green"
    bench.issue()
    assert bench.until(shows(bench, "   1"))
    bench.press(NEXT)
    assert bench.until(shows(bench, "A001"))
    assert "calling.ticket_called" in [record.kind for record in bench.records]
    bench.press(START, FINISH)
    assert bench.until(shows(bench, "   0"))
    assert [tone for _, tone in parts.tones][:2] == [2400, 0], "a key beeps"
    assert parts.displays[0].cut_short == 0


def test_a_pad_without_its_network_says_so_after_its_lease_and_recovers(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    comes_up(bench)
    bench.sign_in()
    assert bench.until(shows(bench, "   0"))
    bench.board.air.switch(False)
    began_ms = bench.timeline.now_ms
    assert bench.until(shows(bench, "----"))
    assert LEASE_MS - BEAT_MS <= bench.timeline.now_ms - began_ms <= LEASE_MS + 100
    bench.press(NEXT)
    assert bench.board.parts.tones[-2][1] == 400, "a press is refused at once"
    bench.board.air.switch(True)
    assert bench.until(shows(bench, "   0"), 5000)
    assert bench.board.processor.causes == [bootloader.POWER_ON]


HANGS = {
    "computing": b"while True:\n            pass",
    "sleeping": b"while True:\n            hal.sleep_ms(100)",
}


@pytest.mark.parametrize("how", HANGS)
def test_a_loop_that_hangs_is_reset_by_the_watchdog(make_bench: MakeBench, how: str) -> None:
    bench = make_bench(form="mpy")
    comes_up(bench)
    # Planted through the disk: the next start finds a driver that never comes back from a beep.
    path = "firmware/drivers/esp32/beeper.py"
    source = (ROOT / path).read_bytes()
    planted = source.replace(b"self._tones = beep(effect[1])", HANGS[how])
    assert planted != source
    planted_program = compiled(application() | {path: planted})
    compiled_path = path.replace(".py", ".mpy")
    bench.board.disk.put(compiled_path, planted_program[compiled_path])
    bench.board.press_reset()
    comes_up(bench)
    boot = booted(bench)
    bench.press(NEXT)
    began_ms = bench.timeline.now_ms
    assert bench.until(lambda: bench.board.processor.causes[-1] == bootloader.WATCHDOG, 40_000)
    assert abs(bench.timeline.now_ms - began_ms - WATCHDOG_MS) < 1000
    assert "Task watchdog got triggered" in bench.board.console
    comes_up(bench)
    assert booted(bench) == boot + 1


def test_power_cut_at_any_moment_of_the_start_loses_no_count_of_boots(
    make_bench: MakeBench,
) -> None:
    whole = make_bench(disk=Disk(model=TORN))
    comes_up(whole)
    before = whole.board.disk.operations
    whole.board.press_reset()
    comes_up(whole)
    operations = whole.board.disk.operations - before
    assert operations >= 2
    for cut in range(1, operations + 1):
        bench = make_bench(disk=Disk(model=TORN, seed=cut))
        disk = bench.board.disk
        comes_up(bench)
        bench.board.power_off()
        disk.cut_at = disk.operations + cut
        bench.board.power_on()
        assert bench.until(lambda bench=bench: not bench.board.powered, 3000), cut
        disk.power_on()
        bench.board.power_on()
        comes_up(bench)
        assert 2 <= booted(bench) <= 3, cut
        bench.board.power_off()


def test_power_cut_while_it_runs_comes_back_with_a_higher_boot_and_the_truth(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    comes_up(bench)
    bench.sign_in()
    assert bench.until(shows(bench, "   0"))
    boot = booted(bench)
    bench.board.power_off()
    assert bench.board.parts.display_text() == "    ", "without supply it is dark"
    bench.run(2000)
    bench.issue()
    bench.board.power_on()
    assert bench.until(shows(bench, "----"), 3000)
    assert bench.until(shows(bench, "   1"), 5000)
    assert booted(bench) == boot + 1


def test_ctrl_c_leads_to_the_prompt_and_a_quarter_of_an_hour_later_back(
    make_bench: MakeBench,
) -> None:
    bench = make_bench()
    comes_up(bench)
    bench.board.type("\x03")
    assert bench.until(lambda: bench.board.console.endswith(">>> "), 2000)
    bench.board.type("6 * 7\r")
    assert bench.until(lambda: bench.board.console.endswith("42\r\n>>> "), 2000)
    bench.run(899_000)
    assert bench.board.console.endswith(">>> ")
    assert bench.until(lambda: bench.board.processor.causes[-1] == bootloader.WATCHDOG, 3000)
    comes_up(bench)


def test_the_watchdog_outlasts_a_soft_reset_but_not_a_hard_one(make_bench: MakeBench) -> None:
    bench = make_bench()
    comes_up(bench)
    bench.board.type("\x03")
    bench.run(500)
    bench.board.type("\x01\x04")  # as mpremote does: raw, and a soft reset without main.py
    bench.run(500)
    assert bench.board.console.endswith("soft reboot\r\nraw REPL; CTRL-B to exit\r\n>")
    bench.run(898_000)
    assert bootloader.WATCHDOG not in bench.board.processor.causes
    bench.run(3000)
    assert bench.board.processor.causes[-1] == bootloader.WATCHDOG
    bench.board.disk.put("main.py", b"")
    bench.board.press_reset()
    bench.run(100_000)
    assert bench.board.processor.causes[-1] == bootloader.POWER_ON


def test_a_fault_at_every_start_is_kept_and_has_its_patience(make_bench: MakeBench) -> None:
    bench = make_bench()
    comes_up(bench)
    bench.board.disk.put("config/node.json", b"{}")
    bench.board.press_reset()
    bench.run(60_000)
    assert len(bench.board.processor.causes) <= 8, "it does not wear its flash out"
    kept = b"".join(bench.board.disk.files().get(f"store/fault.{slot}", b"") for slot in (0, 1))
    assert b"SettingsError: node.json: hall" in kept


def test_the_same_seed_gives_the_same_run_to_the_instruction(make_bench: MakeBench) -> None:
    runs = []
    for seed in (1, 1, 2):
        bench = make_bench(seed=seed)
        comes_up(bench)
        bench.sign_in()
        runs.append((bench.timeline.now_ms, bench.board.processor.fuel_used, bench.board.console))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
