"""A running hall with certificates, virtual boards on the cable, and `hallkit` as a process.

The hall is real: Mosquitto over TLS, the gateway as a process, both with the files that the
technician's commands made. A board is virtual but for its firmware, which runs in the real
MicroPython; esptool and mpremote are the real ones.
"""

import hashlib
import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from gateway.credentials.broker import conf_file, gateway_file, tls_files
from gateway.technician.rest import Gateway
from gateway.web.tokens import TokenStore
from protocols.messages.wall import WallWant
from protocols.topics import WANT, node_topic
from protocols.wire import decode
from simulator.board.board import Board
from simulator.board.image import interpreter_image

ROOT = Path(__file__).parents[3]
HALL_FILE = ROOT / "gateway" / "halls" / "langfang.toml"
DEADLINE_S = 60.0
COMMAND_S = 300.0
WIFI = ("hall", "wpa2 password")
# Boot code and application from /a take more than the 128 KiB a virtual board has by default.
HEAP_KIB = 192


def until(holds: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """What `holds` returns as soon as it is true."""
    deadline = time.monotonic() + deadline_s
    while not (found := holds()):
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Ended:
    """A command that has ended: its exit code, its JSON lines, all else it said."""

    code: int
    events: list[dict[str, Any]]
    rest: str
    seconds: float

    @property
    def last(self) -> dict[str, Any]:
        return self.events[-1]

    def acts(self, prefix: str) -> list[str]:
        """What had to be done by hand."""
        acts = [each["act"] for each in self.events if each.get("event") == "by_hand"]
        return [act for act in acts if act.startswith(prefix)]


class Running:
    """`hallkit ... --json` at work; `on_event` hears each line as it comes."""

    def __init__(
        self, arguments: list[str], env: dict[str, str], on_event: Callable[[Any, Any], None]
    ) -> None:
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-u", "-m", "gateway.cli.main", *arguments],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.events: list[dict[str, Any]] = []
        self.rest: list[str] = []
        self._on_event = on_event
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            try:
                event = json.loads(line)
            except ValueError:
                self.rest.append(line)
                continue
            self.events.append(event)
            self._on_event(self, event)

    def end(self) -> Ended:
        code = self.process.wait(COMMAND_S)
        self._thread.join(DEADLINE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        seconds = time.monotonic() - self.began
        return Ended(code, self.events, "".join(self.rest), seconds)


@dataclass
class Hall:
    """The running hall, and the technician in it."""

    folder: Path
    broker_port: int = field(default_factory=free_port)
    http_port: int = field(default_factory=free_port)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    boards: list[Board] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def site_file(self) -> Path:
        """What was asked once."""
        return self.data / "credentials" / "site.json"

    @property
    def log(self) -> str:
        """What Mosquitto said."""
        return (self.folder / "mosquitto.log").read_text()

    @property
    def gateway(self) -> Gateway:
        login = json.loads((self.folder / "config" / "hallkit" / "login.json").read_text())
        return Gateway(login["gateway"], login["token"])

    def start(self) -> None:
        """As the runbook has it: login, certificates, broker, gateway."""
        address = f"http://127.0.0.1:{self.http_port}"
        self.do("login", "--hall", HALL_FILE, "--data", self.data, "--gateway", address)
        host = ("--host", "127.0.0.1", "--port", self.broker_port, "--listen", "127.0.0.1")
        self.do("credentials", "broker", *host)
        mosquitto = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        assert mosquitto, "mosquitto is missing; `make test` installs it"
        self._spawn([mosquitto, "-c", str(conf_file(self.data))], "mosquitto.log")
        until(self._broker_listens, "mosquitto does not listen")
        own = str(gateway_file(self.data))
        self._spawn(
            [
                *(sys.executable, "-m", "gateway.cli.main", "gateway"),
                *("--hall", str(HALL_FILE), "--data", str(self.data)),
                *("--broker", f"127.0.0.1:{self.broker_port}"),
                *("--ca-file", str(tls_files(self.data).ca)),
                *("--cert-file", own, "--key-file", own),
                *("--http", f"127.0.0.1:{self.http_port}"),
            ],
            "gateway.log",
        )
        until(self.gateway.is_ready, "the gateway does not come up")
        (self.folder / "wifi").write_text(WIFI[1] + "\n")
        (self.folder / "interpreter.bin").write_bytes(interpreter_image("v1.29.0"))

    def _spawn(self, command: list[str], log: str) -> None:
        with (self.folder / log).open("ab") as out:
            self.processes.append(subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out))

    def _broker_listens(self) -> bool:
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", self.broker_port)) == 0

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.terminate()
            process.wait(DEADLINE_S)

    # ---- the technician ----

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "XDG_CONFIG_HOME": str(self.folder / "config")}

    def begin(
        self, *arguments: object, on_event: Callable[[Any, Any], None] = lambda *_: None
    ) -> Running:
        """Start a command with --json."""
        words = [str(argument) for argument in arguments]
        return Running([*words, "--json"], self.env, on_event)

    def run(self, *arguments: object, board: Board | None = None) -> Ended:
        """A command to its end; with a board, somebody presses the keys that are asked for."""

        def finger(_: Running, event: dict[str, Any]) -> None:
            words = event.get("act", "").split()
            if board is not None and words[:1] == ["press"]:
                board.parts.press(int(words[1]), after_ms=200)

        return self.begin(*arguments, on_event=finger).end()

    def do(self, *arguments: object) -> Ended:
        """A command that must succeed."""
        ended = self.run(*arguments)
        assert ended.code == 0, (arguments, ended.last, ended.rest)
        return ended

    def image_options(self) -> list[object]:
        """Of the first `flash`."""
        image = self.folder / "interpreter.bin"
        sha256 = hashlib.sha256(image.read_bytes()).hexdigest()
        wifi = ("--wifi", WIFI[0], "--wifi-password-file", self.folder / "wifi")
        return ["--image", image, "--sha256", sha256, *wifi]

    def node(self, name: str) -> dict[str, Any]:
        return self.gateway.node(name)

    def issue_ticket(self) -> str:
        """Somebody takes a ticket; its number."""
        text = TokenStore(self.data).first_texts()["admin-1"]
        desk = Gateway(self.gateway.address, text)
        number: str = desk.post("/api/v1/tickets", {"service": "filing"})["number"]
        return number


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    hall = Hall(tmp_path_factory.mktemp("hall"))
    try:
        hall.start()
        yield hall
    finally:
        hall.stop()


@pytest.fixture
def make_board() -> Iterator[Callable[..., Board]]:
    """make_board(number) -> a board on its cable, with an interpreter unless `empty`."""
    made: list[Board] = []

    def make(number: int, *, empty: bool = False, **more: Any) -> Board:
        mac = bytes.fromhex(f"246f28aabb{number:02x}")
        board = Board("esp32-pad", mac=mac, heap_kib=HEAP_KIB, **more)
        board.air.ssid, board.air.password = WIFI
        if not empty:
            board.flash_interpreter()
        board.start()
        made.append(board)
        return board

    yield make
    for board in made:
        board.stop()


class WallNode:
    """The node of the LED wall as the wire shows it, with the credential it was provisioned."""

    def __init__(self, hall: Hall, folder: Path) -> None:
        self.wants: queue.Queue[WallWant] = queue.Queue()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        self._client.tls_set(
            ca_certs=str(folder / "authority.pem"),
            certfile=str(folder / "wall.pem"),
            keyfile=str(folder / "wall.key"),
        )
        topic = node_topic("langfang", "wall-1", WANT)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_message = lambda *got: self.wants.put(decode(got[2].payload, (WallWant,)))
        self._client.connect("127.0.0.1", hall.broker_port)
        self._client.loop_start()

    def until_it_shows(self, number: str, window: str) -> None:
        """Wait for a picture that calls this number to this window."""
        deadline = time.monotonic() + DEADLINE_S
        while True:
            want: Any = self.wants.get(timeout=max(0.1, deadline - time.monotonic()))
            if any((row.number, row.window) == (number, window) for row in want.rows):
                return

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def wall(hall: Hall, tmp_path: Path) -> Iterator[WallNode]:
    """wall-1, provisioned by the command, on the broker."""
    hall.do("provision", "wall-1", "--out", tmp_path / "wall")
    node = WallNode(hall, tmp_path / "wall")
    yield node
    node.close()


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """eventually(holds, what)."""
    return until


@pytest.fixture
def interrupt() -> Callable[[Running], None]:
    """Ctrl-C in the technician's terminal."""
    return lambda running: running.process.send_signal(signal.SIGINT)
