"""The whole live hall: broker, gateway, 35 nodes with their devices, and the people.

Starting order does not matter to the hall (everything finds everything by itself); stopping goes
people, nodes, gateway, broker, so that each can still say goodbye to the next.
"""

import asyncio
import contextlib
import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from boards.loader import board_names, load_board
from firmware.drivers.pi.glyphs import LedFont
from gateway.broker.access import Credential, new_credentials
from gateway.config import WINDOW_DEVICES, HallConfig
from gateway.config import Node as NodeConfig
from gateway.web.secret_file import SecretFileError
from gateway.web.tokens import TokenStore
from protocols.topics import GATEWAY
from simulator.assets import Assets
from simulator.devices.radio import Radio
from simulator.live.bench import Bench
from simulator.live.brokers import HOST, EmbeddedBroker, LiveBroker, MosquittoBroker
from simulator.live.chronicle import Chronicle
from simulator.live.clock import Pace, steady_ms
from simulator.live.day import LiveDay
from simulator.live.gateway_child import GatewayChild, hallkit_command
from simulator.live.gateway_link import GatewayError, GatewayLink
from simulator.live.kiosk_bench import KioskBench
from simulator.live.runner import NodeRunner
from simulator.live.store import NodeStore
from simulator.live.voice_bench import VoiceBench
from simulator.live.window_benches import LampBench, PadBench, RatingBench, SignBench, WallBench
from simulator.voice import Voice

TOKEN_NAME = "live hall"  # noqa: S105  # a name, not a secret
WATCH_S = 0.2
_HALL_TABLE = re.compile(r"^(\s*\[\s*hall\s*\].*)$", re.MULTILINE)
TAP_MS = 90
WINDOW_WIDTH_M = 3.0
ACCESS_POINT_M = 6.0  # from the nearest window
KEY_GAP_MS = 120


@dataclass(frozen=True)
class LiveSettings:
    """How `hallkit up` was called. `hall_file` None: the hall that comes with hallkit."""

    config: HallConfig
    hall_file: Path
    data: Path
    broker: str
    gateway_port: int
    assets: Assets


class LiveHall:
    """Everything that runs; `on_change` is called whenever something can be seen to change."""

    def __init__(self, settings: LiveSettings) -> None:
        self.config = settings.config
        _check_whole(settings.config)
        self.pace = Pace()
        self.chronicle = Chronicle(self)
        self.on_change: Callable[[], None] = _nobody_looks
        self.broker_up = False
        self.broker_back_ms = 0  # steady time at which a killed broker comes back
        self._settings = settings
        for folder in ("gateway", "nodes", "broker"):
            (settings.data / folder).mkdir(parents=True, exist_ok=True)
        hall_id = self.config.hall.id
        credentials = new_credentials([node.id for node in self.config.nodes])
        self._passwords = {each.identity: each.password for each in credentials}
        self.broker: LiveBroker = _make_broker(settings, hall_id, credentials)
        self.runners: dict[str, NodeRunner] = {}
        self._make_nodes(hall_id)
        self.child: GatewayChild
        self.link: GatewayLink
        self.day = LiveDay(self)
        self._tasks: list[asyncio.Task[None]] = []
        self._tokens = TokenStore(settings.data / "gateway")
        self.technician_token = ""

    # ---- making ----

    def _make_nodes(self, hall_id: str) -> None:
        rng = random.Random()
        font = LedFont(self._settings.assets.unifont)
        voice = Voice.load(self._settings.assets.clips)
        for node in self.config.nodes:
            bench = self._make_bench(node, rng, font, voice)
            self.runners[node.id] = NodeRunner(
                hall_id,
                node,
                bench,
                NodeStore(self._settings.data / "nodes", node.id),
                self._passwords[node.id],
                lambda: (HOST, self.broker.port),
                self.changed,
                self._make_radio(node, rng),
            )

    def _make_radio(self, node: NodeConfig, rng: random.Random) -> Radio | None:
        """The radio of a board that has one: windows stand in a row, the access point above."""
        if node.window is None or node.board not in board_names():
            return None
        if load_board(node.board).network.type != "wifi":
            return None
        windows = [window.id for window in self.config.window]
        aside_m = (windows.index(node.window) - (len(windows) - 1) / 2) * WINDOW_WIDTH_M
        return Radio(math.hypot(aside_m, ACCESS_POINT_M), rng)

    def _make_bench(
        self, node: NodeConfig, rng: random.Random, font: LedFont, voice: Voice
    ) -> Bench:
        bench: Bench
        if node.kind == "pad":
            bench = PadBench(rng)
        elif node.kind == "rating":
            bench = RatingBench(rng)
        elif node.kind == "lamp":
            bench = LampBench()
        elif node.kind == "sign":
            bench = SignBench(font)
        elif node.kind == "wall":
            bench = WallBench(font)
        elif node.kind == "ticket":
            bench = KioskBench(self.config.hall, self._settings.assets)
            bench.on_paper = self.changed
        else:
            bench = VoiceBench(voice)
            bench.on_end = self.changed
        return bench

    # ---- life ----

    async def start(self) -> None:
        """Bring everything up; returns when the gateway has answered. Raises with the reason."""
        await self.broker.start()
        self.broker_up = True
        port = self._settings.gateway_port
        self.link = GatewayLink(f"http://{HOST}:{port}", self._make_token(), self.changed)
        self.child = GatewayChild(
            hallkit_command(
                "gateway",
                "--hall",
                str(self._write_hall_file(port)),
                "--data",
                str(self._settings.data / "gateway"),
                "--broker",
                f"{HOST}:{self.broker.port}",
                "--user",
                GATEWAY,
                "--password-file",
                str(self._write_password()),
                "--http",
                f"{HOST}:{port}",
                "--demo",
            ),
            self._settings.data / "gateway.log",
            self.changed,
        )
        for runner in self.runners.values():
            runner.start()
        self._tasks = [
            asyncio.create_task(self.child.run(), name="gateway"),
            asyncio.create_task(self.link.run(), name="gateway-stream"),
            asyncio.create_task(self._watch(), name="chronicle"),
        ]

    def _write_hall_file(self, port: int) -> Path:
        """The hall file, with the address of the ticket pages for the QR code put in."""
        text = self._settings.hall_file.read_text(encoding="utf-8")
        if not self.config.hall.public_url:
            text = _HALL_TABLE.sub(rf'\1\npublic_url = "http://{HOST}:{port}"', text, count=1)
        path = self._settings.data / "hall.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def _write_password(self) -> Path:
        path = self._settings.data / "broker" / "gateway-password"
        path.touch(mode=0o600)
        path.write_text(self._passwords[GATEWAY] + "\n", encoding="ascii")
        return path

    def _make_token(self) -> str:
        self._tokens.ensure()
        self._revoke_tokens()
        _, self.technician_token = self._tokens.create("technician", TOKEN_NAME)
        _, text = self._tokens.create("admin", TOKEN_NAME)
        return text

    @property
    def gateway_port(self) -> int:
        """Where the gateway serves its pages, on this machine."""
        return self._settings.gateway_port

    def _revoke_tokens(self) -> None:
        for token in list(self._tokens.list()):
            if token.name == TOKEN_NAME:
                self._tokens.revoke(token.id)

    async def stop(self) -> None:
        """Everything off, in order."""
        self.day.stop()
        await asyncio.gather(*(runner.stop() for runner in self.runners.values()))
        await asyncio.sleep(0.05)
        await self.child.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.link.close()
        if self.broker_up:
            await self.broker.stop()
        with contextlib.suppress(SecretFileError):  # somebody deleted the folder: no token is left
            self._revoke_tokens()

    def changed(self) -> None:
        """Something can be seen to have changed."""
        self.on_change()

    async def _watch(self) -> None:
        starts = 0
        while True:
            await asyncio.sleep(WATCH_S)
            if self.link.connected and starts != self.child.starts:
                began = self.child.starts
                if await self._set_clock_again():
                    starts = began
            self.chronicle.watch()

    async def _set_clock_again(self) -> bool:
        # A gateway that was started again lives at the pace of the world until it is told.
        if self.clock_rate == 1:
            return True
        try:
            await self.link.set_clock(self.clock_rate)
        except GatewayError:
            return False  # it went down again meanwhile; the next one is told
        return True

    # ---- time ----

    @property
    def clock_rate(self) -> int:
        """How fast hall time runs now."""
        return 1 if self.pace.paused else self.pace.rate

    async def set_pace(self, rate: int, paused: bool) -> None:
        """Change how fast the hall lives. Raises GatewayError."""
        self.pace.change(rate, paused)
        factor = self.clock_rate
        for runner in self.runners.values():
            if isinstance(runner.bench, KioskBench | VoiceBench):
                runner.bench.set_speed(factor)
        await self.link.set_clock(factor)
        self.changed()

    # ---- hands ----

    def pad(self, window: str) -> PadBench:
        """The pad of a window."""
        bench = self.runners[f"{window}-pad"].bench
        assert isinstance(bench, PadBench)
        return bench

    def kiosk(self) -> tuple[NodeRunner, KioskBench]:
        """The ticket kiosk."""
        for runner in self.runners.values():
            if isinstance(runner.bench, KioskBench):
                return runner, runner.bench
        raise LookupError("this hall has no kiosk")

    def voice(self) -> tuple[NodeRunner, VoiceBench]:
        """The voice."""
        for runner in self.runners.values():
            if isinstance(runner.bench, VoiceBench):
                return runner, runner.bench
        raise LookupError("this hall has no voice")

    def wall(self) -> tuple[NodeRunner, WallBench]:
        """The LED wall."""
        for runner in self.runners.values():
            if isinstance(runner.bench, WallBench):
                return runner, runner.bench
        raise LookupError("this hall has no wall")

    def suggested_officer(self, window: str) -> str:
        """A staff number for this window that nobody uses now."""
        numbers = [officer.staff_number for officer in self.config.officer]
        taken = set()
        for account in (self.link.view or {}).get("windows", []):
            if account["officer"]:
                taken.add(account["officer"]["staff_number"])
        place = [each.id for each in self.config.window].index(window) % len(numbers)
        for number in numbers[place:] + numbers[:place]:
            if number not in taken:
                return number
        return ""

    async def type_digits(self, window: str, digits: str) -> None:
        """Press one key after the other, as a quick finger does."""
        for digit in digits:
            await self.pad(window).keyboard.tap(int(digit) - 1, TAP_MS)
            self.changed()
            await asyncio.sleep(KEY_GAP_MS / 1000)

    # ---- faults ----

    async def kill_broker(self, seconds: float) -> None:
        """Kill it, and start it again after so long."""
        if not self.broker_up:
            return
        self.broker_up = False
        self.broker_back_ms = steady_ms() + round(seconds * 1000)
        self.chronicle.broker_killed(seconds)
        await self.broker.kill()
        self.changed()
        self._tasks.append(asyncio.create_task(self._revive_broker(seconds)))

    async def _revive_broker(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.broker.start()
        self.broker_up = True
        self.chronicle.broker_back()
        self.changed()

    def kill_gateway(self) -> None:
        """kill -9."""
        pid = self.child.kill()
        if pid is not None:
            self.chronicle.gateway_killed(pid)


def _check_whole(config: HallConfig) -> None:
    """The page shows a whole hall. Raises ValueError naming what the hall file lacks."""
    for kind, name in (("ticket", "kiosk"), ("wall", "LED wall"), ("voice", "voice")):
        if not any(node.kind == kind for node in config.node):
            raise ValueError(f"the live hall needs a {name}: add a [[node]] of kind {kind!r}")
    for window in config.window:
        missing = [kind for kind in WINDOW_DEVICES if kind not in window.devices]
        if missing:
            raise ValueError(f"window {window.id}: the live hall needs devices {missing}")


def _make_broker(
    settings: LiveSettings, hall_id: str, credentials: tuple[Credential, ...]
) -> LiveBroker:
    if settings.broker == "mosquitto":
        return MosquittoBroker(hall_id, credentials, settings.data / "broker")
    return EmbeddedBroker(hall_id, credentials)


def _nobody_looks() -> None:
    """Replaced by whoever shows the hall."""
