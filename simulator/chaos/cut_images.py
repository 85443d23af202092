"""Power cuts: a program is recorded once, and every disk that a cut may leave is really opened.

Recorded is the unmodified gateway under its small load (its own words on the wire say what it had
promised by then), started, stopped, started and stopped; and the journal alone with big records,
so that the write-ahead log is folded back on the way. Each image must open by the real recovery,
hold all that was promised by then, and be a beginning of the true history that ends at a whole
decision. With `synchronous=NORMAL`, or a rollback journal with FULL, it must not: see tests.
"""

import asyncio
import hashlib
import json
import random
import re
import shutil
import signal
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from gateway.audit import FILE_NAME as AUDIT_NAME
from gateway.config import HallConfig
from gateway.journal.errors import JournalError
from gateway.machine import JOURNAL_NAME, Machine, open_journal
from gateway.recovery import recover
from gateway.room import BALLAST_NAME
from simulator.chaos.images import Disk, Image
from simulator.chaos.journal_writer import open_alone
from simulator.chaos.processes import Zygote
from simulator.chaos.site import Site
from simulator.chaos.tally import Tally, say
from simulator.chaos.trace import RECORD_WORDS, Step, TraceError, read_trace

MEMORY = Path("/dev/shm")  # noqa: S108  # only images of made-up halls, in folders of their own
LIFE_S = 1.5
LIFE_S_MAX, IMAGES_PER_S = 5.0, 5000  # a longer life for many images
ROUNDS_MAX = 12
CHANCES = 12  # disks made by chance for each step, besides those by rule
BATCHES, TEXT_BYTES = 160, 12_000
DISK_STEPS = ("write", "truncate", "sync", "sync_folder", "create", "rename", "unlink")
# No part of what the hall remembers; a torn ballast and a torn line of the audit log are tests of
# their own.
NO_DISK = (".lock", "-shm", BALLAST_NAME, AUDIT_NAME)
_ACK = re.compile(rb"/([a-z0-9-]+)/down/ack..(\{[^}]*\})", re.DOTALL)
_TICKET = re.compile(rb"[0-9]{8}-[A-Z][0-9]{3}")
_EPOCH = re.compile(rb'"epoch":([0-9]+)')
_DURABLE = re.compile(rb"durable ([0-9]+)")


@dataclass(frozen=True)
class Recording:
    """A program's steps, the history it ended with, and how much of it each step had promised."""

    name: str
    steps: list[Step]
    hashes: list[bytes]
    whole: frozenset[int]  # numbers of records after which a decision is whole
    promised: list[int]  # by step
    config: HallConfig | None  # recover a hall from it; None: a journal only


async def record_gateway(site: Site, zygote: Zygote, life_s: float) -> Recording:
    """Two lives of a gateway under load."""
    data = site.folder / "recorded"
    load = site.load(data)
    recordings = []
    for life in range(2):
        log = site.folder / f"recorded-{life}.log"
        child = await zygote.run("gateway", site.gateway_words(data), log, RECORD_WORDS)
        if life == 0:
            await load.start()
        await asyncio.sleep(life_s)
        child.signal(signal.SIGTERM)
        assert await child.wait() == 0, child.last_words()
        recordings.append(log.with_name(log.name + ".strace"))
    await load.stop()
    return _recording("gateway", recordings, data, site.config)


async def record_journal(zygote: Zygote, folder: Path) -> Recording:
    """A journal that is folded back while it is written."""
    data, log = folder / "journal", folder / "journal.log"
    data.mkdir(parents=True)
    words = [str(data), str(BATCHES), str(TEXT_BYTES)]
    child = await zygote.run("journal", words, log, RECORD_WORDS)
    assert await child.wait(120) == 0, child.last_words()
    return _recording("journal", [log.with_name(log.name + ".strace")], data, None)


def _recording(
    name: str, recordings: Sequence[Path], data: Path, config: HallConfig | None
) -> Recording:
    with closing(sqlite3.connect(data / JOURNAL_NAME)) as connection:
        rows = connection.execute(
            "SELECT seq, kind, cause, data, hash FROM events ORDER BY seq"
        ).fetchall()
    steps = read_trace(recordings, data, NO_DISK)
    _check_understood(steps, data)
    reached, whole = {}, {0}
    for seq, kind, cause, text, _ in rows:
        body = json.loads(text)
        if kind == "core.report_settled":
            reached[f"{body['node']}:{body['boot']}:{body['seq']}"] = seq
        elif kind == "calling.ticket_issued":
            reached[body["ticket"]] = seq
        elif kind == "core.gateway_started":
            reached[str(body["epoch"])] = seq
        if (kind.endswith("_settled") and kind.startswith("core.")) or cause in ("clock", "start"):
            whole.add(seq)
    return Recording(
        name,
        steps,
        [row[4] for row in rows],
        frozenset(whole),
        _promises(steps, reached),
        config,
    )


def _check_understood(steps: Sequence[Step], data: Path) -> None:
    """The steps, carried out, make the very files that are there. Raises TraceError."""
    disk = Disk()
    for step in steps:
        disk.take(step)
    image = disk.image_now()
    there = {path.name for path in data.iterdir() if not path.name.endswith(NO_DISK)}
    if image.keys() != there:
        raise TraceError(f"recorded were {sorted(image)}, there are {sorted(there)}")
    for name, content in image.items():
        if (data / name).read_bytes() != content:
            raise TraceError(f"{name} is not what was recorded of it")


def _promises(steps: Sequence[Step], reached: dict[str, int]) -> list[int]:
    """How many records had been promised to somebody when each step was taken."""
    promised, so_far = [], 0
    for step in steps:
        if step.what == "said":
            for name in _names_in(step.data):
                so_far = max(so_far, reached.get(name, 0))
            for number in _DURABLE.findall(step.data):
                so_far = max(so_far, int(number))
        promised.append(so_far)
    return promised


def _names_in(said: bytes) -> list[str]:
    """What words on the wire prove to have been decided."""
    names = [found.decode() for found in _TICKET.findall(said)]
    names += [found.decode() for found in _EPOCH.findall(said)]
    for node, body in _ACK.findall(said):
        ack = json.loads(body)
        names.append(f"{node.decode()}:{ack['boot']}:{ack['seq']}")
    return names


class Cutter:
    """Opens images of one recording."""

    def __init__(self, recording: Recording, tally: Tally, seed: int) -> None:
        self._recording, self._tally = recording, tally
        self._rng = random.Random(seed)
        self._seen: set[bytes] = set()
        self._tried = 0

    def run(self, limit: int) -> None:
        """So many images, spread over all steps; fewer when there are no more of them."""
        for _ in range(ROUNDS_MAX):
            if self._tried < limit:
                self._round(limit - self._tried)

    def _round(self, limit: int) -> None:
        """Once through all steps; what was seen before is left out."""
        steps, disk = self._recording.steps, Disk()
        places = [n for n, step in enumerate(steps) if step.what in DISK_STEPS]
        ends = [*places[1:], len(steps)]
        tried = 0
        with tempfile.TemporaryDirectory(prefix="hallkit-cut-", dir=_memory()) as name:
            for count, (place, end) in enumerate(zip(places, ends, strict=True), 1):
                disk.take(steps[place])
                # What is said before the next step on the disk is said on this one.
                promised = self._recording.promised[end - 1]
                choices = disk.choices(self._rng, CHANCES)
                self._rng.shuffle(choices)
                due = limit * count // len(places)
                for choice in choices:
                    if tried >= due:
                        break
                    image = choice.image()
                    if self._is_new(image, promised):
                        tried += 1
                        self._tally.tried(
                            f"images: {self._recording.name}, step {place}, {choice.hows}",
                            self._open(image, promised, Path(name) / str(tried)),
                        )
        self._tried += tried

    def _is_new(self, image: Image, promised: int) -> bool:
        digest = hashlib.sha256(f"{promised}".encode())
        for path in sorted(image):
            digest.update(f"\n{path} {len(image[path])}\n".encode())
            digest.update(image[path])
        known = digest.digest() in self._seen
        self._seen.add(digest.digest())
        return not known

    def _open(self, image: Image, promised: int, folder: Path) -> list[str]:
        folder.mkdir()
        for path, content in image.items():
            (folder / path).write_bytes(content)
            (folder / path).chmod(0o600)
        try:
            hashes, notices = self._recovered(folder)
        except JournalError as error:
            return [f"P10: a power cut stops the start: {type(error).__name__}: {error}"]
        finally:
            shutil.rmtree(folder)
        if any("torn tail" in notice for notice in notices):
            self._tally.count("torn tails cut and reported")
        if hashes != self._recording.hashes[: len(hashes)]:
            return ["P1: what is there never happened so"]
        if len(hashes) < promised:
            return [f"P1: {promised} records were promised, {len(hashes)} are there"]
        if len(hashes) not in self._recording.whole:
            return [f"P9: half a decision: it ends with record {len(hashes)}"]
        return []

    def _recovered(self, folder: Path) -> tuple[list[bytes], list[str]]:
        """Hashes of all records after the start, without that of the start itself."""
        config = self._recording.config
        if config is None:
            journal = open_alone(folder)
            try:
                return [record.hash for record in journal.read()], journal.notices
            finally:
                journal.close()
        journal = open_journal(config, folder)
        try:
            recover(config, journal, Machine())
            return [record.hash for record in journal.read()][:-1], journal.notices
        finally:
            journal.close()


def _memory() -> Path | None:
    return MEMORY if MEMORY.is_dir() else None


async def cut_images(tally: Tally, folder: Path, limit: int, seed: int, plant: str) -> None:
    """`limit` images: three of four of the gateway, the rest of the journal alone."""
    async with Site.open(folder) as site, Zygote.warm("gateway", "journal", plant=plant) as zygote:
        life_s = min(LIFE_S_MAX, LIFE_S + limit / IMAGES_PER_S)
        recordings = [
            await record_gateway(site, zygote, life_s),
            await record_journal(zygote, folder),
        ]
    for recording, share in zip(recordings, (limit * 3 // 4, limit // 4), strict=True):
        say(
            f"  {recording.name}: {len(recording.steps)} steps, {len(recording.hashes)} records, "
            f"{recording.promised[-1]} of them promised"
        )
        Cutter(recording, tally, seed).run(share)
