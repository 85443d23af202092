"""Runs one node of the firmware over a real socket, in real time, with its devices on the bench.

Keeps the contract of `firmware.shell.node`: effects in order, then output, then the connection.
Pulling the cable is silent, as in life: bytes of both directions are lost and nobody is told; the
node and the broker have to find out by themselves. When the cable is back, the old connection is
gone and the node dials again.
"""

import asyncio
import random
import socket
from collections.abc import Callable

from firmware.logic import events
from firmware.logic.registry import make_logic
from firmware.logic.timers import earlier
from firmware.shell.health import Health
from firmware.shell.node import Node
from gateway.config import Node as NodeConfig
from protocols.ticks import ticks_diff
from simulator.devices.radio import Radio
from simulator.live.bench import Bench
from simulator.live.clock import steady_ms, ticks
from simulator.live.store import NodeStore

FIRMWARE = "1.0.0-live"
DIAL_TIMEOUT_S = 3.0
NO_FAULT = (0, "")
KEEPALIVE_S = 5  # a pulled cable is noticed within seconds, not minutes


class _Line(asyncio.Protocol):
    """One connection of a runner; calls that come after its end are dropped."""

    def __init__(self, runner: "NodeRunner") -> None:
        self.runner = runner

    def data_received(self, data: bytes) -> None:
        self.runner.received(self, data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.runner.lost(self)


class NodeRunner:
    """One node: its firmware, its socket, its bench. All calls belong to one event loop."""

    def __init__(
        self,
        hall: str,
        config: NodeConfig,
        bench: Bench,
        store: NodeStore,
        password: str,
        address: Callable[[], tuple[str, int]],
        on_change: Callable[[], None],
        radio: Radio | None = None,
    ) -> None:
        self.config = config
        self.bench = bench
        self.cable = True
        self._store = store
        self._address = address
        self._on_change = on_change
        self._line: _Line | None = None
        self._transport: asyncio.Transport | None = None
        self._dead_ends: list[asyncio.Transport] = []  # given up while the cable was out
        self._dialling: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False
        rng = random.Random()
        self.node = Node(
            hall,
            config.id,
            config.kind,
            config.board,
            FIRMWARE,
            store.start(),
            make_logic(config.kind),
            rng.randrange,
            KEEPALIVE_S,
            password.encode(),
        )
        level = (lambda: None) if radio is None else radio.level_dbm
        self._health = Health(ticks(steady_ms()), lambda: (level(), None), lambda: NO_FAULT)
        bench.connect(self.post)

    @property
    def online(self) -> bool:
        """Connected and subscribed, and the cable is in."""
        return self.node.link_up and self.cable

    def start(self) -> None:
        """Switch the board on."""
        now = ticks(steady_ms())
        self._health.note("info", f"start {self.node.boot}: power on")
        self.node.input(now, (events.RESTORE, dict(self._store.values)))
        self.node.input(now, (events.START,))
        self._settle()
        self.bench.start()

    async def stop(self) -> None:
        """Say goodbye and switch off."""
        self.node.leave(ticks(steady_ms()))
        self._settle()
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._dialling is not None:
            self._dialling.cancel()
        if self._transport is not None:
            self._transport.close()
        self._bury_dead_ends()
        self.bench.stop()

    def post(self, event: tuple[object, ...]) -> None:
        """Something happened on the bench."""
        if not self._stopped:
            now = ticks(steady_ms())
            self.node.input(now, event)
            self._settle()

    def pull_cable(self) -> None:
        """From now on every byte is lost, in both directions, and nobody is told."""
        self.cable = False
        self._on_change()

    def plug_cable(self) -> None:
        """The network is back; what was connected before is not any more."""
        self.cable = True
        self._bury_dead_ends()
        if self._line is not None:
            self._hang_up()
        self._on_change()

    # ---- the socket ----

    def received(self, line: _Line, data: bytes) -> None:
        """Bytes from the broker."""
        if line is self._line and self.cable and not self._stopped:
            self.node.receive(ticks(steady_ms()), data)
            self._settle()

    def lost(self, line: _Line) -> None:
        """The socket is closed; without a cable nobody hears of that."""
        if line is self._line and self.cable:
            self._forget_line()

    def _forget_line(self) -> None:
        self._line = None
        self._transport = None
        if not self._stopped:
            self.node.connection_lost(ticks(steady_ms()))
            self._settle()

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._forget_line()

    def _is_cut(self) -> bool:
        return not self.cable

    def _bury_dead_ends(self) -> None:
        for transport in self._dead_ends:
            transport.abort()
        self._dead_ends.clear()

    async def _dial(self) -> None:
        host, port = self._address()
        line = _Line(self)
        try:
            if self._is_cut():
                await asyncio.sleep(DIAL_TIMEOUT_S)
                raise TimeoutError
            dialled = asyncio.get_running_loop().create_connection(lambda: line, host, port)
            transport, _ = await asyncio.wait_for(dialled, DIAL_TIMEOUT_S)
        except OSError:
            self._dialling = None
            self.node.connection_refused(ticks(steady_ms()))
            self._settle()
            return
        self._dialling = None
        if self._is_cut():  # pulled while we dialled
            transport.abort()
            self.node.connection_refused(ticks(steady_ms()))
        else:
            raw = transport.get_extra_info("socket")
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._line, self._transport = line, transport
            self.node.connection_made(ticks(steady_ms()))
        self._settle()

    # ---- after every call into the node ----

    def _settle(self) -> None:
        now_ms = steady_ms()
        self._health.step(ticks(now_ms), self.node)
        effects = self.node.take_effects()
        for effect in effects:
            if effect[0] == events.STORE:
                self._store.put(effect[1], effect[2])
            else:
                self.bench.apply(effect, now_ms)
        output = self.node.take_output()
        if output and self._transport is not None and self.cable:
            self._transport.write(output)
        if effects:
            self._on_change()
        if self.node.wants_close and self._line is not None:
            if self._transport is not None and self.cable:
                # What was written before goes out first; a goodbye must not be lost.
                self._transport.close()
            elif self._transport is not None:
                self._dead_ends.append(self._transport)  # no FIN gets through a pulled cable
            self._forget_line()
            return
        if self.node.wants_connection and self._dialling is None and self._line is None:
            self._dialling = asyncio.get_running_loop().create_task(self._dial())
        self._plan_wake(now_ms)

    def _plan_wake(self, now_ms: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        wake_at = earlier(self.node.wake_at(), self._health.wake_at())
        if wake_at is not None and not self._stopped:
            delay_ms = max(0, ticks_diff(wake_at, ticks(now_ms)))
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later((delay_ms + 1) / 1000, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self.node.wake(ticks(steady_ms()))
        self._settle()
