"""Some nodes of a hall in a process of their own, which is killed: firmware, keys, a finger.

    python -m simulator.chaos.node_host FILE

FILE is JSON: {"hall", "host", "port", "folder", "nodes": [[id, kind, board, window, password]],
"officer", "seed"}. What each part shows is written to FILE with the ending `.looks` whenever it
changes. Nobody presses while there is a file `rest` beside it. SIGTERM: switched off in order.
"""

import asyncio
import contextlib
import json
import random
import signal
import sys
from pathlib import Path
from typing import Any

from firmware.logic import events
from gateway.config import Node
from simulator.chaos.load import FINGER_MS, Officer
from simulator.live.bench import Bench, Event
from simulator.live.keyboard import Keyboard
from simulator.live.runner import NodeRunner
from simulator.live.store import NodeStore

REST_FILE = "rest"
LOOK_EVERY_S = 0.1
SPEAK_S = 0.2
FACE_EVERY_S = 1.0
KEYS = {"pad": 9, "rating": 5}


class LookBench(Bench):
    """Keeps the last effect of each kind: what can be seen. A voice says everything at once."""

    def __init__(self, kind: str, rng: random.Random) -> None:
        super().__init__()
        self.looks: dict[str, list[Any]] = {}
        self.keyboard = Keyboard(KEYS.get(kind, 0), self._edge, rng)

    @property
    def light(self) -> str:
        """Of a pad."""
        return str(self.looks.get(events.LIGHT, ["offline"])[0])

    def apply(self, effect: Event, now_ms: int) -> None:  # noqa: ARG002
        """Show it."""
        if effect[0] == events.SPEAK:
            loop = asyncio.get_running_loop()
            loop.call_later(SPEAK_S, self._post, (events.SPOKEN, effect[1]))
        elif effect[0] != events.BEEP:
            self.looks[str(effect[0])] = list(effect[1:])

    def _edge(self, index: int, level: int) -> None:
        self._post((events.KEY, index, level))


class Taxpayer:
    """Presses a face when the rating pad is open."""

    def __init__(self, bench: LookBench, rng: random.Random) -> None:
        self._bench, self._rng = bench, rng

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(FACE_EVERY_S * self._rng.uniform(0.5, 1.5))
            if self._bench.looks.get(events.FACE, [""])[0] == "open":
                await self._bench.keyboard.tap(self._rng.randrange(5), FINGER_MS)


class NodeHost:
    """All that runs in this process."""

    def __init__(self, file: Path) -> None:
        given = json.loads(file.read_text("utf-8"))
        self._looks_file = file.with_suffix(".looks")
        self._rest_file = file.with_name(REST_FILE)
        rng = random.Random(given["seed"])
        folder = Path(given["folder"])
        folder.mkdir(parents=True, exist_ok=True)
        self._benches: dict[str, LookBench] = {}
        self._runners: list[NodeRunner] = []
        self._people: list[Officer | Taxpayer] = []
        self._tasks: list[asyncio.Task[None]] = []
        for node, kind, board, window, password in given["nodes"]:
            bench = self._benches[node] = LookBench(kind, rng)
            self._runners.append(
                NodeRunner(
                    given["hall"],
                    Node(id=node, kind=kind, board=board, window=window),
                    bench,
                    NodeStore(folder, node),
                    password,
                    lambda: (given["host"], given["port"]),
                    self._changed,
                )
            )
            if kind == "pad":
                self._people.append(Officer(bench, given["officer"], rng))
            elif kind == "rating":
                self._people.append(Taxpayer(bench, rng))

    async def run(self) -> None:
        """Until SIGTERM."""
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        for runner in self._runners:
            runner.start()
        while not ended.is_set():
            self._look_at_rest_file()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), LOOK_EVERY_S)
        self._rest()
        for runner in self._runners:
            await runner.stop()

    def _look_at_rest_file(self) -> None:
        if self._rest_file.exists():
            self._rest()
        elif not self._tasks:
            self._tasks = [asyncio.create_task(one.run()) for one in self._people]

    def _rest(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    def _changed(self) -> None:
        looks = {node: bench.looks for node, bench in self._benches.items()}
        partial = self._looks_file.with_suffix(".part")
        partial.write_text(json.dumps(looks), "utf-8")
        partial.replace(self._looks_file)


def main() -> int:
    """The command line."""
    asyncio.run(NodeHost(Path(sys.argv[1])).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
