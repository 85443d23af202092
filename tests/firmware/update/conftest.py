"""A node that is updated from release 4 to 5, its flash in memory, its gateway played by a test."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from firmware.shell.manifest import MANIFEST
from firmware.shell.update import Updater
from firmware.shell.update_session import Session
from gateway.releases.blocks import Blocks
from gateway.releases.release import Release, make_manifest
from protocols.messages.service import Block, BlockWanted, UpdateOffer, UpdateState
from protocols.ticks import ticks_add, ticks_diff
from simulator.vm.differential.chance import Chance
from simulator.vm.differential.drive_update import one_signature
from simulator.vm.differential.memory_slot import MemorySlot

MPY = 6
STEPS_MAX = 3000
OLD = {"firmware/__init__.mpy": b"M\x06 four", "firmware/gone.mpy": b"M\x06 gone"}
NEW = {
    "firmware/__init__.mpy": b"M\x06 five",
    "firmware/shell/run_esp32.mpy": b"M\x06" + bytes(range(256)) * 5,
    "protocols/wire.mpy": b"M\x06" + b"w" * 478,
}


def make(
    number: int, contents: dict[str, bytes], mpy: int = MPY, seed: int = 1
) -> tuple[Release, bytes]:
    """(a signed release, the public key of its own that has signed it)."""
    manifest = make_manifest(number, f"0.0.{number}", mpy, contents)
    data = manifest.encode()
    public_key, signature = one_signature(Chance(seed), data)
    return Release(manifest, data, signature, contents), public_key


class Node:
    """The shell of one node: flash, store, boot code; `said` is what it told, oldest first."""

    def __init__(self, public_key: bytes, start_ms: int, old: Release) -> None:
        self.now_ms = start_ms
        self.passed_ms = 0
        self.public_key = public_key
        self.old = old
        self.slots = {"a": MemorySlot(dict(old.slot_files())), "b": MemorySlot({})}
        self.stored = b""
        self.said: list[UpdateState] = []
        self.asked: list[BlockWanted] = []
        self.link_up, self.busy = True, False
        self.starts = 0
        self.power_on()

    def power_on(self) -> None:
        """The boot code counts a try and starts a slot; see firmware/boot/choice.py."""
        self.starts += 1
        words = self.stored.decode().split(" ") if self.stored else ["a", "0", "0", "0", "0"]
        slot = words[0]
        if words[1] != "0" and words[2] != "0":
            slot = "b" if slot == "a" else "a"
            words[2] = str(int(words[2]) - 1)
            self.stored = " ".join(words).encode()
        for files in self.slots.values():
            files.drop()
        number = int(self.slots[slot].files[MANIFEST].split(b'"release":')[1].split(b",")[0])
        self.updater = Updater(
            self.now_ms, slot, number, self.stored, self.slots, self._keep, self._make_session
        )

    def _keep(self, value: bytes) -> None:
        self.stored = value

    def _make_session(self, now_ms: int, offer: UpdateOffer) -> Session:
        other = self.slots["b" if self.updater.slot == "a" else "a"]
        return Session(now_ms, offer, other, hashlib.sha256, self.public_key, MPY)

    def wake(self) -> None:
        """Until it has nothing to do at this tick; messages are sorted into said and asked."""
        for _ in range(STEPS_MAX):
            self.updater.wake(self.now_ms, self.link_up, self.busy)
            for message in self.updater.take_messages():
                if isinstance(message, BlockWanted):
                    self.asked.append(message)
                else:
                    assert isinstance(message, UpdateState)
                    self.said.append(message)
            wake = self.updater.wake_at()
            if wake is None or ticks_diff(wake, self.now_ms) > 0:
                return
        raise AssertionError("it asks to be woken again and again at one tick")

    def pass_ms(self, duration_ms: int) -> None:
        """Let time pass, waking it when it asks."""
        left_ms = duration_ms
        self.wake()
        while (wake := self.updater.wake_at()) is not None:
            ahead_ms = max(0, ticks_diff(wake, self.now_ms))
            if ahead_ms > left_ms:
                break
            self._go(ahead_ms)
            left_ms -= ahead_ms
            self.wake()
            if self.updater.wants_reset:
                return
        self._go(left_ms)

    def _go(self, duration_ms: int) -> None:
        self.now_ms = ticks_add(self.now_ms, duration_ms)
        self.passed_ms += duration_ms

    def give(self, message: Any) -> None:
        """A message of the gateway."""
        self.updater.receive(self.now_ms, message)
        self.wake()

    def offer(self, offered: Release, **changes: Any) -> None:
        """The gateway offers a release."""
        values: dict[str, Any] = {
            "release": offered.number,
            "name": offered.manifest.name,
            "manifest_bytes": len(offered.manifest_bytes),
            "signature_bytes": len(offered.signature),
        }
        self.give(UpdateOffer(**{**values, **changes}))

    def fetch(
        self, release: Release, change: Callable[[Block], Block | None] | None = None
    ) -> None:
        """Answer what it asks for until it asks no more; `change` spoils or drops a block."""
        blocks = Blocks([release])
        for _ in range(STEPS_MAX):
            if not self.asked:
                return
            answer = blocks.answer(self.asked.pop(0))
            answer = change(answer) if change is not None and answer is not None else answer
            if answer is not None:
                self.give(answer)
        raise AssertionError("it asks without end")

    def confirm(self, release: Release) -> None:
        """It lives through the trial and gets its proof."""
        self.pass_ms(60000)
        self.fetch(release)

    @property
    def last(self) -> tuple[str, str]:
        """(state, why) it told last."""
        return self.said[-1].state, self.said[-1].why

    def states(self) -> list[str]:
        """Every state it told, one after another, repeats left out."""
        found: list[str] = []
        for message in self.said:
            if not found or found[-1] != message.state:
                found.append(message.state)
        return found


@pytest.fixture(scope="session")
def old() -> Release:
    """What the board was flashed with."""
    return make(4, OLD)[0]


@pytest.fixture(scope="session")
def new_and_key() -> tuple[Release, bytes]:
    """The update, and the public key on the board."""
    return make(5, NEW)


@pytest.fixture
def new(new_and_key: tuple[Release, bytes]) -> Release:
    """The update."""
    return new_and_key[0]


@pytest.fixture
def node(old: Release, new_and_key: tuple[Release, bytes], start_ms: int) -> Node:
    """Started from slot a, connected, its hello said."""
    node = Node(new_and_key[1], start_ms, old)
    node.wake()
    return node


@pytest.fixture
def make_node(old: Release) -> Callable[[bytes], Node]:
    """A node with another public key."""

    def make(public_key: bytes) -> Node:
        node = Node(public_key, 0, old)
        node.wake()
        return node

    return make


@pytest.fixture
def make_release() -> Callable[..., tuple[Release, bytes]]:
    """make_release(number, contents, mpy, seed) -> (release, the public key it needs)."""
    return make


@pytest.fixture
def spoil(block_of: Callable[..., Block]) -> Callable[[Block, int], Block]:
    """A block with a bit turned at a byte of its data."""

    def spoilt(block: Block, place: int) -> Block:
        data = bytearray(binascii.a2b_base64(block.data))
        data[place] ^= 4
        return block_of(block, bytes(data))

    return spoilt


@pytest.fixture
def block_of() -> Callable[[BlockWanted | Block, bytes], Block]:
    """block_of(asked, data): the answer to it that holds this."""

    def make(asked: BlockWanted | Block, data: bytes) -> Block:
        text = binascii.b2a_base64(data, newline=False).decode()
        return Block(release=asked.release, file=asked.file, at=asked.at, data=text)

    return make
