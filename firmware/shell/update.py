"""An update of the application as a node lives through it, sans-IO. MicroPython subset.

Rules:
- an offer is refused by its number before anything is fetched: below the floor, or one that failed
  its trial here. What else is wrong the session (update_session.py) finds; it is imported only when
  an offer is taken, because it takes memory;
- once every file of the other slot is proved the trial is stored, and the node restarts as soon as
  nobody minds: nothing unsettled in the outbox, no key for QUIET_MS;
- on trial the release has TRIAL_MS to prove itself: it lives through PROVING_MS, and then a block
  that it asks the gateway for comes, and is what its own manifest holds. Only then does its slot
  count and the floor rise; until then every restart costs a try (firmware/boot/choice.py);
- a slot that counts and finds a trial on record is what the trial came back to: it says so each
  time the link comes up, and that release is not taken again.
"""

import binascii

from firmware.logic.timers import earlier, is_due
from firmware.shell.boot_state import TRIES, BootState, decode_boot_state
from firmware.shell.manifest import MANIFEST
from protocols.messages.service import (
    BLOCK_BYTES_MAX,
    Block,
    BlockWanted,
    UpdateOffer,
    UpdateState,
)
from protocols.ticks import ticks_add
from protocols.wire import Message

QUIET_MS = 5000
TRIAL_MS = 300000
PROVING_MS = 60000
PROOF_EVERY_MS = 2000
PROGRESS_MS = 2000
WHY_BYTES_MAX = 120


class Updater:
    """What is handed in: keep(value) stores the boot state; slots, name -> files (slot_files.py);
    make_session(now_ms, offer). To read at any time: slot, release, on_trial, wants_reset.
    """

    def __init__(  # type: ignore[no-untyped-def]  # see above; the subset has no Callable
        self, now_ms: int, slot: str, release: int, stored: bytes, slots, keep, make_session
    ) -> None:
        self.slot = slot
        self.release = release
        self.wants_reset = False
        self._own = slots[slot]
        self._keep = keep
        self._make_session = make_session
        # An update_session.Session when there is one; mypy is not to take it for None for ever.
        self._session = _none()  # type: ignore[no-untyped-call]  # see above
        self._messages: list[Message] = []
        self._link_up = False
        self._progress_at: int | None = None
        self._quiet_at: int | None = None
        self._trial_ends: int | None = None
        self._proof_at: int | None = None
        self._proof_asked = False
        state = decode_boot_state(stored)
        if state is None:
            state = BootState(slot, 0, 0, release, 0)
        self._state = state
        self.on_trial = state.trial != 0 and slot != state.slot
        if self.on_trial:
            self._trial_ends = ticks_add(now_ms, TRIAL_MS)
            self._proof_at = ticks_add(now_ms, PROVING_MS)
        elif state.trial:
            state.returned = max(state.returned, state.trial)
            state.trial = 0
            state.tries = 0
            keep(state.encode())
        elif not stored:
            keep(state.encode())

    def receive(self, now_ms: int, message: Message) -> None:
        """An `UpdateOffer` or a `Block`."""
        if isinstance(message, UpdateOffer):
            self._take_offer(now_ms, message)
        elif isinstance(message, Block):
            if self.on_trial:
                self._take_proof(message)
            elif self._session is not None:
                self._session.receive(now_ms, message)
                self._look_at_session(now_ms)

    def wake(self, now_ms: int, link_up: bool, busy: bool) -> None:
        """Time has passed; `busy`: a key has moved, or the outbox holds something."""
        came_up = link_up and not self._link_up
        self._link_up = link_up
        if came_up:
            self._say_where_it_stands()
        if is_due(self._trial_ends, now_ms):
            self._trial_ends = None
            self.wants_reset = True
        if self.on_trial and is_due(self._proof_at, now_ms):
            self._proof_at = ticks_add(now_ms, PROOF_EVERY_MS)
            if link_up:
                self._proof_asked = True
                self._messages.append(BlockWanted(release=self.release, file=0, at=0))
        if self._quiet_at is not None:
            if busy:
                self._quiet_at = ticks_add(now_ms, QUIET_MS)
            elif is_due(self._quiet_at, now_ms):
                self._quiet_at = None
                self.wants_reset = True
        if self._session is not None:
            self._session.wake(now_ms, link_up)
            self._look_at_session(now_ms)

    def wake_at(self) -> int | None:
        """When `wake` is wanted at the latest."""
        deadline = earlier(self._trial_ends, self._quiet_at)
        deadline = earlier(deadline, self._proof_at)
        if self._session is not None:
            deadline = earlier(deadline, self._session.wake_at())
        return deadline

    def take_messages(self) -> list[Message]:
        """What to tell, in order: `BlockWanted` on up/get, all else on up/log."""
        messages = self._messages
        self._messages = []
        return messages

    # ---- offers ----

    def _take_offer(self, now_ms: int, offer: UpdateOffer) -> None:
        state = self._state
        release = offer.release
        if self.on_trial or state.trial or release == self.release:
            self._say_where_it_stands()
            if release not in (self.release, state.trial):
                self._say(release, "refused", "another release is on trial")
        elif release <= state.returned:
            why = f"release {state.returned} failed its trial here: give a higher one"
            self._say(release, "refused", why)
        elif release < state.floor:
            why = f"release {state.floor} was confirmed here: give it or a higher one"
            self._say(release, "refused", why)
        elif self._session is not None and self._session.release >= release:
            if self._session.release > release:
                self._say(release, "refused", f"release {self._session.release} is being fetched")
            else:
                self._say_progress(now_ms)
        else:
            self._drop_session()
            self._session = self._make_session(now_ms, offer)
            self._say(release, "offered", "")
            self._look_at_session(now_ms)

    def _look_at_session(self, now_ms: int) -> None:
        session = self._session
        if session is None:
            return
        self._messages += session.take_asks()
        if session.failed:
            self._say_session("refused", session.failed)
            self._drop_session()
        elif session.done:
            self._state.trial = session.release
            self._state.tries = TRIES
            self._keep(self._state.encode())
            self._say_session("ready", "")
            self._drop_session()
            self._quiet_at = ticks_add(now_ms, QUIET_MS)
        elif self._progress_at is None or is_due(self._progress_at, now_ms):
            self._say_progress(now_ms)

    def _drop_session(self) -> None:
        if self._session is not None:
            self._session.stop()
            self._session = None
        self._progress_at = None

    # ---- trial ----

    def _take_proof(self, block: Block) -> None:
        if not self._proof_asked or (block.release, block.file, block.at) != (self.release, 0, 0):
            return
        try:
            data = binascii.a2b_base64(block.data)
        except ValueError:
            return  # asked for again
        if data and data == next(self._own.pieces(MANIFEST))[:BLOCK_BYTES_MAX]:
            self.on_trial = False
            self._trial_ends = None
            self._proof_at = None
            state = self._state
            state.slot = self.slot
            state.floor = max(state.floor, self.release)
            state.trial = 0
            state.tries = 0
            self._keep(state.encode())
            self._say(self.release, "confirmed", "")

    # ---- words ----

    def _say_where_it_stands(self) -> None:
        state = self._state
        if self.on_trial:
            self._say(self.release, "trial", f"{state.tries} restarts left")
        elif state.trial:
            self._say(state.trial, "ready", "restarts when nobody minds")
        elif state.returned > self.release:
            self._say(state.returned, "returned", f"not confirmed in {TRIES} starts")
        elif self._session is None:
            self._say(self.release, "confirmed", "")

    def _say_progress(self, now_ms: int) -> None:
        self._progress_at = ticks_add(now_ms, PROGRESS_MS)
        self._say_session("fetching", "")

    def _say_session(self, state: str, why: str) -> None:
        session = self._session
        if session is not None:
            self._say(session.release, state, why, session.done_bytes, session.total_bytes)

    def _say(
        self, release: int, state: str, why: str, done_bytes: int = 0, total_bytes: int = 0
    ) -> None:
        if release > 0:  # an application that was not put there as a release has none
            while len(why.encode()) > WHY_BYTES_MAX:
                why = why[:-1]
            told = UpdateState(
                release=release,
                state=state,  # type: ignore[arg-type]  # one of its words, the field checks it
                done_bytes=done_bytes,
                total_bytes=total_bytes,
                why=why,
            )
            self._messages.append(told)


def _none():  # type: ignore[no-untyped-def]  # see where it is called
    return None
