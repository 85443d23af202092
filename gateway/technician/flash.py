"""One board becomes one node: from the USB port to the gateway seeing it. Blocking, resumable.

Rules:
- every step asks the board (or the gateway) whether it is done already, so that the same command
  goes on after any cut; the one thing written down beforehand is which board a certificate goes to;
- the certificate of an old board is revoked before the new board gets its own;
- nothing starts the application before every file is proved and the self-test has passed.
"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

from boards.chips import ESP32
from boards.schema import Board
from gateway.config import HallConfig, Node
from gateway.credentials.broker import (
    ensure_credentials,
    reload_mosquitto,
    tls_files,
    write_files,
)
from gateway.credentials.knock import knock
from gateway.credentials.registry import Entry
from gateway.credentials.site import Site
from gateway.credentials.store import Credential, CredentialStore, open_store
from gateway.releases.contents import SELF_TEST, source
from gateway.technician import ports, selftest
from gateway.technician.chip import ChipError, Loader, open_loader
from gateway.technician.contents import Software, compiled_module, node_on_board
from gateway.technician.interpreter import Image
from gateway.technician.node_files import Flashed, Papers
from gateway.technician.plan import STARTER, differences, has_counted_a_boot, make_plan, sha256
from gateway.technician.remote import Remote, Survey
from gateway.technician.reporter import Reporter
from gateway.technician.rest import Gateway, RestError

ONLINE_S = 90.0
ASK_S = 0.5
# The board keeps what it was told in the slot form of firmware/shell/store.py, by its own code:
# one module, which has no constants to import.
_SETTLE = """\
from firmware.shell.boot_state import BootState
from firmware.shell.run_esp32 import Flash, Store
store = Store(Flash("/store"))
store.put("release", BootState("a", 0, 0, %d, 0).encode())
if store.get("fault"):
    store.put("fault", b"")
"""


class FlashError(Exception):
    """A step cannot be done; `kind`: wrong_board, bad_files, offline. The text says what to do."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass(frozen=True)
class Order:
    """What shall become of the board. `replace`: it takes the place of another board."""

    config: HallConfig
    node: Node
    board: Board
    data: Path
    site: Site
    software: Software
    image: Image
    port: str | None = None
    replace: bool = False
    selftest: bool = True
    gateway: Gateway | None = None
    glyphs: Callable[[], bytes] | None = None


@dataclass
class Outcome:
    """What was done; `seconds` by step."""

    node: str
    mac: str = ""
    release: int = 0
    written: int = 0
    renewed: bool = False
    seconds: dict[str, float] = field(default_factory=dict)


class Flashing:
    """One run; `now` is read once, at its beginning."""

    def __init__(self, order: Order, report: Reporter, now: datetime) -> None:
        self._order, self._report, self._now = order, report, now
        self._port = ""
        self._loader: Loader
        self._remote: Remote
        self._papers: Papers
        self._boot_before = 0
        self.outcome = Outcome(order.node.id, release=order.software.release.number)

    def run(self) -> Outcome:
        """All steps. Raises the errors of the parts, each with its remedy."""
        order = self._order
        self._step("port", "串口 · port", self._find_port)
        with ExitStack() as until_reset:

            def reach_chip() -> str:
                self._loader = until_reset.enter_context(open_loader(self._port))
                return self._check_chip()

            self._step("chip", "芯片 · chip", reach_chip)
            self._step("credential", "证书 · credential", self._give_credential)
            self._step("interpreter", "解释器 · interpreter", self._write_image)
        self._remote = Remote(self._port, source)
        self._step("look", "查看板上文件 · look", self._look)
        if not self._plan.is_finished:
            self._step("files", "写入文件 · files", self._write_files)
            self._step("verify", "核对 · verify", self._verify)
            if order.selftest:
                self._step("selftest", "自检 · self-test", self._test)
        self._step("start", "启动 · start", self._start)
        if order.gateway is not None:
            self._step("gateway", "等网关看到它 · gateway", self._wait_for_gateway)
        return self.outcome

    def _step(self, name: str, title: str, work: Callable[[], str]) -> None:
        began = time.monotonic()
        self._report.begin(name, title)
        detail = work()
        self.outcome.seconds[name] = time.monotonic() - began
        self._report.done(detail)

    # ---- the chip ----

    def _find_port(self) -> str:
        def ask(labels: Any) -> int:
            chosen = self._report.choose("接了几块板，用哪一块？ · which board?", labels)
            if chosen is None:
                raise ports.PortError("unknown", "; ".join(labels))
            return chosen

        self._port = ports.choose(self._order.port, ports.usb_ports(), ask)
        ports.check(self._port)
        return self._port

    def _check_chip(self) -> str:
        loader, wanted = self._loader, self._order.board.chip
        assert wanted == ESP32
        if loader.chip != wanted:
            raise ChipError(
                "wrong_chip",
                f"板是 {loader.chip}，{self._order.node.id} 要 {wanted} · this board is an "
                f"{loader.chip}; {self._order.board.name} needs an {wanted}",
            )
        self.outcome.mac = loader.mac
        return f"{loader.chip}  {loader.mac}"

    def _write_image(self) -> str:
        loader, image = self._loader, self._order.image
        if loader.has(image):
            return f"{image.name} 已在板上 · is there already"
        loader.prepare(fast=not ports.is_remote(self._port))
        loader.write(image, self._report.progress)
        return image.name

    # ---- the credential ----

    def _give_credential(self) -> str:
        order, mac = self._order, self.outcome.mac
        with open_store(order.data, order.config.hall.id, self._now) as store:
            ensure_credentials(store, order.site, self._now)
            before = store.registry.active(order.node.id)
            credential = self._credential(store, before)
            self.outcome.renewed = before is not None and credential.entry != before
            store.bind(credential, mac)
            written = write_files(store, order.data, order.site)
            self._papers = Papers(
                store.ca_der(), credential.certificate_der(), credential.key_der()
            )
        running = reload_mosquitto(order.data)
        if written.restart:
            self._report.note("mosquitto.conf 变了，请重启 Mosquitto · changed: restart Mosquitto")
        if not running:
            self._report.note(
                "本机没有运行本厅的 Mosquitto · the hall's Mosquitto does not run on this computer"
            )
        elif before is None or self.outcome.renewed:
            self._knock(credential)
        return f"{credential.entry.serial:x}"[:12]

    def _credential(self, store: CredentialStore, entry: Entry | None) -> Credential:
        """The one for this board: what it has, or one nobody has yet, or a new one."""
        node, mac = self._order.node.id, self.outcome.mac
        other_board = entry is not None and entry.board not in ("", mac)
        if entry is None or (other_board and self._order.replace):
            return store.issue(node, "node", self._now)
        credential = store.active(node)
        assert credential is not None
        return credential  # on another board: bind() refuses, with the command to replace

    def _knock(self, credential: Credential) -> None:
        site = self._order.site
        files = tls_files(self._order.data)
        said = knock(
            site.broker_host,
            site.broker_port,
            files.ca,
            credential.certificate_file,
            credential.key_file,
        )
        if said:
            self._report.note(f"消息代理不接受新证书 · the broker does not take it: {said}")

    # ---- the files ----

    def _look(self) -> str:
        survey = self._remote.survey()
        software = self._order.software
        if survey.mpy != software.mpy & 0xFF:
            raise FlashError(
                "bad_files",
                f"解释器版本不符 · the interpreter reads byte code {survey.mpy}, the application "
                f"is {software.mpy & 0xFF}: give the interpreter of this release with --image",
            )
        same = (survey.hall, survey.node) == (self._order.config.hall.id, self._order.node.id)
        self._expected = self._files_for(survey, same)
        self._plan = make_plan(survey, self._expected, same)
        if survey.node and not same:
            self._report.note(
                f"原来是 {survey.node} · this board was {survey.node}, which now has none"
            )
        return f"{len(survey.files)} 个文件 · files, {survey.version}"

    def _files_for(self, survey: Survey, same_node: bool) -> dict[str, bytes]:
        """What belongs on it; a board that goes on counting its boots keeps its first number."""
        files = self._expect(Flashed.at(self._now))
        key_is_there = survey.files.get("/config/key.der") == sha256(self._papers.key)
        if same_node and key_is_there and has_counted_a_boot(survey) and len(survey.date) == 3:
            year, month, day = survey.date
            files = self._expect(Flashed(survey.boot_floor, (year, month, day)))
        return files

    def _expect(self, flashed: Flashed) -> dict[str, bytes]:
        order = self._order
        return node_on_board(
            order.config,
            order.node,
            order.board,
            order.site,
            order.software,
            self._papers,
            flashed,
            order.glyphs,
        )

    def _write_files(self) -> str:
        self._remote.remove(self._plan.remove)
        files = {path: self._expected[path] for path in self._plan.write}
        self._remote.write(files, self._report.progress)
        self.outcome.written = len(files)
        return f"{len(files)} 个 · {sum(len(data) for data in files.values())} bytes"

    def _verify(self) -> str:
        wrong = [p for p in differences(self._remote.survey(), self._expected) if p != STARTER]
        if wrong:
            raise FlashError(
                "bad_files",
                f"核对不符，请重来 · not as written: {', '.join(wrong[:3])}: run it again; if it "
                f"stays so the flash is worn: take another board",
            )
        return f"{len(self._expected) - 1} sha256"

    def _test(self) -> str:
        order = self._order
        self._remote.reset()  # what ran before may still hold radio and pins
        names = selftest.key_names(order.board, order.node.kind)
        self._remote.survey()
        made = compiled_module(SELF_TEST)
        selftest.run_selftest(self._remote, made, names, self._report)
        return "通过 · passed"

    # ---- the start ----

    def _start(self) -> str:
        order = self._order
        if order.gateway is not None:
            self._boot_before = int(order.gateway.node(order.node.id)["boot"])
        if self._plan.starter:
            self._remote.execute(_SETTLE % order.software.release.number, lambda _: None)
            self._remote.write({STARTER: self._expected[STARTER]}, lambda *_: None)
        self._remote.reset()
        return f"release {order.software.release.number}"

    def _wait_for_gateway(self) -> str:
        gateway = self._order.gateway
        assert gateway is not None
        deadline = time.monotonic() + ONLINE_S
        node: dict[str, Any] = {}
        while time.monotonic() < deadline:
            try:
                node = gateway.node(self._order.node.id)
            except RestError as error:
                if error.reason != "unreachable":
                    raise
            else:
                is_new = node["boot"] > self._boot_before
                if is_new and node["online"] and node["fresh"] and _shows_what_it_should(node):
                    return f"在线 · online, boot {node['boot']}"
            Event().wait(ASK_S)
        raise FlashError(
            "offline",
            f"网关没有看到它 · the gateway does not see {self._order.node.id} online with a fresh "
            f"picture (state {node.get('state', 'unknown')}): hallkit doctor; its console: "
            f"hallkit logs {self._order.node.id} --port {self._port}",
        )


def _shows_what_it_should(node: dict[str, Any]) -> bool:
    return node["want_rev"] is None or node["shown_rev"] == node["want_rev"]
