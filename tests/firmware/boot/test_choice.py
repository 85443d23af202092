"""The boot code chooses a slot by the state, by what is whole, and never one it has not counted."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from firmware.boot.choice import Choice
from firmware.shell.boot_state import KEY, BootState, decode_boot_state
from firmware.shell.flash import Flash
from firmware.shell.manifest import whole_release
from firmware.shell.slot_files import SlotFiles
from firmware.shell.store import Store
from gateway.releases.release import MANIFEST, make_manifest


class Board:
    """The flash of a board as real files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.slots = {name: SlotFiles(str(folder / name)) for name in ("a", "b")}

    def put(self, slot: str, release: int) -> None:
        """A whole release in a slot."""
        contents = {
            "firmware/shell/run_esp32.mpy": b"M\x06" + b"x" * 900,
            "protocols/wire.mpy": b"M\x06%d" % release,
        }
        manifest = make_manifest(release, "r", 6, contents).encode()
        for path, data in {**contents, MANIFEST: manifest}.items():
            (self.folder / slot / path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / slot / path).write_bytes(data)

    def spoil(self, slot: str) -> None:
        """A bit of one file turned."""
        path = self.folder / slot / "firmware/shell/run_esp32.mpy"
        data = bytearray(path.read_bytes())
        data[500] ^= 16
        path.write_bytes(data)

    def keep(self, words: str) -> None:
        """What the application has stored."""
        Store(Flash(str(self.folder / "store"))).put(KEY, words.encode())

    @property
    def kept(self) -> str:
        return Store(Flash(str(self.folder / "store"))).get(KEY).decode()

    def choice(self) -> Choice:
        """What the bootstrap does."""
        return Choice(Flash(str(self.folder / "store")), self.slots, hashlib.sha256)


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """Release 4 in slot a, 5 in slot b."""
    board = Board(tmp_path)
    board.put("a", 4)
    board.put("b", 5)
    return board


def test_the_slot_that_counts_is_started(board: Board) -> None:
    for words, slot in (("a 0 0 4 0", "a"), ("b 0 0 5 0", "b"), ("a 5 0 4 0", "a")):
        board.keep(words)
        choice = board.choice()
        choice.count_try()
        assert choice.slot == slot
        assert board.kept == words, "nothing is written without a trial"


def test_a_trial_has_as_many_starts_as_tries(board: Board) -> None:
    board.keep("a 5 3 4 2")
    started = []
    for _ in range(5):
        choice = board.choice()
        choice.count_try()
        started.append((choice.slot, board.kept))
    assert started == [
        ("b", "a 5 2 4 2"),
        ("b", "a 5 1 4 2"),
        ("b", "a 5 0 4 2"),
        ("a", "a 5 0 4 2"),
        ("a", "a 5 0 4 2"),
    ]


def test_a_try_that_cannot_be_counted_is_not_made(
    board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.keep("a 5 3 4 0")

    def fail(*_: object) -> None:
        raise OSError(28, "no space")

    monkeypatch.setattr(Flash, "write", fail)
    choice = board.choice()
    assert choice.slot == "b"
    choice.count_try()
    assert choice.slot == "a"


@pytest.mark.parametrize("words", [None, "", "c 0 0 1 0", "a 0 0 1", "a x 0 1 0", "窗 0 0 0 0"])
def test_without_a_state_the_whole_slot_with_the_lower_release_counts(
    board: Board, words: str | None
) -> None:
    if words is not None:
        board.keep(words)
    assert board.choice().slot == "a"
    board.spoil("a")
    assert board.choice().slot == "b"
    board.put("a", 6)
    assert board.choice().slot == "b"
    board.spoil("b")
    assert board.choice().slot == "a"
    board.spoil("a")
    assert board.choice().slot == "a", "nothing is whole: one must be tried"


def test_a_state_that_is_torn_is_read_from_its_other_file(board: Board) -> None:
    board.keep("a 0 0 4 0")
    board.keep("a 5 3 4 0")
    newer = max((board.folder / "store").glob(f"{KEY}.*"), key=lambda path: path.read_bytes()[4:8])
    newer.write_bytes(newer.read_bytes()[:-1])
    assert board.choice().slot == "a"


def checked(board: Board) -> str:
    """The slot that is started after something went wrong."""
    choice = board.choice()
    choice.check()
    choice.count_try()
    return choice.slot


def test_a_damaged_slot_that_counts_is_given_up_for_a_whole_one(board: Board) -> None:
    board.keep("a 0 0 4 7")
    assert checked(board) == "a", "it is whole: another start may do"
    board.spoil("a")
    assert checked(board) == "b"
    assert board.kept == "b 0 0 4 7"
    board.spoil("b")
    assert checked(board) == "b", "neither is whole"


def test_a_damaged_slot_on_trial_is_not_started(board: Board) -> None:
    board.keep("a 5 2 4 0")
    assert (checked(board), board.kept) == ("b", "a 5 1 4 0")
    board.spoil("b")
    assert (checked(board), board.kept) == ("a", "a 5 1 4 0")


def test_without_a_state_what_is_left_counts_from_then_on(board: Board) -> None:
    board.spoil("a")
    assert (checked(board), board.kept) == ("b", "")
    board.put("a", 4)
    board.spoil("b")
    assert checked(board) == "a"


def test_a_slot_without_its_manifest_is_not_whole(board: Board) -> None:
    assert whole_release(board.slots["b"], hashlib.sha256) == 5
    path = board.folder / "b" / MANIFEST
    good = path.read_bytes()
    for spoilt in (b"", b"{}", good[:-1], good[: len(good) // 2], good.replace(b'"mpy"', b'"mpx"')):
        path.write_bytes(spoilt)
        assert whole_release(board.slots["b"], hashlib.sha256) == 0
    path.unlink()
    assert whole_release(board.slots["b"], hashlib.sha256) == 0


def test_words_that_a_later_application_adds_stay(board: Board) -> None:
    board.keep("a 5 3 4 0 more words")
    board.choice().count_try()
    assert board.kept == "a 5 2 4 0 more words"
    state = decode_boot_state(board.kept.encode())
    assert isinstance(state, BootState)
    assert state.encode().decode() == board.kept
