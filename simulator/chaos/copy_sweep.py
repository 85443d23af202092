"""kill -9 before every write and sync of `hallkit journal backup` and of `hallkit restore`.

After a kill of the one: every finished copy is sound, the journal is as it was, and the next run
makes the copy. After a kill of the other: no gateway starts on half of it, the damaged journal is
still there under some name, and the next run brings back every record.
"""

import hashlib
import random
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.journal.backup import Copy, back_up, copies_in
from gateway.journal.errors import JournalError
from gateway.journal.records import NewRecord, Record
from gateway.journal.store import Journal
from gateway.journal.verify import verify
from gateway.machine import JOURNAL_NAME
from simulator.chaos.journal_writer import HALL, START_MS, open_alone
from simulator.chaos.points import Point, choose
from simulator.chaos.processes import Zygote
from simulator.chaos.strace import count_calls, count_words
from simulator.chaos.tally import Tally, say

BACKUP, RESTORE, FIRST, LATER = "copy-backup", "copy-restore", "first", "later"
KEEP = 2


class CopySweep:
    """One hall with a journal, a medium, and a process that is killed."""

    def __init__(self, zygote: Zygote, folder: Path, tally: Tally) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._zygote, self._folder, self._tally = zygote, folder, tally
        self._runs = 0

    async def backup(self, point: Point | None, life: str) -> dict[str, int]:
        """Kill it at that point; without one count its calls."""
        data, medium = self._hall(copies=0 if life == FIRST else KEEP)
        before = _digest(data)
        words = ["journal", "backup", str(data / JOURNAL_NAME), "--to", str(medium)]
        words += ["--keep", str(KEEP), "--same-disk"]

        def problems() -> list[str]:
            found = [f"P1: {copy.path.name} is not sound" for copy in _unsound(medium)]
            if life == LATER and len(copies_in(medium)) < KEEP - 1:
                found.append("P1: there are fewer copies than a kill may cost")
            if _digest(data) != before:
                found.append("P1: the journal was changed by copying it")
            return found

        counted = await self._killed(words, point, problems)
        status = await self._run(words)
        last = verify(data / JOURNAL_NAME).sound_records
        if status != 0 or [copy.seq for copy in copies_in(medium)][:1] != [last] or problems():
            self._tally.found(str(point), [f"P1: the next copy fails: {status}, {problems()}"])
        return counted

    async def restore(self, point: Point | None, life: str) -> dict[str, int]:
        """As `backup`; `life` "first" has a damaged journal, "later" none at all."""
        data, medium = self._hall(copies=KEEP)
        journal = data / JOURNAL_NAME
        whole = [record.hash for record in _records(journal)]
        if life == FIRST:
            content = bytearray(journal.read_bytes())
            content[content.index(b'"first":3,')] ^= 1
            journal.write_bytes(content)
        else:
            journal.unlink()
            whole = whole[: copies_in(medium)[0].seq]
        words = ["restore", "--from", str(medium), "--data", str(data)]

        def problems() -> list[str]:
            if life == LATER and not journal.exists():
                return []  # as before it
            try:
                found = [record.hash for record in _records(journal)]
            except JournalError:
                kept = journal.exists() or list(data.glob(f"{JOURNAL_NAME}.damaged-*"))
                return [] if kept or life == LATER else ["P1: the damaged journal is gone"]
            return [] if found == whole else ["P1: a gateway starts on half a journal"]

        counted = await self._killed(words, point, problems)
        status = await self._run(words)
        # A restore that was killed after its last step has nothing left to do.
        if status not in (0, 3) or [record.hash for record in _records(journal)] != whole:
            self._tally.found(str(point), [f"P1: the next restore fails: {status}"])
        return counted

    async def _killed(
        self, words: Sequence[str], point: Point | None, problems: Callable[[], list[str]]
    ) -> dict[str, int]:
        strace = count_words() if point is None else point.words(self._folder, ())
        status = await self._run(words, strace)
        if point is None:
            return count_calls(self._log().with_name(self._log().name + ".strace"))
        if status == -signal.SIGKILL:
            self._tally.tried(str(point), problems())
        else:
            self._tally.count("points not reached")
        return {}

    async def _run(self, words: Sequence[str], strace: Sequence[str] = ()) -> int:
        child = await self._zygote.run("gateway", words, self._log(), strace)
        return await child.wait()

    def _log(self) -> Path:
        return self._folder / f"copy-{self._runs}.log"

    def _hall(self, copies: int) -> tuple[Path, Path]:
        """A journal of which `copies` were made, each a little older; and records after them."""
        self._runs += 1
        data, medium = self._folder / f"data-{self._runs}", self._folder / f"medium-{self._runs}"
        template = self._folder / f"template-{copies}"
        if not template.exists():
            _make_hall(template / "data", template / "medium", copies)
        shutil.copytree(template / "data", data)
        shutil.copytree(template / "medium", medium)
        return data, medium


def _make_hall(data: Path, medium: Path, copies: int) -> None:
    data.mkdir(parents=True)
    medium.mkdir()
    journal = open_alone(data)
    for part in range(copies + 1):
        _append(journal, 5)
        if part < copies:
            back_up(journal.path, medium, KEEP, same_disk=True)
    journal.close()


def _append(journal: Journal, count: int) -> None:
    first = journal.last_seq + 1
    journal.append(
        [
            NewRecord(START_MS + n, "calling.made_up", 1, {"first": n, "text": "x" * 900}, "clock")
            for n in range(first, first + count)
        ]
    )


def _records(path: Path) -> list[Record]:
    journal = Journal.open(path, hall=HALL)
    try:
        return list(journal.read())
    finally:
        journal.close()


def _unsound(medium: Path) -> list[Copy]:
    return [copy for copy in copies_in(medium) if verify(copy.path).sound_records != copy.seq]


def _digest(data: Path) -> str:
    return hashlib.sha256((data / JOURNAL_NAME).read_bytes()).hexdigest()


async def kill_copies(
    tally: Tally, folder: Path, limit: int, seed: int, plant: str, only: Point | None
) -> None:
    """Kill at about `limit` points, or at that one."""
    async with Zygote.warm("gateway", plant=plant) as zygote:
        sweep = CopySweep(zygote, folder, tally)
        runs = {BACKUP: sweep.backup, RESTORE: sweep.restore}
        points = [] if only is None else [only]
        for target, run in runs.items() if only is None else ():
            for life in (FIRST, LATER):
                counted = await run(None, life)
                say(f"  {target} {life}: {sum(counted.values())} calls that write or sync")
                points += choose(target, life, counted, limit // 4)
        random.Random(seed).shuffle(points)
        for point in points:
            await runs[point.target](point, point.life)
