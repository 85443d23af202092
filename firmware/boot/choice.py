"""Which slot a board starts from. MicroPython subset; all that is read and written is handed in.

Rules:
- a slot on trial is started only after the try has been counted, durably; one that cannot be
  counted is not made. When its tries are used up the slot that counts is started again;
- without a state that can be read (a new board, a worn flash) the whole slot with the lower release
  counts: that one has been confirmed, the other perhaps not;
- a slot whose files are no longer what its manifest says is given up for the other one when that
  one's are. This takes seconds, so it is looked at only after a start that went wrong.
`store` is the folder of `Store` (flash.py), `slots` name -> its files (slot_files.py).
"""

from firmware.shell.boot_state import KEY, SLOTS, BootState, decode_boot_state
from firmware.shell.manifest import whole_release
from firmware.shell.slots import encode_slot, newest


class Choice:
    """Reads the state once; `slot` is the slot to start."""

    def __init__(self, store, slots, sha256) -> None:  # type: ignore[no-untyped-def]  # see above; no Protocol here
        self._store = store
        self._slots = slots
        self._sha256 = sha256
        self._place = (1, 0)  # the file that counts, its sequence
        self.state: BootState | None = None
        found = newest([store.read(KEY + ".0"), store.read(KEY + ".1")])
        if found is not None:
            self._place = (found[0], found[1])
            self.state = decode_boot_state(found[2])
        self.slot = self._without_state() if self.state is None else self.state.slot_to_boot()

    def count_try(self) -> None:
        """Before `slot` is started: a trial costs a try."""
        state = self.state
        if state is None or self.slot == state.slot:
            return
        on_trial = self.slot
        self.slot = state.slot
        state.tries -= 1
        try:
            self._keep(state)
        except OSError:
            return
        self.slot = on_trial

    def check(self) -> None:
        """When something went wrong before: give up a `slot` that is not what its manifest says.

        Also the interpreter hangs on a damaged file; only the hashes tell.
        """
        other = "b" if self.slot == "a" else "a"
        if whole_release(self._slots[self.slot], self._sha256):
            return
        if not whole_release(self._slots[other], self._sha256):
            return
        state = self.state
        if state is None:
            self._keep(BootState(other, 0, 0, 0, 0))
        elif self.slot == state.slot:
            self._keep(BootState(other, 0, 0, state.floor, state.returned))
        self.slot = other

    def _keep(self, state: BootState) -> None:
        place, sequence = 1 - self._place[0], self._place[1] + 1
        self._store.write(f"{KEY}.{place}", encode_slot(sequence, state.encode()))
        self._place = (place, sequence)
        self.state = state

    def _without_state(self) -> str:
        best = ""
        lowest = 0
        for name in SLOTS:
            release = whole_release(self._slots[name], self._sha256)
            if release and (not best or release < lowest):
                best = name
                lowest = release
        return best or "a"
