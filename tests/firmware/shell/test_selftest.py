"""The self-test finds what a soldering iron does: dead, stuck and swapped keys, a mute display."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from boards.device import board_json
from boards.loader import board_names, load_board
from simulator import assets

NEXT_PIN, RECALL_PIN, HELP_PIN = 13, 14, 23
PAD_PINS = (13, 14, 16, 17, 18, 19, 21, 22, 23)


class Bench:
    """A board with its files, and what its self-test said."""

    def __init__(self, chip: Any, folder: Path, capsys: Any) -> None:
        self.module = __import__("firmware.shell.selftest", fromlist=["main"])
        self.chip, self.folder = chip, folder
        self._capsys = capsys

    def give_files(self, board: str, port: int = 1, tls: dict[str, bytes] | None = None) -> None:
        loaded = load_board(board)
        for name, data in (tls or {}).items():
            (self.folder / name).write_bytes(data)
        node = {
            "hall": "langfang",
            "node": "w03-pad",
            "kind": loaded.kinds[0],
            "boot_floor": 1,
            "date": [2026, 11, 23],
            "password": None,
            "broker": {"host": "127.0.0.1", "port": port, "name": "gateway.langfang"},
            "wifi": {"ssid": "hall", "password": "secret"},
            "tls": {"ca": "ca.der", "certificate": "node.der", "key": "key.der"} if tls else None,
        }
        (self.folder / "node.json").write_text(json.dumps(node))
        (self.folder / "board.json").write_bytes(board_json(loaded))
        if "sign" in board:
            glyphs = assets.ensure(only=("unifont", "sign")).sign_glyphs
            (self.folder / "glyphs.bin").write_bytes(glyphs.read_bytes())

    def run(self, phase: str) -> list[list[Any]]:
        self._capsys.readouterr()
        self.module.main(phase, str(self.folder))
        lines = self._capsys.readouterr().out.splitlines()
        mark = self.module.MARK
        return [json.loads(line.removeprefix(mark)) for line in lines if line.startswith(mark)]

    def finger(self, acts: list[tuple[int, int, bool]]) -> None:
        """(at ms, pin, down) while the board lives."""
        waiting = sorted(acts)

        def sleep_ms(duration_ms: int) -> None:
            self.chip.sleep_ms(duration_ms)
            while waiting and self.chip.now_ms >= waiting[0][0]:
                _, pin, down = waiting.pop(0)
                pulled = self.chip.pins.pulled_low
                pulled.add(pin) if down else pulled.discard(pin)

        self.chip.hal.time = SimpleNamespace(
            ticks_ms=lambda: self.chip.now_ms, sleep_us=lambda _: None, sleep_ms=sleep_ms
        )


@pytest.fixture
def bench(chip: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Bench:
    return Bench(chip, tmp_path, capsys)


def presses(pins: tuple[int, ...], first_ms: int = 500) -> list[tuple[int, int, bool]]:
    acts = []
    for index, pin in enumerate(pins):
        at_ms = first_ms + 400 * index
        acts += [(at_ms, pin, True), (at_ms + 120, pin, False)]
    return acts


@pytest.mark.parametrize("board", [n for n in board_names() if n.startswith("esp32")])
def test_every_board_shows_all_it_has(
    bench: Bench, board: str, display_bus: Callable[[int, int], Any]
) -> None:
    bench.give_files(board)
    if "pad" in board:
        display_bus(*((25, 26) if board == "esp32-pad" else (32, 33)))
    said = bench.run("lights")
    assert said[-1] == ["passed", "lights"]
    shown = {words[1] for words in said if words[0] == "shows"}
    driven = {effect for part in load_board(board).part for effect in effects_of(board, part)}
    assert shown == driven, "something on this board is never shown"


def effects_of(board: str, part: Any) -> tuple[str, ...]:
    return tuple(load_board(board).drivers[part.driver].effects)


def test_the_light_goes_through_its_colours_and_ends_dark(
    bench: Bench, display_bus: Callable[[int, int], Any]
) -> None:
    bench.give_files("esp32-pad")
    display = display_bus(25, 26).display
    bench.run("lights")
    colours = bench.chip.pins.pixels[27]
    assert len(set(colours)) == 6, "red, amber, green, blue, white and off"
    assert colours[-1] == b"\0\0\0"
    assert display.text() == "    "


def test_a_display_that_does_not_answer_fails_with_its_own_code(bench: Bench) -> None:
    bench.give_files("esp32-pad")  # nothing hangs on its two wires
    assert bench.run("lights")[-1][:2] == ["failed", "display"]


def test_every_key_is_asked_for_and_found(bench: Bench) -> None:
    bench.give_files("esp32-pad")
    bench.finger(presses(PAD_PINS))
    said = bench.run("keys")
    assert said == [*(["press", key] for key in range(9)), ["passed", "keys"]]


def test_a_key_held_down_or_shorted_is_named_at_once(bench: Bench) -> None:
    bench.give_files("esp32-pad")
    bench.chip.pins.pulled_low.add(HELP_PIN)
    assert bench.run("keys") == [["failed", "key_down", 8]]


def test_a_key_that_never_comes_is_named_after_its_time(bench: Bench) -> None:
    bench.give_files("esp32-pad")
    bench.finger(presses((NEXT_PIN,)))
    assert bench.run("keys") == [["press", 0], ["press", 1], ["failed", "key", 1]]
    assert bench.chip.now_ms > 30_000


def test_swapped_wires_are_told_by_the_key_that_came_instead(bench: Bench) -> None:
    bench.give_files("esp32-pad")
    bench.finger(presses((RECALL_PIN, NEXT_PIN)))
    said = bench.run("keys")
    assert said[:3] == [["press", 0], ["pressed", 1], ["press", 1]]


def test_a_bouncing_key_counts_for_one(bench: Bench) -> None:
    bench.give_files("esp32-pad")
    bounce = [(500, NEXT_PIN, True), (504, NEXT_PIN, False), (508, NEXT_PIN, True)]
    bounce += [(620, NEXT_PIN, False), (624, NEXT_PIN, True), (630, NEXT_PIN, False)]
    bench.finger(bounce + presses(PAD_PINS[1:], 1000))
    assert bench.run("keys")[-1] == ["passed", "keys"]


# ---- the network ----


def real_time(bench: Bench) -> None:
    bench.chip.hal.time = SimpleNamespace(
        ticks_ms=lambda: time.monotonic_ns() // 1_000_000 & 0x3FFFFFFF,
        sleep_us=lambda _: None,
        sleep_ms=lambda ms: threading.Event().wait(ms / 1000),
    )


def secure(bench: Bench, hall: Any, node: str = "w03-pad", ca_of: Any = None) -> None:
    hall.issue(node)
    with hall.store() as store:
        own = store.active(node)
        papers = {"ca.der": store.ca_der(), "node.der": own.certificate_der()}
        papers["key.der"] = own.key_der()
    if ca_of is not None:
        with ca_of.store() as store:
            papers["ca.der"] = store.ca_der()
    bench.give_files("esp32-pad", hall.port, papers)


def test_the_broker_is_reached_over_tls_with_the_boards_own_files(
    bench: Bench, micro_link: Any, secure_hall: Callable[..., Any]
) -> None:
    hall = secure_hall()
    real_time(bench)
    secure(bench, hall)
    hall.start()
    said = bench.run("network")
    assert [words[0] for words in said] == ["joined", "answered", "passed"]
    log = hall.data / "mosquitto.log"
    deadline = time.monotonic() + 10
    while "Client w03-pad disconnected." not in log.read_text():
        assert time.monotonic() < deadline, "it leaves in order, so that no will is published"
        time.sleep(0.01)
    assert "as w03-pad" in log.read_text()


def test_no_network_is_told_apart_from_no_broker(
    bench: Bench, micro_link: Any, secure_hall: Callable[..., Any]
) -> None:
    hall = secure_hall()
    secure(bench, hall)
    bench.chip.air.up = False
    assert bench.run("network") == [["failed", "network", ""]]
    bench.chip.air.up = True
    assert bench.run("network")[-1] == ["failed", "broker_refused", ""], "nobody listens"


def test_a_broker_of_another_hall_is_not_spoken_to(
    bench: Bench, micro_link: Any, secure_hall: Callable[..., Any]
) -> None:
    hall, other = secure_hall(), secure_hall()
    real_time(bench)
    secure(bench, hall, ca_of=other)
    hall.start()
    assert bench.run("network")[-1] == ["failed", "broker_hung_up", ""]


def test_a_revoked_certificate_is_told_by_the_broker_hanging_up(
    bench: Bench, micro_link: Any, secure_hall: Callable[..., Any]
) -> None:
    hall = secure_hall()
    real_time(bench)
    secure(bench, hall)
    hall.issue("w03-pad")  # another board has got one meanwhile
    hall.start()
    assert bench.run("network")[-1] == ["failed", "broker_hung_up", ""]
