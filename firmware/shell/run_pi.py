"""Runs a node on a Raspberry Pi: the same `Node` as everywhere, with real drivers.

    python -m firmware.shell.run_pi --config FILE [--hall ID] [--node ID] [--kind KIND]
                                    [--broker HOST:PORT]

One loop in one thread; what the node keeps is on the disk before anything that depends on it is
done or sent. SIGTERM and SIGINT: say goodbye to the broker, darken the parts, end with 0.
Exit codes: 2 the file or the command line is wrong, 3 a part or a file can not be used.
systemd hears READY=1 once and is fed by every turn of the loop.
"""

import argparse
import importlib.metadata
import logging
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from firmware.drivers.pi.driver import Driver, Event, Memory, Post
from firmware.drivers.pi.loop import Loop
from firmware.logic import events
from firmware.logic.registry import make_logic
from firmware.shell.config_pi import ConfigError, PiConfig, load_config
from firmware.shell.health import NOT_RELEASED, Health
from firmware.shell.link_pi import BrokerAddress, BrokerLink
from firmware.shell.node import Node
from firmware.shell.parts_pi import make_drivers
from firmware.shell.store_pi import PiStore
from firmware.shell.systemd_pi import Systemd
from firmware.shell.wireless_pi import read_signal_dbm
from protocols.ticks import ticks_diff

TURN_MS_MAX = 1000
USAGE, UNUSABLE = 2, 3
NO_FAULT = (0, "")

MakeDrivers = Callable[[PiConfig, Loop, Post, Memory], list[Driver]]

log = logging.getLogger("hallkit.node")


class PiNode:
    """One node; `make` makes its drivers, and is another one where there is no Pi."""

    def __init__(self, config: PiConfig, loop: Loop, make: MakeDrivers = make_drivers) -> None:
        self._loop = loop
        self._store = PiStore(config.node.store)
        self._stopped = False
        address = BrokerAddress(
            config.broker.host,
            config.broker.port,
            config.broker.authority,
            config.broker.certificate,
            config.broker.key,
        )
        self._link = BrokerLink(
            loop, address, self._made, self._refused, self._received, self._lost
        )
        self._drivers = make(config, loop, self.post, self._store)
        chance = random.SystemRandom().randrange
        self.node = Node(
            config.node.hall,
            config.node.id,
            config.node.kind,
            config.node.board,
            importlib.metadata.version("hallkit"),
            self._store.start(chance),
            make_logic(config.node.kind),
            chance,
            password=_password(config.broker.password_file),
        )
        # systemd starts a node again that failed, and keeps why in its journal.
        self._health = Health(
            loop.ticks(), lambda: (read_signal_dbm(), None), lambda: NO_FAULT, NOT_RELEASED
        )

    def start(self) -> None:
        """Restore, start the logic, open the parts."""
        now_ms = self._loop.ticks()
        kept = self._store.values()
        self._health.note("info", f"start {self.node.boot}")
        if self._store.damaged:
            names = ", ".join(self._store.damaged)
            self._health.note("error", f"stored values were damaged and are lost: {names}")
        self.node.input(now_ms, (events.RESTORE, kept))
        self.node.input(now_ms, (events.START,))
        self._settle()
        for driver in self._drivers:
            driver.start()

    def turn(self) -> None:
        """Wait for something to happen, at most TURN_MS_MAX, and answer it."""
        timeout_ms = TURN_MS_MAX
        wake_at = self.node.wake_at()
        if wake_at is not None:
            timeout_ms = min(timeout_ms, ticks_diff(wake_at, self._loop.ticks()))
        self._loop.run_once(max(0, timeout_ms))
        now_ms = self._loop.ticks()
        self.node.wake(now_ms)
        self._health.step(now_ms, self.node)
        self._settle()

    def stop(self) -> None:
        """Say goodbye, close the parts."""
        self.node.leave(self._loop.ticks())
        self._settle(leaving=True)
        self._stopped = True
        self._link.finish()
        for driver in self._drivers:
            driver.stop()

    def post(self, event: Event) -> None:
        """Something happened on a part."""
        if not self._stopped:
            self.node.input(self._loop.ticks(), event)
            self._settle()

    # ---- the broker ----

    def _made(self) -> None:
        log.info("broker: connected")
        self.node.connection_made(self._loop.ticks())
        self._settle()

    def _refused(self, why: str) -> None:
        log.info("broker: %s", why)
        self.node.connection_refused(self._loop.ticks())
        self._settle()

    def _received(self, data: bytes) -> None:
        self.node.receive(self._loop.ticks(), data)
        self._settle()

    def _lost(self) -> None:
        log.warning("broker: connection lost")
        self.node.connection_lost(self._loop.ticks())
        self._settle()

    def _settle(self, leaving: bool = False) -> None:
        """The contract of `firmware.shell.node`, after every call into it."""
        for effect in self.node.take_effects():
            if effect[0] == events.STORE:
                self._store.put(effect[1], effect[2])
            else:
                for driver in self._drivers:
                    driver.apply(effect)
        self._link.send(self.node.take_output())
        if leaving:
            return
        if self.node.wants_close and not self._link.idle:
            log.warning("broker: closed (%s)", self.node.close_reason)
            self._link.close()
            self.node.connection_lost(self._loop.ticks())
            self._settle()
        elif self.node.wants_connection and self._link.idle:
            self._link.dial()


def _password(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes().strip()


def run(config: PiConfig, loop: Loop, make: MakeDrivers = make_drivers) -> None:
    """Until SIGTERM or SIGINT. OSError or ValueError when a part or a file can not be used."""
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: stopping.append(number))
    signal.set_wakeup_fd(loop.bell, warn_on_full_buffer=False)
    systemd = Systemd()
    node = PiNode(config, loop, make)
    node.start()
    systemd.tell("READY=1")
    while not stopping:
        node.turn()
        systemd.feed(loop.now_ms())
    systemd.tell("STOPPING=1")
    node.stop()
    signal.set_wakeup_fd(-1)
    loop.close()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="run_pi", description="a hallkit node on a Raspberry Pi")
    parser.add_argument("--config", type=Path, required=True, help="the node's file (TOML)")
    parser.add_argument("--hall", help="instead of node.hall of the file")
    parser.add_argument("--node", help="instead of node.id of the file")
    parser.add_argument("--kind", help="instead of node.kind of the file")
    parser.add_argument("--broker", metavar="HOST:PORT", help="instead of [broker] host and port")
    parser.add_argument("--check", action="store_true", help="check the file and end")
    return parser.parse_args()


def _changes(arguments: argparse.Namespace) -> dict[str, dict[str, object]]:
    named = {"hall": arguments.hall, "id": arguments.node, "kind": arguments.kind}
    changes: dict[str, dict[str, object]] = {
        "node": {name: value for name, value in named.items() if value is not None}
    }
    if arguments.broker is not None:
        host, _, port = arguments.broker.rpartition(":")
        if not host or not port.isdigit():
            raise ConfigError(f"--broker {arguments.broker}: write HOST:PORT")
        changes["broker"] = {"host": host, "port": int(port)}
    return changes


def main(make: MakeDrivers = make_drivers) -> int:
    """The command line; `make` as in `PiNode`."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    arguments = _arguments()
    try:
        config = load_config(arguments.config, _changes(arguments))
    except (ConfigError, OSError) as error:
        sys.stderr.write(f"run_pi: {error}\n")
        return USAGE
    if arguments.check:
        return 0
    try:
        run(config, Loop(), make)
    except (OSError, ValueError) as error:
        log.exception("the node can not go on")
        sys.stderr.write(f"run_pi: {error}\n")
        return UNUSABLE
    return 0


if __name__ == "__main__":
    sys.exit(main())
