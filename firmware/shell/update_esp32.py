"""The update of an ESP32 on its own flash: slots, public key, store. MicroPython.

A node that has nothing to do with an update for months keeps no code for it on the heap: update.py
is imported with the first offer, or at a start that finds a trial or its end on record; what can be
collected is collected before, for an import finds less by itself. When there is no memory left for
it, the offer is refused, and nothing else suffers.
"""

import gc
import sys
from hashlib import sha256

from firmware.shell.flash import read_file
from firmware.shell.store import Store
from protocols.messages.service import UpdateState
from protocols.wire import Message

# The name in the store, as boot_state.py has it; that module is not imported for this.
KEY = "release"


class SleepingUpdater:
    """An update.Updater that is made when it is needed; the same to whoever calls it.

    To read at any time, as there: slot, release, on_trial, wants_reset.
    """

    def __init__(self, now_ms: int, slot: str, store: Store, folder: str) -> None:
        self.slot = slot
        self.release = _release_in(slot)
        self.on_trial = False
        self.wants_reset = False
        self._store = store
        self._folder = folder
        self._refusals: list[Message] = []
        self._awake = _none()  # type: ignore[no-untyped-call]  # an Updater later
        if _has_something_to_say(store.get(KEY)):
            self._wake_up(now_ms)

    def receive(self, now_ms: int, message: Message) -> None:
        """As Updater.receive."""
        try:
            if self._awake is None:
                self._wake_up(now_ms)
            self._awake.receive(now_ms, message)
        except MemoryError:
            self._awake = None
            self._refusals.append(_refusal(message))

    def wake(self, now_ms: int, link_up: bool, busy: bool) -> None:
        """As Updater.wake."""
        if self._awake is not None:
            self._awake.wake(now_ms, link_up, busy)
            self.wants_reset = self._awake.wants_reset
            self.on_trial = self._awake.on_trial

    def wake_at(self) -> int | None:
        """As Updater.wake_at."""
        return None if self._awake is None else self._awake.wake_at()

    def take_messages(self) -> list[Message]:
        """As Updater.take_messages."""
        messages = self._refusals
        self._refusals = []
        return messages if self._awake is None else messages + self._awake.take_messages()

    def _wake_up(self, now_ms: int) -> None:
        gc.collect()
        from firmware.shell.boot_state import SLOTS
        from firmware.shell.slot_files import SlotFiles
        from firmware.shell.update import Updater

        slots = {}
        for name in SLOTS:
            slots[name] = SlotFiles(name)
        other = slots["b" if self.slot == "a" else "a"]

        def make_session(now_ms, offer):  # type: ignore[no-untyped-def]  # a Session, imported here only
            gc.collect()
            from firmware.shell.update_session import Session

            # The lowest byte is the version of .mpy files that this interpreter takes.
            mpy = sys.implementation._mpy & 0xFF
            return Session(now_ms, offer, other, sha256, _public_key(self._folder), mpy)

        stored = self._store.get(KEY)
        self._awake = Updater(
            now_ms, self.slot, self.release, stored, slots, self._keep, make_session
        )
        self.on_trial = self._awake.on_trial

    def _keep(self, value: bytes) -> None:
        self._store.put(KEY, value)


def make_updater(now_ms: int, slot: str, store: Store, folder: str) -> SleepingUpdater:
    """Updates into the slot that is not `slot`; `folder` holds the public key."""
    return SleepingUpdater(now_ms, slot, store, folder)


def _has_something_to_say(stored: bytes) -> bool:
    words = stored.split(b" ")
    # No state yet; a trial; one that came back, and nothing higher since.
    return len(words) < 5 or words[1] != b"0" or int(words[4]) > int(words[3])


def _release_in(slot: str) -> int:
    """The number in its manifest, without the module that reads manifests; 0: none."""
    try:
        start = read_file(f"{slot}/manifest.json")[:32]
        return int(start.split(b",")[0].split(b":")[1])
    except (OSError, ValueError, IndexError):
        return 0


def _refusal(message) -> Message:  # type: ignore[no-untyped-def]  # an UpdateOffer or a Block
    why = "no memory is left for an update: restart the node and offer it again"
    return UpdateState(
        release=message.release, state="refused", done_bytes=0, total_bytes=0, why=why
    )


def _public_key(folder: str) -> bytes:
    try:
        return read_file(f"{folder}/release.pub")
    except OSError:
        return b""


def _none():  # type: ignore[no-untyped-def]  # so that mypy does not take it for None for ever
    return None
