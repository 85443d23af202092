"""A small, real load on a gateway: customers on REST, officers at pads, over restarts of anything.

Rules: customers call under an idempotency key and ask again under the same key until they are
answered, and now and then after it; pads are the firmware with its outbox over a socket, pressed
through bouncing keys. All of them live on while the gateway is killed, so that what it was given
before is given again after.
"""

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import httpx

from gateway.broker.access import Credential
from gateway.config import HallConfig
from gateway.web.tokens import FIRST_FILE_NAME
from simulator.chaos.monitor import Monitor
from simulator.chaos.witness import Witness
from simulator.live.brokers import HOST
from simulator.live.keyboard import Keyboard
from simulator.live.runner import NodeRunner
from simulator.live.store import NodeStore
from simulator.live.window_benches import PadBench

MONITOR = "chaos-monitor"
FINGER_MS = 45
PRESS_EVERY_S = 0.11
TICKET_EVERY_S = 0.03
AGAIN_MAX = 1500  # calls of one customer that are asked again; a gateway remembers 4096 of all
AGAIN_S = 0.03
NEXT, RECALL, START, FINISH, MISSED, HOLD = 0, 1, 2, 3, 4, 5
KEYS = (NEXT, START, FINISH, NEXT, MISSED, START, FINISH, RECALL)


class Customer:
    """Takes tickets at REST for ever."""

    def __init__(self, name: str, url: str, data: Path, service: str, witness: Witness) -> None:
        self.name = name
        self.every_s = TICKET_EVERY_S
        self.stalled = 0  # calls that had to be made again
        self._url, self._data, self._service, self._witness = url, data, service, witness
        self._number = 0

    async def run(self) -> None:
        """Until cancelled."""
        async with _client() as client:
            while True:
                self._number += 1
                await self._take(client, self._number)
                if self._number % 4 == 0:
                    await self._take(client, self._number - 1)
                await asyncio.sleep(self.every_s)

    async def ask_all_again(self) -> None:
        """Make every call that was answered once more, the newest that are remembered."""
        async with _client() as client:
            for number in range(max(1, self._number + 1 - AGAIN_MAX), self._number + 1):
                if f"kiosk-1:{self.name}-{number}" in self._witness.answers:
                    await self._take(client, number)

    async def _take(self, client: httpx.AsyncClient, number: int) -> None:
        key = f"{self.name}-{number}"
        while True:
            try:
                answer = await client.post(
                    f"{self._url}/api/v1/tickets",
                    json={"service": self._service},
                    headers={"Idempotency-Key": key, "Authorization": f"Bearer {self._token()}"},
                )
            except httpx.TransportError:
                pass  # it died under the call: whether it took effect is asked under the same key
            else:
                if answer.status_code < 500 and answer.status_code != httpx.codes.UNAUTHORIZED:
                    self._witness.answered(f"kiosk-1:{key}", answer.status_code, answer.json())
                    return
            self.stalled += 1
            await asyncio.sleep(AGAIN_S)

    def _token(self) -> str:
        # The first start makes it, and a start killed in the middle makes another.
        try:
            texts: dict[str, str] = json.loads((self._data / FIRST_FILE_NAME).read_text("utf-8"))
        except FileNotFoundError:
            return "not-yet"
        return texts["kiosk-1"]


def _client() -> httpx.AsyncClient:
    timeout = httpx.Timeout(5.0, connect=1.0)
    return httpx.AsyncClient(timeout=timeout, trust_env=False, verify=False)  # noqa: S501  # no TLS here


class PadKeys(Protocol):
    """What a finger and an eye need of a pad."""

    keyboard: Keyboard

    @property
    def light(self) -> str:
        """What it says by its light."""


class Officer:
    """Presses keys of one pad for ever; some are refused, as in life."""

    def __init__(self, bench: PadKeys, staff_number: str, rng: random.Random) -> None:
        self._bench, self._staff_number, self._rng = bench, staff_number, rng
        self._at = 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(PRESS_EVERY_S * self._rng.uniform(0.5, 1.5))
            light = self._bench.light
            if light == "off":
                for digit in self._staff_number:
                    await self._bench.keyboard.tap(int(digit) - 1, FINGER_MS)
                    await asyncio.sleep(FINGER_MS / 1000)
                await asyncio.sleep(0.3)
            elif light not in ("sent", "offline"):
                await self._bench.keyboard.tap(KEYS[self._at % len(KEYS)], FINGER_MS)
                self._at += 1


class Load:
    """Customers, officers and a monitor for one hall; `witness` has what they saw."""

    def __init__(
        self,
        config: HallConfig,
        credentials: Sequence[Credential],
        broker_port: int,
        http_port: int,
        data: Path,
        folder: Path,
        windows: int = 3,
        seed: int = 1,
    ) -> None:
        self.config = config
        self.witness = Witness()
        self._passwords = {each.identity: each.password for each in credentials}
        self._broker_port = broker_port
        rng = random.Random(seed)
        url = f"http://{HOST}:{http_port}"
        services = [service.code for service in config.service[:2]]
        self.customers = [
            Customer(f"c{place}", url, data, service, self.witness)
            for place, service in enumerate(services)
        ]
        store = folder / "nodes"
        store.mkdir(parents=True, exist_ok=True)
        self.runners: list[NodeRunner] = []
        self.pads: dict[str, PadBench] = {}
        self._officers: list[Officer] = []
        for window, officer in zip(config.window[:windows], config.officer, strict=False):
            bench = PadBench(rng)
            self.pads[f"{window.id}-pad"] = bench
            self.runners.append(self._runner(f"{window.id}-pad", bench, store))
            self._officers.append(Officer(bench, officer.staff_number, rng))
        self._monitor: Monitor | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def _runner(self, node: str, bench: PadBench, store: Path) -> NodeRunner:
        return NodeRunner(
            self.config.hall.id,
            self.config.node_by_id[node],
            bench,
            NodeStore(store, node),
            self._passwords[node],
            self.broker_address,
            lambda: None,
        )

    def broker_address(self) -> tuple[str, int]:
        """Where nodes dial."""
        return HOST, self._broker_port

    async def start(self) -> None:
        """Begin to press and to ask."""
        self._monitor = Monitor(
            self._broker_port,
            self.config.hall.id,
            MONITOR,
            self._passwords[MONITOR],
            self.witness.heard,
        )
        await asyncio.wait_for(self._monitor.subscribed.wait(), 10)
        for runner in self.runners:
            runner.start()
        self.work()

    def work(self) -> None:
        """Press and ask from now on."""
        jobs: list[Any] = [*self.customers, *self._officers]
        self._tasks = [asyncio.create_task(job.run()) for job in jobs]

    async def rest(self) -> None:
        """Nobody presses or asks any more; nodes go on sending what is not settled."""
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result
        self._tasks = []

    async def stop(self) -> None:
        """Everybody goes home."""
        await self.rest()
        for runner in self.runners:
            await runner.stop()
        if self._monitor is not None:
            await self._monitor.stop()

    def unsettled(self) -> dict[str, str]:
        """The pads that hold a report or hear nobody, and what their lights say."""
        lights = {node: bench.light for node, bench in self.pads.items()}
        return {node: light for node, light in lights.items() if light in ("sent", "offline")}

    def failed(self) -> None:
        """Raise what ended a customer or an officer, which nothing may."""
        for task in self._tasks:
            if task.done():
                task.result()
