"""A whole hall of processes over a real Mosquitto, of which anything is killed at any time.

Gateway, broker, every window's four nodes, wall and voice, and the kiosk (the real `run_pi` with a
virtual printer) are processes; each is killed with -9 at random, under load, and started again as a
service manager would. Every now and then nothing is killed any more and nobody presses: then the
whole hall must soon be right again (P4), and an auditor who only looks from outside (REST, the
broker as a monitor, the journal's file, paper, what the parts show) checks P1, P2, P3, P4 and P7.
Other kinds of harm (the clock, the line, the cable) are classes of their own that build on this.
"""

import asyncio
import contextlib
import json
import random
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from gateway.config import Node
from gateway.web.tokens import TokenStore
from simulator.chaos.gateway_sweep import asked_again
from simulator.chaos.journal_check import check_journal
from simulator.chaos.kiosk import KIOSK, Kiosk, numbers_on
from simulator.chaos.node_host import REST_FILE
from simulator.chaos.processes import Child, Zygote
from simulator.chaos.site import Site, journal_of
from simulator.chaos.tally import Tally, say
from simulator.chaos.truth import behind, not_true, read_looks
from simulator.live.brokers import HOST

STORM_S = 20.0
CALM_S = 30.0
PRINT_S = 60.0
P4_P99_S = 10.0
KILL_EVERY_S = (0.4, 3.0)
DOWN_S = (0.0, 1.5)
TOUCH_EVERY_S = 0.7
NUMBERS_A_DAY = 900  # of one service; there are 999, and the kiosk has a reserve of some
REST_OF_HALL = "others"
GATEWAY, BROKER = "gateway", "broker"
_SCREEN = re.compile(r"screen: (http://\S+)")


class WholeHall:
    """All processes of one hall, and who kills them."""

    def __init__(
        self,
        site: Site,
        zygote: Zygote,
        tally: Tally,
        seed: int,
        *,
        hosts_zygote: Zygote | None = None,
        hosts_dial: tuple[str, int] | None = None,
        gateway_dials: int | None = None,
    ) -> None:
        """`hosts_dial`: where the nodes in hosts find the broker; `gateway_dials`: its port for the
        gateway; `hosts_zygote`: where hosts are forked, when not where all are."""
        self._site, self._zygote, self._tally = site, zygote, tally
        self._hosts_zygote = hosts_zygote or zygote
        self._hosts_dial = hosts_dial or (HOST, site.broker.port)
        self._gateway_dials = gateway_dials
        self._rng = random.Random(seed)
        self._data = site.folder / "data"
        self._hosts_folder = site.folder / "hosts"
        self._hosts_folder.mkdir()
        self.load = site.load(self._data, windows=0, seed=seed)
        self._kiosk = Kiosk(site, site.folder / "kiosk", self.load.witness)
        self._children: dict[str, Child] = {}
        self._lives: dict[str, int] = {}
        self._names = [GATEWAY, KIOSK, *self._write_hosts(seed)]
        self._healing_s: list[float] = []

    # ---- the processes ----

    def _write_hosts(self, seed: int) -> list[str]:
        config = self._site.config
        groups: dict[str, list[Node]] = {}
        for node in config.nodes:
            if node.id != KIOSK:
                groups.setdefault(node.window or REST_OF_HALL, []).append(node)
        officers = {
            window.id: officer.staff_number
            for window, officer in zip(config.window, config.officer, strict=False)
        }
        for name, nodes in groups.items():
            body = {
                "hall": config.hall.id,
                "host": self._hosts_dial[0],
                "port": self._hosts_dial[1],
                "folder": str(self._hosts_folder / name),
                "nodes": [
                    [each.id, each.kind, each.board, each.window, self._site.password(each.id)]
                    for each in nodes
                ],
                "officer": officers.get(name, ""),
                "seed": seed,
            }
            (self._hosts_folder / f"{name}.json").write_text(json.dumps(body), "utf-8")
        return list(groups)

    async def start(self, name: str) -> None:
        """Start one of them."""
        self._lives[name] = self._lives.get(name, 0) + 1
        log = self._site.folder / f"{name}-{self._lives[name]}.log"
        zygote = self._zygote
        if name == GATEWAY:
            program, words = "gateway", self._site.gateway_words(self._data, self._gateway_dials)
        elif name == KIOSK:
            program, words = "node", self._kiosk.words
        else:
            program, words = "host", [str(self._hosts_folder / f"{name}.json")]
            zygote = self._hosts_zygote
        self._children[name] = await zygote.run(program, words, log)

    async def start_all(self) -> None:
        """Everything, and the people."""
        for name in self._names:
            await self.start(name)
        await self.load.start()

    async def stop_all(self) -> None:
        """In order; each must end well."""
        await self.load.stop()
        for name in reversed(self._names):
            self._children[name].signal(signal.SIGTERM)
            status = await self._children[name].wait()
            if status != 0:
                words = self._children[name].last_words()
                self._tally.found(
                    f"{self._tally.name}: at the end", [f"P1: {name} ended by {status}: {words}"]
                )
        self._kiosk.stop()

    async def leave(self) -> None:
        """Give up: what still runs is killed with its zygote."""
        await self.load.stop()
        self._kiosk.stop()

    def pace(self, seconds: float) -> None:
        """Customers come so that the numbers of a day last for a run of so long."""
        for customer in self.load.customers:
            customer.every_s = max(customer.every_s, seconds / NUMBERS_A_DAY)

    # ---- storm and calm ----

    async def storm(self, seconds: float) -> None:
        """Do harm at random for so long."""
        ends = time.monotonic() + seconds
        touching = self._let_press()
        harming: set[asyncio.Task[None]] = set()
        while time.monotonic() < ends:
            await asyncio.sleep(self._rng.uniform(*KILL_EVERY_S))
            task = asyncio.create_task(self.harm())
            harming.add(task)
            task.add_done_callback(harming.discard)
        await asyncio.gather(*harming)
        touching.cancel()
        await asyncio.gather(touching, return_exceptions=True)
        self.load.failed()

    async def harm(self) -> None:
        """Kill one of them and start it again."""
        hosts = [name for name in self._names if name not in (GATEWAY, KIOSK)]
        (name,) = self._rng.choices(
            [GATEWAY, BROKER, KIOSK, self._rng.choice(hosts)], (30, 15, 15, 40)
        )
        await self._kill(name)

    async def _kill(self, name: str, while_down: Callable[[], object] = lambda: None) -> None:
        down_s = self._rng.uniform(*DOWN_S)
        if name == BROKER:
            if not self._site.broker.running:
                return
            await self._site.broker.kill()
            self._kill_told(name, [])
            await asyncio.sleep(down_s)
            await self._site.broker.start()
            return
        child = self._children[name]
        if not child.running:
            return  # killed a moment ago
        child.signal(signal.SIGKILL)
        status = await child.wait()
        problems = []
        if status != -signal.SIGKILL:
            problems.append(f"P1: {name} had ended by {status}: {child.last_words()}")
        if name == GATEWAY:
            await asyncio.sleep(0.05)  # what it wrote to the broker reaches the monitor
            found = check_journal(journal_of(self._data), self._site.config, self.load.witness)
            problems += found.problems
        self._kill_told(name, problems)
        while_down()
        await asyncio.sleep(down_s)
        await self.start(name)

    def _kill_told(self, name: str, problems: list[str]) -> None:
        kind = name if name in (GATEWAY, BROKER, KIOSK) else "node processes"
        self._tally.count(f"kills of {kind}")
        self._kiosk.collect()
        problems += self.load.witness.take_problems()
        self._tally.tried(f"{self._tally.name}: kill {self._tally.points + 1}, {name}", problems)

    def _let_press(self) -> asyncio.Task[None]:
        """Everybody presses from now on; cancel the task to have nobody at the kiosk any more."""
        (self._hosts_folder / REST_FILE).unlink(missing_ok=True)
        return asyncio.create_task(self._touch())

    async def _touch(self) -> None:
        """Somebody at the kiosk's screen."""
        services = [service.code for service in self._site.config.service]
        async with httpx.AsyncClient(trust_env=False, timeout=2) as client:
            while True:
                await asyncio.sleep(TOUCH_EVERY_S)
                screen = _SCREEN.search(self._children[KIOSK].last_words())
                if screen is not None:
                    service = self._rng.choice(services)
                    with contextlib.suppress(httpx.HTTPError):
                        await client.post(f"{screen[1]}/touch", json={"service": service})

    async def calm(self) -> None:
        """Nothing is killed, nobody presses: how long until everything is right?"""
        (self._hosts_folder / REST_FILE).touch()
        await self.load.rest()
        began = time.monotonic()
        wrong = ["not looked yet"]
        while wrong and time.monotonic() - began < CALM_S:
            await asyncio.sleep(0.1)
            wrong = await self._wrong_now()
        took_s = time.monotonic() - began
        self._healing_s.append(took_s)
        problems = [f"P4: not right {took_s:.0f} s after the last harm: {wrong}"] if wrong else []
        problems += self.load.witness.take_problems()
        self._tally.found(f"{self._tally.name}: calm {len(self._healing_s)}", problems)
        say(f"  calm {len(self._healing_s)}: all right after {took_s:.1f} s")
        self.load.work()

    async def _wrong_now(self) -> list[str]:
        try:
            nodes = await self._nodes()
        except (httpx.HTTPError, KeyError) as error:  # KeyError: no tokens before its first start
            return [f"the gateway does not answer: {error!r}"]
        self._kiosk.collect()
        found = check_journal(
            journal_of(self._data), self._site.config, self.load.witness, live=True
        )
        assert found.model is not None, "the journal was read"
        if found.problems:
            self._tally.found(f"{self._tally.name}: while it runs", found.problems)
        return behind(nodes) + not_true(found.model, read_looks(self._hosts_folder))

    async def _nodes(self) -> list[dict[str, Any]]:
        nodes: list[dict[str, Any]] = (await self.ask("/api/v1/nodes"))["nodes"]
        return nodes

    async def ask(self, path: str) -> dict[str, Any]:
        """What REST tells a technician. Raises httpx.HTTPError; KeyError before a first start."""
        token = TokenStore(self._data).first_texts()["technician-1"]
        async with httpx.AsyncClient(base_url=self._site.url, trust_env=False) as client:
            answer = await client.get(path, headers={"Authorization": f"Bearer {token}"})
            answer.raise_for_status()
            body: dict[str, Any] = answer.json()
            return body

    async def settle(self) -> None:
        """At the end: every print is over, every answer is given again, every press is settled."""
        await self.load.rest()
        problems = await asked_again(self.load)
        ends = time.monotonic() + PRINT_S
        while True:
            self._kiosk.collect()
            found = check_journal(
                journal_of(self._data), self._site.config, self.load.witness, live=True
            )
            assert found.model is not None, "the journal was read"
            if not found.model.open_prints or time.monotonic() > ends:
                break
            await asyncio.sleep(0.2)
        problems += [f"P7: never settled: {job}" for job in found.model.open_prints]
        printed = numbers_on(self.load.witness) | found.abandoned
        lost = {number for number in found.to_print if number not in printed}
        problems += [f"P7: {number} never came out" for number in sorted(lost)]
        self._tally.found(f"{self._tally.name}: at the end", problems + found.problems)
        witness = self.load.witness
        self._tally.count("records", found.records)
        self._tally.count("acknowledgements seen", len(witness.acks))
        self._tally.count("answers seen", len(witness.answers))
        self._tally.count("papers", len(witness.papers))
        say(f"  healing: {', '.join(f'{s:.1f}' for s in sorted(self._healing_s))} s")
        late = [took_s for took_s in self._healing_s if took_s > P4_P99_S]
        if len(late) > len(self._healing_s) // 100:
            self._tally.found(
                self._tally.name,
                [f"P4: {len(late)} of {len(self._healing_s)} took longer than {P4_P99_S:.0f} s"],
            )


async def weather(hall: WholeHall, seconds: float) -> None:
    """Storm and calm in turns for so long; then everything must be settled and end in order."""
    hall.pace(seconds)
    await hall.start_all()
    await hall.calm()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        await hall.storm(min(STORM_S, max(5.0, ends - time.monotonic())))
        await hall.calm()
    await hall.settle()
    await hall.stop_all()


async def kill_hall(tally: Tally, folder: Path, seconds: int, seed: int, plant: str) -> None:
    """Storm and calm in turns for so long."""
    async with (
        Site.open(folder) as site,
        Zygote.warm("gateway", "node", "host", plant=plant) as zygote,
    ):
        await weather(WholeHall(site, zygote, tally, seed), seconds)
