"""Boards in the VM that are updated, and an auditor that looks at their flash at every start.

A start is boot.py and main.py, as MicroPython runs them; it ends by a reset, by the watchdog (a
program that hangs uses up the fuel of the VM), by a cut of power (of the disk), or when the test
has seen enough. Virtual time; the same arguments give the same run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.shell.slots import newest
from gateway.releases.blocks import Blocks
from gateway.releases.build import make_release, root_files
from gateway.releases.compile import compiled
from gateway.releases.contents import closure, imported_by
from gateway.releases.release import Release
from gateway.releases.signing import SigningKey
from protocols.messages.service import BlockWanted, UpdateState
from protocols.wire import Message, decode, encode
from simulator.vm.disk import LITTLEFS, Disk, PowerCutError
from simulator.vm.vm import OutOfFuelError, Vm

APPLICATION = Path(__file__).with_name("update_application.py")
HEAP_KIB = 110
OTHERS = range(12)
# A whole update takes a fifth of it; a program that hangs uses it up in a second.
FUEL = 4_000_000_000
_START = "exec(open('/boot.py').read())\nexec(open('/main.py').read())"
_MACHINE = b"""
from hardware import call

PWRON_RESET, HARD_RESET, WDT_RESET = 1, 2, 3

class WDT:
    def __init__(self, timeout):
        pass

def reset_cause():
    return call("cause")[0]

def reset():
    call("reset")
    raise SystemExit(0)
"""
_OS = b"""
from uos import *
from hardware import call

def statvfs(path):
    free = int(call("space"))
    return (4096, 4096, 512, free, free, 0, 0, 0, 0, 255)
"""


class EnoughError(BaseException):
    """The test has seen what it wanted; the power is switched off."""


class UpdateBoard:
    """`told` holds what the board told, oldest first.

    `gateway(board, message)` is called with every message of the board; it answers by `send`.
    `booted(boot, slot)` is called whenever an application has begun.
    """

    def __init__(
        self,
        disk: Disk,
        gateway: Callable[[Any, Any], None],
        booted: Callable[[int, str], None],
    ) -> None:
        self.disk = disk
        self.told: list[UpdateState] = []
        self.console = ""
        self.resets = 0
        self.heap_kib = HEAP_KIB
        self._gateway = gateway
        self._booted = booted
        self._inbox: list[bytes] = []
        self._now_ns = 0
        self._cause = 1  # of the next start, as machine.reset_cause has it
        disk.put("lib/machine.py", _MACHINE)
        disk.put("lib/os.py", _OS)

    def send(self, message: Message) -> None:
        """To the board."""
        self._inbox.append(encode(message))

    def start(self) -> str:
        """One start; how it ended: "reset", "watchdog", "cut", "enough", or "idle"."""
        self._inbox = []
        vm = Vm(
            disk=self.disk,
            heap_kib=self.heap_kib,
            hardware=self._hardware,
            now_ns=self._now_ns,
            fuel=FUEL,
        )
        before = self.resets
        try:
            vm.run("-c", _START)
        except PowerCutError:
            self.disk.power_on()
            self._cause = 1
            return "cut"
        except OutOfFuelError:
            self.disk.lose_power()
            self._cause = 3
            return "watchdog"
        except EnoughError:
            self.disk.lose_power()
            return "enough"
        finally:
            self._now_ns = vm.now_ns
            self.console = (vm.stdout + vm.stderr).decode()
        self.disk.lose_power()
        self._cause = 2
        return "reset" if self.resets > before else "idle"

    def _hardware(self, name: str, data: bytes) -> bytes:
        if name == "take":
            return self._inbox.pop(0) if self._inbox else b""
        if name == "waiting":
            return b"1" if self._inbox else b""
        if name == "cause":
            return bytes([self._cause])
        if name == "space":
            used = sum(-(-len(content) // 4096) for content in self.disk.files().values())
            return b"%d" % max(0, self.disk.capacity_bytes // 4096 - used)
        if name == "reset":
            self.resets += 1
        elif name == "boot":
            number, slot = data.decode().split(" ")
            self._booted(int(number), slot)
        elif name == "say":
            message = decode(data, (BlockWanted, UpdateState))
            if isinstance(message, UpdateState):
                self.told.append(message)
            self._gateway(self, message)  # either of the two
        return b""


class Gateway:
    """Answers for blocks."""

    def __init__(self, releases: list[Release]) -> None:
        self.blocks = Blocks(releases)

    def __call__(self, board: UpdateBoard, message: BlockWanted | UpdateState) -> None:
        if isinstance(message, BlockWanted):
            answer = self.blocks.answer(message)
            if answer is not None:
                board.send(answer)


def small_release(number: int, behaviour: str = "good") -> Release:
    """An unsigned release of update_application.py, of about twenty files.

    Most of them are never imported: as what a board of another kind needs.
    """
    text = APPLICATION.read_text("utf-8")
    files = closure(imported_by(text.encode()))
    text = text.replace('BEHAVIOUR = "good"', f'BEHAVIOUR = "{behaviour}"')
    files["firmware/shell/run_esp32.py"] = text.encode()
    files["firmware/__init__.py"] = f'VERSION = "{number}"\n'.encode()
    others = {
        f"firmware/others/{index:02}.mpy": b"M\x06" + bytes((number, index)) * 200
        for index in OTHERS
    }
    return make_release(number, compiled(files) | others, f"0.0.{number}")


def flashed(release: Release, public_key: bytes) -> dict[str, bytes]:
    """Path -> bytes of a board as the technician leaves it: boot code, slot `a`, public key."""
    files = root_files() | {"config/release.pub": public_key}
    return files | {f"a/{path}": data for path, data in release.slot_files().items()}


STARTS_MAX = 14
SETTLED = ("confirmed", "returned", "refused")


class Bench:
    """One board from the technician's hands on, offered release `wanted` until that is settled."""

    def __init__(
        self, releases: dict[int, Release], key: SigningKey, wanted: int, **disk: Any
    ) -> None:
        self.releases = releases
        self.wanted = wanted
        extra: dict[str, bytes] = disk.pop("extra", {})
        self.disk = Disk({**flashed(releases[1], key.public_key), **extra}, **disk)
        self.gateway = Gateway(list(releases.values()))
        self.board = UpdateBoard(self.disk, self._gateway, self._booted)
        self.boots: list[tuple[int, str, int]] = []  # (count of boots, slot, release)
        self.ends: list[str] = []

    def _gateway(self, board: UpdateBoard, message: Any) -> None:
        settled = isinstance(message, UpdateState) and message.release == self.wanted
        if settled and message.state in SETTLED:
            raise EnoughError
        self.gateway(board, message)

    def _booted(self, boot: int, slot: str) -> None:
        """An application runs: it is one whole release and nothing else, and boots only rise."""
        files = self.disk.files()
        inside = {path[2:]: data for path, data in files.items() if path.startswith(f"{slot}/")}
        whole = [n for n, release in self.releases.items() if release.slot_files() == inside]
        assert len(whole) == 1, f"slot {slot} is a mixture: {sorted(inside)}"
        assert all(boot > before for before, _, _ in self.boots), "a boot was counted twice"
        self.boots.append((boot, slot, whole[0]))
        state = self.state().split(" ")
        # An order stands until the board says that it is settled, also when it was cut off then.
        if str(self.wanted) not in (state[1:2] + state[4:5]):
            self.board.send(self.gateway.blocks.offer(self.wanted))

    def want(self, release: int) -> None:
        """The gateway offers another release from now on."""
        self.wanted = release

    def boot(self) -> str:
        """The slot whose application begins next, whole or not; it is switched off at once."""
        found: list[str] = []

        def booted(_: int, slot: str) -> None:
            found.append(slot)
            raise EnoughError

        board = UpdateBoard(self.disk, self._gateway, booted)
        for _ in range(STARTS_MAX):
            if board.start() == "enough":
                return found[0]
        raise AssertionError(f"nothing begins: {board.console}")

    def run(self) -> UpdateState:
        """Start after start, until the wanted release is confirmed, refused or has returned."""
        for _ in range(STARTS_MAX):
            self.ends.append(self.board.start())
            if self.ends[-1] == "enough":
                return self.board.told[-1]
        raise AssertionError(f"not settled: {self.ends}, {self.board.console}")

    def state(self) -> str:
        """The boot state that counts."""
        found = newest([self.disk.files().get(f"store/release.{index}") for index in (0, 1)])
        return "" if found is None else found[2].decode()


@pytest.fixture(scope="session")
def board_key() -> SigningKey:
    """The key of these boards."""
    return SigningKey(b"key of the board", b"b" * 32)


@pytest.fixture(scope="session")
def releases(board_key: SigningKey) -> dict[int, Release]:
    """1 and 2 are good; 3 crashes, 4 hangs, 5 never connects, 6 does not compile, 7 is good."""
    made = {
        1: small_release(1),
        2: small_release(2),
        3: small_release(3, "crash"),
        4: small_release(4, "hang"),
        5: small_release(5, "mute"),
        6: small_release(6, "import"),
        7: small_release(7),
    }
    return {
        number: dataclasses.replace(
            release, signature=board_key.sign(number, b"c" * 32, release.manifest_bytes)
        )
        for number, release in made.items()
    }


@pytest.fixture
def bench(releases: dict[int, Release], board_key: SigningKey) -> Callable[..., Bench]:
    """bench(wanted, **arguments of Disk; extra={path: bytes})."""

    def make(wanted: int, **disk: Any) -> Bench:
        return Bench(releases, board_key, wanted, **{"model": LITTLEFS, **disk})

    return make
