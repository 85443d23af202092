"""A whole ESP32 pad but for the chip: its files, drivers, loop and node against a real gateway."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from boards.device import board_json
from boards.loader import load_board
from firmware.shell.flash import Flash
from firmware.shell.settings import SettingsError
from firmware.shell.store import Store
from gateway.broker.session import BrokerAddress
from gateway.hallfile import load_hall_file
from gateway.process import Process, Settings
from gateway.systems.calling.commands import IssueTicket
from protocols.catalogue import messages_on
from protocols.topics import LOG
from protocols.wire import decode
from simulator.broker_server import BrokerServer

LANGFANG = Path(__file__).parents[3] / "gateway" / "halls" / "langfang.toml"
DEADLINE_S = 20.0
PRESS_MS = 60
TURNS = 8  # also on a machine so slow that a press is over before it was read
NEXT_PIN, RECALL_PIN = 13, 14


class Hall:
    """Broker and gateway in a thread of their own."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.broker = BrokerServer()
        self.port: int = self.do(self.broker.start())
        self.process: Process = self.do(self._open())
        self._running = asyncio.run_coroutine_threadsafe(self.process.run(), self._loop)

    async def _open(self) -> Process:
        address = BrokerAddress("127.0.0.1", self.port)
        return await Process.open(Settings(load_hall_file(LANGFANG), self._data, address))

    def do(self, work: Any) -> Any:
        """Run a coroutine in the gateway's thread."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(DEADLINE_S)

    def issue(self) -> None:
        """A ticket is taken."""
        answer = self.do(self.process.request("k1", "desk", IssueTicket("filing", None)))
        assert answer.status == "done"

    async def _view(self) -> Any:
        return self.process.hall_view()

    def window(self) -> Any:
        """What the gateway knows of window w01."""
        return next(w for w in self.do(self._view())["windows"] if w["id"] == "w01")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self.process.stop)
        self._running.result(DEADLINE_S)
        self.do(self.broker.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(DEADLINE_S)
        self._loop.close()


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    hall = Hall(tmp_path / "gateway")
    yield hall
    hall.stop()


class Bench:
    """The files of a pad, the pad itself, and a finger."""

    def __init__(self, chip: Any, folder: Path, port: int) -> None:
        self.run_esp32 = __import__("firmware.shell.run_esp32", fromlist=["make_loop"])
        self.run_esp32.gc = SimpleNamespace(collect=lambda: None, mem_free=lambda: 41_000)
        self.pins = chip.pins
        self.folder = folder
        clock = SimpleNamespace(
            ticks_ms=lambda: time.monotonic_ns() // 1_000_000 & 0x3FFFFFFF,
            sleep_us=lambda _: None,
            sleep_ms=lambda ms: threading.Event().wait(ms / 1000),
        )
        chip.hal.time = clock
        (folder / "config").mkdir(parents=True, exist_ok=True)
        node = {
            "hall": "langfang",
            "node": "w01-pad",
            "kind": "pad",
            "boot_floor": 1,
            "date": [2026, 11, 23],
            "password": None,
            "broker": {"host": "127.0.0.1", "port": port, "name": "gateway"},
            "wifi": {"ssid": "hall", "password": "secret"},
            "tls": None,
        }
        (folder / "config" / "node.json").write_text(json.dumps(node))
        (folder / "config" / "board.json").write_bytes(board_json(load_board("esp32-pad")))
        self.loop: Any = None

    def power_on(self) -> None:
        config = str(self.folder / "config")
        self.store = Store(Flash(str(self.folder / "store")))
        feed = self.run_esp32.hal.Watchdog(30000).feed
        settings = self.run_esp32.read_settings(config)
        self.loop = self.run_esp32.make_loop(settings, self.store, config, feed)
        self.loop.start()

    def until(self, holds: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, what
            self.loop.turn()

    def press(self, pin: int) -> None:
        """Down for a while, up for a while."""
        for act in (self.pins.pulled_low.add, self.pins.pulled_low.discard):
            act(pin)
            end = time.monotonic() + PRESS_MS / 1000
            turns = 0
            while time.monotonic() < end or turns < TURNS:
                self.loop.turn()
                turns += 1

    def sign_in(self) -> None:
        """At a closed window keys are digits: staff number 1122."""
        for pin in (NEXT_PIN, NEXT_PIN, RECALL_PIN, RECALL_PIN):
            self.press(pin)


@pytest.fixture
def bench(chip: Any, micro_link: Any, tmp_path: Path, hall: Hall) -> Iterator[Bench]:
    bench = Bench(chip, tmp_path / "board", hall.port)
    yield bench
    if bench.loop is not None:
        bench.loop._link.close()


def test_a_press_on_the_pins_calls_a_ticket_and_the_digits_show_it(
    bench: Bench, hall: Hall, display_bus: Callable[[int, int], Any]
) -> None:
    display = display_bus(25, 26).display
    bench.power_on()
    bench.until(lambda: bench.loop.node.lease_fresh, "the pad never heard the gateway")
    bench.until(lambda: display.text() == "    ", "a closed window shows nothing")
    bench.sign_in()
    bench.until(lambda: display.text() == "   0", "signed in, nobody waits")
    hall.issue()
    bench.until(lambda: display.text() == "   1", "one waits")
    bench.press(NEXT_PIN)
    bench.until(lambda: display.text() == "A001", "the number called is shown")
    bench.until(lambda: bench.loop.node.outbox_size == 0, "the press was acknowledged")
    assert hall.window()["number"] == "A001"
    assert bench.pins.pixels[27], "the light was lit"
    assert bench.pins.feeds > 10


def test_a_pad_that_lost_power_comes_back_with_a_higher_boot_and_shows_the_truth(
    bench: Bench, hall: Hall, display_bus: Callable[[int, int], Any]
) -> None:
    display = display_bus(25, 26).display
    bench.power_on()
    bench.until(lambda: bench.loop.node.lease_fresh, "never heard the gateway")
    bench.sign_in()
    bench.until(lambda: display.text() == "   0", "signed in")
    bench.loop._link.close()  # the supply is gone
    bench.power_on()
    assert display.text() == "----", "what it showed before is not known any more"
    assert bench.loop.node.boot == 2
    bench.until(lambda: display.text() == "   0", "shows the truth after the restart")


@pytest.mark.slow
def test_the_gateway_hears_how_the_pad_is_and_why_it_started(bench: Bench, hall: Hall) -> None:
    heard: list[tuple[str, Any]] = []
    receive = hall.process.engine.receive

    def listen(now_ms: int, topic: str, payload: bytes, kept: bool) -> None:
        if topic.endswith("/up/log"):
            heard.append((topic, decode(payload, messages_on(LOG))))
        receive(now_ms, topic, payload, kept)

    hall.process.engine.receive = listen  # type: ignore[method-assign]  # listens in
    store = Store(Flash(str(bench.folder / "store")))
    store.put("fault", b"2 ValueError: planted")
    (bench.folder / "store" / "visit.0").write_bytes(b"worn")
    (bench.folder / "store" / "visit.1").write_bytes(b"worn")
    bench.power_on()
    bench.until(lambda: len(heard) == 3, "the pad told nothing")
    assert {topic for topic, _ in heard} == {"hk1/langfang/w01-pad/up/log"}
    assert [told.text for _, told in heard[:2]] == [
        "start 1 after 2 faults in a row, the last: ValueError: planted",
        "stored values were damaged and are lost: visit",
    ]
    health = heard[2][1]
    assert (health.signal_dbm, health.heap_free_bytes) == (-58, 41_000)
    assert (health.faults, health.fault) == (2, "ValueError: planted")
    assert (health.release, health.slot, health.trial) == (0, "none", False)


@pytest.fixture
def main_of(
    chip: Any, micro_link: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, Any]:
    """`main` in a folder with the files of a board, and the chip."""
    clock = chip.hal.time  # virtual
    bench = Bench(chip, tmp_path, 1)
    chip.hal.time = clock
    monkeypatch.chdir(tmp_path)
    return bench.run_esp32, chip


def raising(error: BaseException) -> Callable[..., None]:
    def run(*_: object) -> None:
        raise error

    return run


def test_an_unexpected_error_is_kept_and_left_to_the_boot_code(
    main_of: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_esp32, chip = main_of
    monkeypatch.setattr(run_esp32, "run", raising(ValueError("planted")))
    monkeypatch.setattr(run_esp32, "make_loop", lambda *_: None)
    for _ in range(2):
        with pytest.raises(ValueError, match="planted"):
            run_esp32.main()
    assert Store(Flash("store")).get("fault") == b"2 ValueError: planted"
    assert chip.now_ms == 0, "no pause yet"
    for _ in range(10):
        with pytest.raises(ValueError, match="planted"):
            run_esp32.main()
    # From the third in a row on it waits: 8, 16, 32, 64, 64, ... seconds, never longer.
    pauses = [min(64, 1 << faults) for faults in range(3, 12)]
    assert chip.now_ms == 1000 * sum(pauses)


def test_a_fault_whose_text_is_cut_within_a_character_can_still_be_read(
    main_of: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_esp32, _ = main_of
    monkeypatch.setattr(run_esp32, "make_loop", lambda *_: None)
    monkeypatch.setattr(run_esp32, "run", raising(ValueError("窗" * 120)))
    for _ in range(2):
        with pytest.raises(ValueError, match="窗"):
            run_esp32.main()
    assert run_esp32.last_fault(Store(Flash("store")))[0] == 2


@pytest.mark.parametrize(("cause", "text"), [(1, "power on"), (3, "watchdog"), (2, "reset")])
def test_the_line_of_a_start_says_what_started_the_chip(
    main_of: tuple[Any, Any], cause: int, text: str
) -> None:
    run_esp32, chip = main_of
    chip.pins.cause = cause
    lines: list[str] = []
    health = run_esp32.make_health(Store(Flash("store")), None, 7)
    node = SimpleNamespace(
        link_up=True,
        lease_fresh=True,
        connection=1,
        gateway=(7, 1),
        close_reason="",
        log=lambda _, level, line: lines.append(f"{level} {line}"),
        tell=lambda *_: None,
    )
    health._measure = lambda: (None, None)
    health.step(chip.now_ms, node)
    assert lines == [f"info start 7: {text}"]


def test_a_fault_that_can_not_even_be_kept_waits_before_the_reset(
    main_of: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_esp32, chip = main_of
    monkeypatch.setattr(run_esp32, "run", raising(MemoryError()))
    monkeypatch.setattr(run_esp32, "make_loop", lambda *_: None)
    monkeypatch.setattr(run_esp32, "note_fault", raising(MemoryError()))
    with pytest.raises(MemoryError):
        run_esp32.main()
    assert chip.now_ms == 64_000


def test_settings_that_are_missing_are_kept_as_a_fault_too(main_of: tuple[Any, Any]) -> None:
    run_esp32, chip = main_of
    Path("config/node.json").write_text("{}")
    with pytest.raises(SettingsError):
        run_esp32.main()
    assert Store(Flash("store")).get("fault").startswith(b"1 SettingsError: node.json: hall")
    for _ in range(5):
        with pytest.raises(SettingsError):
            run_esp32.main()
    assert chip.now_ms == 1000 * (8 + 16 + 32), "it has its patience with these as well"


def test_ctrl_c_gives_the_technician_a_quarter_of_an_hour(
    main_of: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_esp32, chip = main_of
    monkeypatch.setattr(run_esp32, "run", raising(KeyboardInterrupt()))
    run_esp32.main()
    assert chip.pins.watchdog_ms == [30_000, 900_000]
    assert chip.pins.resets == 0


def test_the_clock_is_set_from_the_flashing_only_when_it_has_no_date(
    main_of: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_esp32, chip = main_of
    monkeypatch.setattr(run_esp32, "run", raising(KeyboardInterrupt()))
    run_esp32.main()
    assert chip.pins.clock[:3] == (2026, 11, 23)
    chip.pins.clock = (2027, 1, 1, 0, 0, 0, 0, 0)
    run_esp32.main()
    assert chip.pins.clock[:3] == (2027, 1, 1)


def test_an_hour_of_health_forgets_the_faults(
    main_of: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    run_esp32, chip = main_of
    store = Store(Flash("store"))
    store.put("fault", b"2 ValueError: planted")
    turns: list[int] = []

    def turn() -> None:
        turns.append(chip.now_ms)
        chip.sleep_ms(1000)
        if len(turns) > 3700:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_esp32.run(SimpleNamespace(start=int, turn=turn), store)
    assert Store(Flash("store")).get("fault") == b""
