"""A node takes a release whole, proved and on trial, and refuses everything else with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.shell.update import QUIET_MS
from firmware.shell.update_session import ASK_MS, GIVE_UP_MS
from gateway.releases.release import MANIFEST, Release
from protocols.messages.service import Block, BlockWanted

MakeRelease = Callable[..., tuple[Release, bytes]]
MakeBlock = Callable[[BlockWanted | Block, bytes], Block]


def test_a_release_is_fetched_proved_tried_and_confirmed(
    node: Any, old: Release, new: Release
) -> None:
    node.slots["b"].files.update({"firmware/older/x.mpy": b"M\x06", "firmware/gone.mpy": b"M\x06"})
    before = dict(node.slots["a"].files)
    node.offer(new)
    node.fetch(new)
    assert node.slots["b"].files == new.slot_files(), "all of it, and nothing that was there before"
    assert node.states() == ["confirmed", "offered", "fetching", "ready"]
    assert (
        node.said[-1].done_bytes
        == node.said[-1].total_bytes
        == sum(map(len, new.contents.values()))
    )
    assert node.stored == b"a 5 3 4 0"
    assert not node.updater.wants_reset
    node.pass_ms(QUIET_MS)
    assert node.updater.wants_reset
    node.power_on()
    assert (node.updater.slot, node.updater.release, node.updater.on_trial) == ("b", 5, True)
    node.confirm(new)
    assert node.states()[-2:] == ["trial", "confirmed"]
    assert node.stored == b"b 0 0 5 0"
    node.power_on()
    assert (node.updater.slot, node.updater.on_trial) == ("b", False)
    assert node.slots["a"].files == before, "the slot it ran from was never touched"


def test_it_restarts_only_when_nobody_minds(node: Any, new: Release) -> None:
    node.offer(new)
    node.fetch(new)
    node.pass_ms(QUIET_MS - 1)
    node.busy = True  # a key moves, or a report waits for its acknowledgement
    node.pass_ms(1)
    assert not node.updater.wants_reset
    node.pass_ms(10 * QUIET_MS)
    assert not node.updater.wants_reset
    node.busy = False
    node.pass_ms(QUIET_MS - 1)
    assert not node.updater.wants_reset
    node.pass_ms(1)
    assert node.updater.wants_reset


# ---- refusals ----


def test_a_bit_turned_in_manifest_or_signature_is_refused_and_nothing_is_touched(
    node: Any, new: Release, spoil: Callable[[Block, int], Block]
) -> None:
    node.slots["b"].files.update({"firmware/x.mpy": b"M\x06", MANIFEST: b"older"})
    before = dict(node.slots["b"].files)
    for file, at, place in ((0, 0, 0), (0, 0, 300), (1, 0, 3), (1, 480, 7), (1, 2400, 107)):
        node.offer(new)
        node.fetch(
            new,
            lambda block: spoil(block, place) if (block.file, block.at) == (file, at) else block,  # noqa: B023  # called within
        )
        assert node.last == ("refused", "the signature is not of this hall's key (release.pub)")
        assert node.slots["b"].files == before
    assert node.stored == b"a 0 0 4 0"


def test_a_release_signed_with_another_key_is_refused(
    node: Any, make_release: MakeRelease, new: Release
) -> None:
    other, _ = make_release(5, new.contents, 6, 2)
    node.offer(other)
    node.fetch(other)
    assert node.last[0] == "refused"
    assert "not of this hall's key" in node.last[1]


def test_an_old_signed_release_is_refused_also_under_a_new_number(
    make_node: Callable[[bytes], Any], make_release: MakeRelease, new: Release, block_of: MakeBlock
) -> None:
    older, key = make_release(3, new.contents)
    node = make_node(key)
    node.offer(older)
    assert node.last == ("refused", "release 4 was confirmed here: give it or a higher one")
    assert not node.asked, "nothing was fetched"
    node.offer(older, release=9)
    blocks = {
        (file, at): data
        for file, whole in ((0, older.manifest_bytes), (1, older.signature))
        for at, data in [(at, whole[at : at + 480]) for at in range(0, len(whole), 480)]
    }
    while node.asked:
        asked = node.asked.pop(0)
        node.give(block_of(asked, blocks[asked.file, asked.at]))
    assert node.last == ("refused", "the manifest is that of release 3")
    assert node.stored == b"a 0 0 4 0"


def test_a_release_for_another_interpreter_is_refused(
    make_node: Callable[[bytes], Any], make_release: MakeRelease, new: Release
) -> None:
    other, key = make_release(5, new.contents, 7)
    node = make_node(key)
    node.offer(other)
    node.fetch(other)
    assert node.last == ("refused", "it is for .mpy 7, this board has 6: flash it anew")


def test_a_release_that_does_not_fit_is_refused_before_the_slot_is_touched(
    node: Any, new: Release
) -> None:
    node.slots["b"].files[MANIFEST] = b"older"
    node.slots["b"].room = 18  # blocks of 4 KiB, of which 16 are spare
    node.offer(new)
    node.fetch(new)
    assert node.last == ("refused", "does not fit: the flash has 12288 bytes too few")
    assert node.slots["b"].files[MANIFEST] == b"older"
    node.slots["b"].room = 21
    node.offer(new)
    node.fetch(new)
    assert node.last[0] == "ready"


def test_what_the_offer_alone_tells_is_refused_before_anything_is_fetched(
    node: Any, make_node: Callable[[bytes], Any], new: Release
) -> None:
    for changes, why in (
        ({"signature_bytes": 1456}, "a signature has 2508 bytes"),
        ({"manifest_bytes": 40000}, "manifest: more than 32768 bytes"),
    ):
        node.offer(new, **changes)
        assert node.last == ("refused", why)
    bare = make_node(b"")
    bare.offer(new)
    assert bare.last == ("refused", "this board has no release.pub: flash it anew")
    assert not node.asked
    assert not bare.asked


def test_the_release_that_runs_is_answered_with_confirmed(node: Any, old: Release) -> None:
    node.said.clear()
    node.offer(old)
    assert node.last == ("confirmed", "")
    assert not node.asked


def test_only_a_higher_release_takes_the_place_of_one_that_is_being_fetched(
    node: Any, new: Release, make_release: MakeRelease
) -> None:
    sixth, _ = make_release(6, new.contents)
    node.offer(sixth)
    node.offer(new)
    assert node.last == ("refused", "release 6 is being fetched")
    node.offer(sixth)
    assert node.last == ("fetching", "")
    assert [asked.release for asked in node.asked] == [6]
    seventh, _ = make_release(7, new.contents)
    node.offer(seventh)
    assert [asked.release for asked in node.asked] == [6, 7]


def test_rows_that_lead_out_of_the_slot_are_refused(
    make_node: Callable[[bytes], Any], make_release: MakeRelease
) -> None:
    for path in (
        "../config/node.json",
        "a/../b.mpy",
        "manifest.json",
        "/a/b.mpy",
        "a//b.mpy",
        "a/B",
    ):
        release, key = make_release(5, {path: b"M\x06"})
        node = make_node(key)
        node.offer(release)
        node.fetch(release)
        assert node.last[0] == "refused", path
        assert "out of bounds" in node.last[1]
        assert list(node.slots["b"].files) == ["manifest.new"]


# ---- on the way ----


def test_a_spoilt_file_is_fetched_once_more_and_then_refused(
    node: Any, new: Release, spoil: Callable[[Block, int], Block]
) -> None:
    spoilt: list[int] = []

    def once(block: Block) -> Block:
        if block.file == 3 and block.at == 480 and not spoilt:
            spoilt.append(1)
            return spoil(block, 9)
        return block

    node.offer(new)
    node.fetch(new, once)
    assert node.last[0] == "ready"
    node.power_on()
    node.confirm(new)

    node = type(node)(node.public_key, 0, node.old)
    node.offer(new)
    node.fetch(new, lambda block: spoil(block, 9) if block.file == 3 and block.at == 480 else block)
    assert node.last == ("refused", "firmware/shell/run_esp32.mpy: is not what the manifest says")
    assert MANIFEST not in node.slots["b"].files, "it is no whole slot"
    assert node.stored == b"a 0 0 4 0", "it is never started"


def test_a_gateway_whose_file_is_too_short_or_too_long_is_refused(
    node: Any, new: Release, block_of: MakeBlock
) -> None:
    def short(block: Block) -> Block:
        if block.file == 4:
            return Block(release=5, file=4, at=block.at, data="")
        return block

    node.offer(new)
    node.fetch(new, lambda block: block_of(block, b"x" * 480) if block.file == 2 else block)
    assert node.last == ("refused", "file 2: the gateway has not 7 bytes of it")
    node.offer(new)
    node.fetch(new, short)
    assert node.last == ("refused", "file 4: the gateway has not 480 bytes of it")


def test_after_a_restart_only_what_is_missing_is_fetched(node: Any, new: Release) -> None:
    given: list[int] = []

    def some(block: Block) -> Block | None:
        given.append(block.file)
        return None if block.file == 3 and block.at > 0 else block

    node.slots["b"].files[MANIFEST] = b"of an older release"
    node.offer(new)
    node.fetch(new, some)
    assert 3 in given
    assert MANIFEST not in node.slots["b"].files, "no whole slot from the first file on"
    node.power_on()
    node.asked.clear()
    node.offer(new)
    given.clear()
    node.fetch(new, lambda block: given.append(block.file) or block)  # type: ignore[func-returns-value]  # notes, then gives
    assert node.last[0] == "ready"
    assert 2 not in given, "file 2 was complete"
    assert given.count(3) == 3


def test_a_lost_block_is_asked_for_again_ever_more_slowly(node: Any, new: Release) -> None:
    node.offer(new)
    assert len(node.asked) == 1
    asked_at = []
    for _ in range(40):
        count = len(node.asked)
        node.pass_ms(ASK_MS)
        if len(node.asked) > count:
            asked_at.append(node.passed_ms // ASK_MS)
    assert asked_at == [1, 3, 7, 15, 23, 31, 39]
    node.asked = node.asked[-1:]
    node.fetch(new)
    assert node.last[0] == "ready"


def test_a_block_that_comes_twice_late_or_spoilt_changes_nothing(node: Any, new: Release) -> None:
    seen: list[Block] = []

    def noisy(block: Block) -> Block:
        for earlier in seen[-3:]:
            node.updater.receive(node.now_ms, earlier)
        node.updater.receive(
            node.now_ms, Block(release=block.release, file=block.file, at=block.at, data="?")
        )
        node.updater.receive(
            node.now_ms, Block(release=4, file=block.file, at=block.at, data=block.data)
        )
        seen.append(block)
        return block

    node.offer(new)
    node.fetch(new, noisy)
    assert node.last[0] == "ready"
    assert node.slots["b"].files == new.slot_files()


def test_without_a_link_nothing_is_asked_and_with_it_at_once(node: Any, new: Release) -> None:
    node.offer(new)
    node.asked.clear()
    node.link_up = False
    node.pass_ms(3 * GIVE_UP_MS)
    assert not node.asked
    node.link_up = True
    node.wake()
    assert [(asked.file, asked.at) for asked in node.asked] == [(0, 0)]
    node.fetch(new)
    assert node.last[0] == "ready"


def test_it_gives_up_when_no_block_comes_for_ten_minutes(node: Any, new: Release) -> None:
    node.offer(new)
    node.pass_ms(GIVE_UP_MS + 10000)
    assert node.last == ("refused", "no block came for 10 minutes")
    node.asked.clear()
    node.pass_ms(GIVE_UP_MS)
    assert not node.asked
    node.offer(new)
    node.fetch(new)
    assert node.last[0] == "ready"


def test_a_flash_that_fails_ends_the_update_with_its_words(node: Any, new: Release) -> None:
    node.offer(new)
    node.slots["b"].broken = True
    node.fetch(new)
    assert node.last == ("refused", "flash: the flash is worn")
    node.slots["b"].broken = False
    node.offer(new)
    node.fetch(new)
    assert node.last[0] == "ready"
