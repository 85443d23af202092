"""Fetching one release into the other slot, sans-IO. MicroPython subset.

In this order, a little in each `wake`, so that keys are read meanwhile:
 1. the manifest goes into COMING, the signature into memory; nothing else is touched before the
    signature of the board's own key (`release.pub`) on the manifest is proved;
 2. the manifest's rows are read: a release of the number offered, for this interpreter, with room;
 3. the slot's old MANIFEST is taken away, then every file that the release does not have;
 4. each file is fetched unless it is there already, right to the last bit (what an attempt before
    a cut of power left counts), and proved as it reads back;
 5. the signature, and last the manifest, get their names: the slot is whole.
One block at a time: asked again after ASK_MS, doubling, as long as the link is up; given up when
none comes for GIVE_UP_MS. A block that comes twice, late, or for something else changes nothing.
`files` is the slot (slot_files.py), whose OSError ends the session with its words.
"""

import binascii

from firmware.logic.timers import is_due
from firmware.shell.manifest import (
    COMING,
    FILES_MAX,
    MANIFEST,
    SIGNATURE,
    ManifestError,
    has,
    is_listed,
    read_head,
    read_row,
)
from firmware.shell.slot_files import FOLDER
from protocols.lms import SIGNATURE_BYTES, verify
from protocols.messages.service import BLOCK_BYTES_MAX, Block, BlockWanted, UpdateOffer
from protocols.ticks import ticks_add

ASK_MS = 1000
ASK_MS_MAX = 8000
GIVE_UP_MS = 600000
ATTEMPTS_MAX = 2
MANIFEST_BYTES_MAX = 32768
# Room that an update leaves for the store and for littlefs itself.
SPARE_BYTES = 65536

_MANIFEST, _SIGNATURE, _VERIFY, _SURVEY, _SWEEP, _FOLDERS, _CHECK, _FILE = range(8)
_FIRST_FILE = 2  # of a BlockWanted: what the manifest's first row names


class Session:
    """`release`, `failed` (why, or ""), `done`, `done_bytes`, `total_bytes` are to be read."""

    def __init__(  # type: ignore[no-untyped-def]  # a slot, hashlib's constructor; no Callable
        self, now_ms: int, offer: UpdateOffer, files, sha256, public_key: bytes, mpy: int
    ) -> None:
        self.release: int = offer.release
        self.failed = ""
        self.done = False
        self.done_bytes = 0
        self.total_bytes = 0
        self._files = files
        self._sha256 = sha256
        self._public_key = public_key
        self._mpy = mpy
        self._signature = b""
        self._signature_bytes: int = offer.signature_bytes
        self._manifest_bytes: int = offer.manifest_bytes
        self._stage = _MANIFEST
        self._asks: list[BlockWanted] = []
        # What is being fetched: (file, from where, bytes of the whole file), and when to ask again.
        self._wanted: tuple[int, int, int] | None = None
        self._ask_at: int | None = None
        self._ask_ms = ASK_MS
        self._link_up = False
        self._give_up_at: int | None = None
        self._work_at: int | None = None  # due at once while there is work without a block
        self._block_bytes = 0  # of the flash
        self._blocks = 0  # that are free once the slot holds the release
        self._folders: list[str] = []
        self._pending: list[str] = []
        self._row_at = 0  # where in the manifest the row of the present file begins
        self._next_at = 0
        self._file = _FIRST_FILE
        self._path = ""
        self._digest = ""
        self._attempts = 0
        if not public_key:
            self.failed = "this board has no release.pub: flash it anew"
        elif offer.signature_bytes != SIGNATURE_BYTES:
            self.failed = f"a signature has {SIGNATURE_BYTES} bytes"
        elif offer.manifest_bytes > MANIFEST_BYTES_MAX:
            self.failed = f"manifest: more than {MANIFEST_BYTES_MAX} bytes"
        else:
            self._guard(now_ms, self._begin)

    def receive(self, now_ms: int, block: Block) -> None:
        """A block has come."""
        wanted = self._wanted
        if wanted is None or (block.release, block.file, block.at) != (self.release,) + wanted[:2]:
            return
        try:
            data = binascii.a2b_base64(block.data)
        except ValueError:
            data = b""
        if block.data and not data:
            return  # spoilt: asked for again
        file, at, size = wanted
        if not data or len(data) > min(BLOCK_BYTES_MAX, size - at):
            self.failed = f"file {file}: the gateway has not {size} bytes of it"
            return
        self._ask_ms = ASK_MS
        self._give_up_at = ticks_add(now_ms, GIVE_UP_MS)
        self._wanted = (file, at + len(data), size)
        if file == 1:
            self._signature += data
        else:
            self._guard(now_ms, lambda _: self._files.append(data))
        if file >= _FIRST_FILE:
            self.done_bytes += len(data)
        self._go_on(now_ms)

    def wake(self, now_ms: int, link_up: bool) -> None:
        """Time has passed: do a piece of work, or ask again."""
        if link_up != self._link_up:
            self._link_up = link_up
            self._ask_ms = ASK_MS
            self._ask_at = now_ms if link_up and self._wanted is not None else None
            self._give_up_at = ticks_add(now_ms, GIVE_UP_MS) if link_up else None
        if self.failed or self.done:
            return
        if self._wanted is None:
            self._guard(now_ms, self._work)
        elif is_due(self._give_up_at, now_ms):
            self.failed = f"no block came for {GIVE_UP_MS // 60000} minutes"
        elif is_due(self._ask_at, now_ms):
            self._ask(now_ms)

    def wake_at(self) -> int | None:
        """When `wake` is wanted at the latest."""
        return self._work_at if self._wanted is None else self._ask_at

    def take_asks(self) -> list[BlockWanted]:
        """What to publish on up/get."""
        asks = self._asks
        self._asks = []
        return asks

    def stop(self) -> None:
        """End it wherever it is."""
        self._files.drop()

    # ---- blocks ----

    def _want(self, now_ms: int, file: int, size: int) -> None:
        self._wanted = (file, 0, size)
        self._go_on(now_ms)

    def _go_on(self, now_ms: int) -> None:
        """Ask for what comes next, or work on what is complete."""
        wanted = self._wanted
        if self.failed or wanted is None:
            return
        self._ask_at = None
        if wanted[1] == wanted[2]:
            self._wanted = None
            self._work_at = now_ms
        elif self._link_up:
            self._ask(now_ms)

    def _ask(self, now_ms: int) -> None:
        if self._wanted is not None:
            file, at, _ = self._wanted
            self._asks.append(BlockWanted(release=self.release, file=file, at=at))
            self._ask_at = ticks_add(now_ms, self._ask_ms)
            self._ask_ms = min(ASK_MS_MAX, 2 * self._ask_ms)

    # ---- work ----

    def _guard(self, now_ms: int, work) -> None:  # type: ignore[no-untyped-def]  # no Callable
        try:
            work(now_ms)
        except ManifestError as error:
            self.failed = str(error)
        except OSError as error:
            self.failed = f"flash: {error}"

    def _begin(self, now_ms: int) -> None:
        self._files.begin(COMING)
        self._want(now_ms, 0, self._manifest_bytes)

    def _work(self, now_ms: int) -> None:
        self._work_at = now_ms
        if self._stage == _MANIFEST:
            self._files.finish()
            self._stage = _SIGNATURE
            self._want(now_ms, 1, self._signature_bytes)
        elif self._stage == _SIGNATURE:
            self._stage = _VERIFY
        elif self._stage == _VERIFY:
            self._verify()
        elif self._stage == _SURVEY:
            self._survey()
        elif self._stage == _SWEEP:
            self._sweep()
        elif self._stage == _FOLDERS:
            self._remove_empty_folder()
        elif self._stage == _CHECK:
            self._check(now_ms)
        else:
            self._files.finish()
            self._prove()

    def _verify(self) -> None:
        pieces = self._files.pieces(COMING)
        if not verify(self._sha256, self._public_key, self._signature, pieces):
            self._files.remove(COMING)
            self.failed = "the signature is not of this hall's key (release.pub)"
            return
        release, _, mpy, at = read_head(self._files, COMING)
        if release != self.release:
            self.failed = f"the manifest is that of release {release}"
        elif mpy != self._mpy:
            self.failed = f"it is for .mpy {mpy}, this board has {self._mpy}: flash it anew"
        self._row_at = at
        self._next_at = at
        self._block_bytes, self._blocks = self._files.space()
        self._stage = _SURVEY

    def _survey(self) -> None:
        row = read_row(self._files, COMING, self._next_at)
        if row is not None:
            self._file += 1
            self.total_bytes += row[1]
            self._blocks -= -(-row[1] // self._block_bytes)
            self._blocks += -(-max(0, self._files.size(row[0])) // self._block_bytes)
            self._next_at = row[3]
            if self._file - _FIRST_FILE > FILES_MAX:
                self.failed = f"the manifest has more than {FILES_MAX} files"
            return
        lacking = SPARE_BYTES - self._blocks * self._block_bytes
        if lacking > 0:
            self.failed = f"does not fit: the flash has {lacking} bytes too few"
            return
        self._file = _FIRST_FILE
        self._next_at = self._row_at
        if self._files.size(MANIFEST) >= 0:
            self._files.remove(MANIFEST)
        self._pending = self._files.names("")
        self._stage = _SWEEP

    def _sweep(self) -> None:
        """One file or folder of what is in the slot."""
        if not self._pending:
            self._stage = _FOLDERS
            return
        path = self._pending.pop()
        if self._files.size(path) == FOLDER:
            self._folders.append(path)
            self._pending += self._files.names(path)
        elif path != COMING and not is_listed(self._files, COMING, path):
            self._files.remove(path)

    def _remove_empty_folder(self) -> None:
        # A folder with the name of a module would be imported in its place.
        if not self._folders:
            self._stage = _CHECK
            return
        path = self._folders.pop()  # inner ones were found after their outer ones
        if not self._files.names(path):
            self._files.remove(path)

    def _check(self, now_ms: int) -> None:
        """The next file: is it there, or to be fetched."""
        row = read_row(self._files, COMING, self._row_at)
        if row is None:
            self._complete()
            return
        self._path, size, self._digest, self._next_at = row
        if has(self._files, self._sha256, self._path, size, self._digest):
            self.done_bytes += size
            self._next_file()
        else:
            self._files.begin(self._path)
            self._stage = _FILE
            self._want(now_ms, self._file, size)

    def _prove(self) -> None:
        """What was fetched reads back as it should be."""
        size = self._files.size(self._path)
        self._stage = _CHECK
        if has(self._files, self._sha256, self._path, size, self._digest):
            self._next_file()
            return
        self.done_bytes -= size
        self._attempts += 1
        if self._attempts == ATTEMPTS_MAX:
            self.failed = f"{self._path}: is not what the manifest says"

    def _next_file(self) -> None:
        self._attempts = 0
        self._row_at = self._next_at
        self._file += 1

    def _complete(self) -> None:
        self._files.begin(SIGNATURE)
        self._files.append(self._signature)
        self._files.finish()
        self._files.rename(COMING, MANIFEST)
        self.done = True
