"""A release is on trial until its gateway has proved it; else the old one comes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.shell.update import TRIAL_MS
from gateway.releases.release import MANIFEST, SIGNATURE, Release
from protocols.messages.service import Block, BlockWanted

MakeRelease = Callable[..., tuple[Release, bytes]]
MakeBlock = Callable[[BlockWanted | Block, bytes], Block]


def on_trial(node: Any, new: Release) -> None:
    node.offer(new)
    node.fetch(new)
    node.power_on()
    node.wake()
    assert node.updater.on_trial


def test_a_trial_is_confirmed_by_a_block_of_its_own_manifest_only(
    node: Any, new: Release, block_of: MakeBlock
) -> None:
    on_trial(node, new)
    good = block_of(BlockWanted(release=5, file=0, at=0), new.manifest_bytes[:480])
    node.give(good)
    assert node.updater.on_trial, "nobody has asked for it"
    node.pass_ms(59999)
    assert not node.asked, "it has to live for a minute first"
    node.pass_ms(1)
    node.give(Block(release=5, file=0, at=0, data=""))
    node.give(block_of(BlockWanted(release=5, file=0, at=0), new.manifest_bytes[:-1]))
    node.give(block_of(BlockWanted(release=5, file=1, at=0), new.manifest_bytes))
    node.give(block_of(BlockWanted(release=4, file=0, at=0), new.manifest_bytes))
    node.give(Block(release=5, file=0, at=0, data="?"))
    assert node.updater.on_trial
    node.pass_ms(4000)
    assert len(node.asked) == 3, "asked again while no answer comes"
    node.fetch(new)
    assert not node.updater.on_trial
    assert node.stored == b"b 0 0 5 0"
    node.pass_ms(2 * TRIAL_MS)
    assert not node.updater.wants_reset


def test_a_trial_that_is_not_confirmed_comes_back_and_says_so(
    node: Any, new: Release, make_release: MakeRelease
) -> None:
    on_trial(node, new)
    for left in (2, 1, 0):
        node.wake()
        assert node.updater.release == 5
        assert node.stored == b"a 5 %d 4 0" % left
        node.pass_ms(TRIAL_MS)
        assert node.updater.wants_reset
        node.power_on()
    node.wake()
    assert (node.updater.slot, node.updater.release) == ("a", 4)
    assert node.last == ("returned", "not confirmed in 3 starts")
    assert node.said[-1].release == 5
    assert node.stored == b"a 0 0 4 5"
    # Said again with every connection, because it may have been lost.
    node.said.clear()
    node.link_up = False
    node.wake()
    node.link_up = True
    node.wake()
    assert node.last[0] == "returned"
    node.offer(new)
    assert node.last == ("refused", "release 5 failed its trial here: give a higher one")
    sixth, key = make_release(6, new.contents)
    node.public_key = key
    node.offer(sixth)
    node.fetch(sixth)
    assert node.last[0] == "ready"
    assert node.stored == b"a 6 3 4 5"


def test_on_trial_every_offer_waits(node: Any, new: Release, make_release: MakeRelease) -> None:
    on_trial(node, new)
    sixth, _ = make_release(6, new.contents)
    node.offer(sixth)
    assert node.last == ("refused", "another release is on trial")
    node.offer(new)
    assert node.last == ("trial", "2 restarts left")
    assert not node.asked


def test_a_release_that_is_ready_is_not_fetched_again(node: Any, new: Release) -> None:
    node.offer(new)
    node.fetch(new)
    node.offer(new)
    assert node.last == ("ready", "restarts when nobody minds")
    assert not node.asked


def test_an_application_that_is_no_release_says_nothing_of_itself(node: Any, new: Release) -> None:
    node.slots["a"].files[MANIFEST] = b'{"release":0,'
    node.stored = b""
    node.power_on()
    node.said.clear()
    node.wake()
    assert not node.said
    node.offer(new)
    node.fetch(new)
    assert node.last[0] == "ready"
    assert SIGNATURE in node.slots["b"].files
