"""An update over a network that loses, doubles, delays and reorders, with restarts on both sides.

The auditor knows nothing of sessions: it looks at the flash after every step, and at what crossed
the network. From a seed, in virtual time; after the faults have ended the update must be confirmed.
"""

from __future__ import annotations

import heapq
import random
from typing import Any

import pytest

from gateway.releases.blocks import Blocks
from gateway.releases.release import Release
from protocols.messages.service import Block, BlockWanted

SEEDS = range(50)
FAULTY_MS = 600_000
STEPS_MAX = 60_000
LIMIT_MS = 3 * 3600 * 1000


class Auditor:
    """What must hold of the flash of one node, whatever happens."""

    def __init__(self, node: Any, old: Release, new: Release) -> None:
        self.node, self.old, self.new = node, old, new
        self.proofs = 0  # blocks of the new manifest's start that reached it in this start

    def look(self) -> None:
        """After every step."""
        node = self.node
        words = node.stored.decode().split(" ")
        assert node.slots["a"].files == self.old.slot_files(), "the slot that counts was touched"
        if words[1] != "0" or words[0] == "b":
            assert node.slots["b"].files == self.new.slot_files(), "not whole, yet to be started"
        if words[0] == "b":
            assert words[3] == "5"
            assert self.proofs > 0, "confirmed without a word of the gateway"
        else:
            assert words[3] == "4", "the floor rises by a confirmation only"


class Network:
    """Delivers blocks, or does not, by chance."""

    def __init__(self, node: Any, new: Release, auditor: Auditor, seed: int) -> None:
        self.node, self.new, self.auditor = node, new, auditor
        self.blocks = Blocks([new])
        self.chance = random.Random(seed)
        self.loss = self.chance.uniform(0, 0.4)
        self.double = self.chance.uniform(0, 0.4)
        self.delay_ms = self.chance.choice((5, 50, 3000))
        self.faulty = True
        self.gateway_up = True
        self._order = 0
        self._flying: list[tuple[int, int, int, Block]] = []

    def carry(self) -> None:
        """What the node asked for goes out; answers come back later."""
        asked, self.node.asked = self.node.asked, []
        for wanted in asked:
            assert isinstance(wanted, BlockWanted)
            answer = self.blocks.answer(wanted) if self.gateway_up else None
            copies = 1
            if self.faulty:
                copies = (self.chance.random() >= self.loss) + (self.chance.random() < self.double)
            for _ in range(copies if answer is not None else 0):
                assert answer is not None
                delay_ms = self.chance.randrange(1, self.delay_ms + 1)
                self._order += 1
                entry = (self.node.passed_ms + delay_ms, self._order, self.node.starts, answer)
                heapq.heappush(self._flying, entry)

    def deliver(self) -> None:
        """What has arrived by now; a broker with clean sessions keeps nothing over a restart."""
        while self._flying and self._flying[0][0] <= self.node.passed_ms:
            _, _, start, block = heapq.heappop(self._flying)
            if start == self.node.starts and self.node.link_up:
                if (block.file, block.at) == (0, 0) and self.node.updater.on_trial:
                    self.auditor.proofs += 1
                self.node.give(block)
                self.auditor.look()

    def next_ms(self) -> int:
        """How long until something happens."""
        if not self._flying:
            return 1000
        return min(1000, max(1, self._flying[0][0] - self.node.passed_ms))


def trouble(node: Any, network: Network, chance: random.Random) -> None:
    """Something breaks, or comes back."""
    draw = chance.randrange(80)
    if draw < 4:
        node.link_up = not node.link_up
    elif draw < 6:
        network.gateway_up = not network.gateway_up
    elif draw == 6:
        node.power_on()


@pytest.mark.parametrize("seed", SEEDS)
def test_an_update_comes_through_and_the_flash_is_never_wrong(
    node: Any, old: Release, new: Release, seed: int, start_ms: int
) -> None:
    auditor = Auditor(node, old, new)
    network = Network(node, new, auditor, seed)
    chance = random.Random(-seed)
    for _ in range(STEPS_MAX):
        if node.stored.startswith(b"b"):
            break
        assert node.passed_ms < LIMIT_MS, f"seed {seed}: never confirmed"
        if node.passed_ms < FAULTY_MS and b" 5 " not in node.stored:
            trouble(node, network, chance)
        elif network.faulty:
            network.faulty = False
            node.link_up = network.gateway_up = True
        if node.updater.wants_reset:
            node.power_on()
            auditor.proofs = 0
        state = node.said[-1] if node.said else None
        if network.gateway_up and node.link_up and chance.random() < 0.05:
            node.offer(new)
        assert state is None or state.state != "returned"
        network.carry()
        node.pass_ms(network.next_ms())
        auditor.look()
        network.deliver()
        network.carry()
    assert node.stored == b"b 0 0 5 0", f"seed {seed}"


def test_the_auditor_sees_a_slot_that_is_not_whole(node: Any, old: Release, new: Release) -> None:
    auditor = Auditor(node, old, new)
    node.offer(new)
    node.fetch(new)
    auditor.look()
    node.slots["b"].files.pop("protocols/wire.mpy")
    with pytest.raises(AssertionError, match="not whole"):
        auditor.look()
