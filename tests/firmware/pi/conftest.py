"""A hall for Pi nodes: a broker and a real gateway as processes, and `run_pi` beside them."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.web.tokens import TokenStore
from simulator.devices.printer import Printer
from simulator.ports.pty_port import PtyPort
from simulator.ports.tcp_port import TcpPort

LANGFANG = Path(__file__).parents[3] / "gateway" / "halls" / "langfang.toml"
HALL = "langfang"
DEADLINE_S = 25.0
KIOSKS = 12


def wait_until(holds: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
    """What `holds` returns as soon as it is true; an assertion with `what` after the deadline."""
    deadline = time.monotonic() + deadline_s
    while not (found := holds()):
        assert time.monotonic() < deadline, what
        time.sleep(0.01)
    return found


class Hall:
    """Broker and gateway; `view` is what the gateway says of itself."""

    def __init__(self, data: Path) -> None:
        # A kiosk for each test: what one leaves unanswered is not the next one's business.
        kiosks = [
            f'[[node]]\nid = "kiosk-{n}"\nkind = "ticket"\nboard = "pi-kiosk"\n'
            for n in range(2, KIOSKS + 1)
        ]
        hall_file = data / "hall.toml"
        text = LANGFANG.read_text(encoding="utf-8").replace(
            "[[node]]", "".join(kiosks) + "[[node]]", 1
        )
        hall_file.write_text(text, encoding="utf-8")
        self._kiosks = iter(range(1, KIOSKS + 1))
        self._broker = subprocess.Popen(
            [sys.executable, "-m", "simulator.broker_server", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._broker.stdout is not None
        self.port = int(re.findall(r"port (\d+)", self._broker.stdout.readline())[0])
        self._data, self._hall_file = data, hall_file
        self._clients: dict[str, httpx.Client] = {}
        self.start_gateway()

    def start_gateway(self) -> None:
        """The gateway, also after `kill_gateway`; it has a new address then."""
        self._gateway = subprocess.Popen(
            [
                *(sys.executable, "-m", "gateway.cli.main", "gateway", "--json"),
                *("--hall", str(self._hall_file), "--data", str(self._data / "gateway")),
                *("--broker", f"127.0.0.1:{self.port}", "--http", "127.0.0.1:0"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._gateway.stdout is not None
        self.address = json.loads(self._gateway.stdout.readline())["address"]
        self._clients = {role: self._client(role) for role in ("kiosk", "officer", "technician")}

    def kill_gateway(self) -> None:
        """Its power fails."""
        for client in self._clients.values():
            client.close()
        self._gateway.kill()
        self._gateway.wait(DEADLINE_S)
        assert self._gateway.stdout is not None
        self._gateway.stdout.close()

    def _client(self, role: str) -> httpx.Client:
        text = TokenStore(self._data / "gateway").first_texts()[f"{role}-1"]
        return httpx.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {text}"},
            timeout=DEADLINE_S,
            trust_env=False,
            verify=False,
        )

    def new_kiosk(self) -> str:
        """The id of a kiosk that no test has used."""
        return f"kiosk-{next(self._kiosks)}"

    def get(self, role: str, path: str) -> Any:
        return self._clients[role].get(path).raise_for_status().json()

    def post(self, role: str, path: str, body: Any) -> Any:
        answer = self._clients[role].post(
            path, json=body, headers={"Idempotency-Key": str(uuid.uuid4())}
        )
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def view(self) -> Any:
        return self.get("officer", "/api/v1/hall")

    def stop(self) -> None:
        for client in self._clients.values():
            client.close()
        for process in (self._gateway, self._broker):
            process.send_signal(signal.SIGTERM)
            assert process.wait(DEADLINE_S) == 0
            assert process.stdout is not None
            process.stdout.close()


class PiProcess:
    """A running node; `log` is what it wrote to its standard error so far."""

    def __init__(self, command: list[str], environment: dict[str, str] | None = None) -> None:
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
        self.lines: list[str] = []
        self.modes: list[str] = []  # of the screen, in order
        self._viewer: threading.Thread | None = None
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def logged(self, pattern: str) -> str:
        """The first group of the first line that matches, when it comes."""

        def find() -> re.Match[str] | None:
            assert self.process.poll() is None or re.search(pattern, self.log), self.log
            return re.search(pattern, self.log)

        found: str = wait_until(find, f"{pattern} is not in the log:\n{self.log}")[1]
        return found

    def touch(self, service: str) -> None:
        """A finger on the kiosk's screen."""
        answer = httpx.post(
            f"{self.screen}/touch", json={"service": service}, trust_env=False, verify=False
        )
        assert answer.status_code == 204

    @property
    def screen(self) -> str:
        return self.logged(r"screen: (http://\S+)")

    def mode(self) -> str:
        """What the kiosk's screen shows now."""
        if self._viewer is None:
            self._viewer = threading.Thread(target=self._view, args=(self.screen,), daemon=True)
            self._viewer.start()
        return self.modes[-1] if self.modes else ""

    def _view(self, screen: str) -> None:
        with (
            contextlib.suppress(httpx.HTTPError),
            httpx.stream(
                "GET", f"{screen}/screen", trust_env=False, verify=False, timeout=DEADLINE_S
            ) as answer,
        ):
            for line in answer.iter_lines():
                if line.startswith("data: "):
                    self.modes.append(json.loads(line[6:])["screen"]["mode"])

    def end(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(DEADLINE_S)
        self._reader.join()
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    made = Hall(tmp_path_factory.mktemp("hall"))
    yield made
    made.stop()


@pytest.fixture
def until() -> Callable[..., Any]:
    return wait_until


@pytest.fixture
def start_node(tmp_path: Path) -> Iterator[Callable[..., PiProcess]]:
    """Runs `python -m firmware.shell.run_pi`, or a script, with a node's file; ended at the end."""
    running: list[PiProcess] = []

    def start(
        tables: str,
        node: str,
        kind: str,
        port: int,
        script: Path | None = None,
        environment: dict[str, str] | None = None,
    ) -> PiProcess:
        path = tmp_path / f"{node}.toml"
        path.write_text(
            f'[node]\nhall = "{HALL}"\nid = "not-set"\nkind = "lamp"\nboard = "test"\n'
            f'store = "store-{node}"\n[broker]\nhost = "unset"\n{tables}',
            encoding="utf-8",
        )
        program = ["-m", "firmware.shell.run_pi"] if script is None else [str(script)]
        command = [
            *(sys.executable, *program, "--config", str(path)),
            *("--node", node, "--kind", kind, "--broker", f"127.0.0.1:{port}"),
        ]
        made = PiProcess(command, environment)
        running.append(made)
        return made

    yield start
    for each in running:
        if each.process.poll() is None:
            each.end(signal.SIGKILL)


KIOSK_TABLES = """
[printer]
hall_zh = "测试厅"
hall_en = "Test hall"
{line}
[screen]
port = 0
"""


class Kiosk:
    """The node, its printer on a line, and what came out of it."""

    def __init__(
        self, name: str, port: TcpPort | PtyPort, printer: Printer, baud: int, more: str
    ) -> None:
        self.name, self.port, self.printer = name, port, printer
        self.until = wait_until
        self.node: Any = None
        if isinstance(port, TcpPort):
            line = f'host = "127.0.0.1"\nport = {port.port}'
        else:
            line = f'serial = "{port.path}"\nbaud = {baud}'
        self.tables = KIOSK_TABLES.format(line=line + more)
        self.start: Callable[[], None]

    def ready(self) -> None:
        self.until(lambda: self.node.mode() in ("ready", "printed"), "the kiosk is not ready", 60.0)

    def shows(self, mode: str, deadline_s: float = DEADLINE_S) -> None:
        self.until(lambda: self.node.mode() == mode, f"the screen does not say {mode}", deadline_s)

    def turn(self, **knobs: object) -> None:
        """Turn fault knobs of the printer."""
        self.port.change(lambda _: [setattr(self.printer, *knob) for knob in knobs.items()])

    def papers(self) -> list[str]:
        """The text of every piece of paper that says anything."""
        texts = self.port.change(lambda _: [each.text for each in self.printer.tickets])
        return [text for text in texts if text.strip()]


@pytest.fixture
def kiosk(hall: Hall, start_node: Callable[..., PiProcess]) -> Iterator[Callable[..., Kiosk]]:
    """Makes kiosks with a printer on TCP, or on a serial line; `more` is added to [printer]."""
    ports: list[TcpPort | PtyPort] = []

    def make(serial: Path | None = None, baud: int = 115200, more: str = "") -> Kiosk:
        printer = Printer()
        port = TcpPort(printer) if serial is None else PtyPort(printer, serial)
        port.start()
        ports.append(port)
        made = Kiosk(hall.new_kiosk(), port, printer, baud, more)

        def start() -> None:
            made.node = start_node(made.tables, made.name, "ticket", hall.port)

        made.start = start
        made.start()
        made.ready()
        return made

    yield make
    for port in ports:
        port.stop()
