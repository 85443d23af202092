"""The disks that a power cut may leave: every way to lose, tear and reorder what was not synced.

The model (after Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014):
- until a file is synced, each 512-byte sector of each write to it may be there or not, whatever
  was written before or after it; what was synced is there;
- a length may grow before the data is there (zeros), or not at all;
- names (created, renamed, unlinked) are durable once their folder is synced; a new file's own sync
  keeps its name too, as on ext4. Before that they may be there up to any point, in order.
Rules: pure; chance comes in as `rng`; the same choice is made once.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from simulator.chaos.trace import Step

SECTOR = 512

Image = dict[str, bytes]


@dataclass(eq=False)
class _File:
    durable: bytes = b""
    pending: list[Step] = field(default_factory=list)

    def sync(self) -> None:
        self.durable = apply(self.durable, self.pending)
        self.pending = []


@dataclass(frozen=True)
class _Name:
    """A change of a name that is not durable yet."""

    what: str  # link, rename, unlink
    path: str
    other: str
    file: _File


def apply(content: bytes, steps: Sequence[Step]) -> bytes:
    """What a file holds after these writes and truncations; gaps are zeros."""
    held = bytearray(content)
    for step in steps:
        if step.what == "truncate":
            del held[step.offset :]
            held.extend(bytes(step.offset - len(held)))
        else:
            held.extend(bytes(max(0, step.offset - len(held))))
            held[step.offset : step.offset + len(step.data)] = step.data
    return bytes(held)


class Disk:
    """One folder, step by step."""

    def __init__(self) -> None:
        self._now: dict[str, _File] = {}
        self._durable: dict[str, _File] = {}
        self._names: list[_Name] = []

    def take(self, step: Step) -> None:
        """The program does this."""
        if step.what == "create":
            if step.path not in self._now:
                self._now[step.path] = _File()
                self._names.append(_Name("link", step.path, "", self._now[step.path]))
        elif step.what == "rename":
            file = self._now[step.other] = self._now.pop(step.path)
            self._names.append(_Name("rename", step.path, step.other, file))
        elif step.what == "unlink":
            file = self._now.pop(step.path)
            self._names.append(_Name("unlink", step.path, "", file))
        elif step.what == "sync_folder":
            self._keep_names(len(self._names))
        elif step.what == "sync":
            self._sync(step.path)
        elif step.what in ("write", "truncate") and step.path in self._now:
            self._now[step.path].pending.append(step)

    def _sync(self, path: str) -> None:
        file = self._now.get(path)
        if file is None:
            return  # unlinked while it was open
        file.sync()
        linked = [n for n, name in enumerate(self._names) if name.file is file]
        if linked and self._names[linked[0]].what == "link":
            self._keep_names(linked[0] + 1)

    def _keep_names(self, count: int) -> None:
        self._durable = self._names_after(count)
        del self._names[:count]

    def _names_after(self, count: int) -> dict[str, _File]:
        names = dict(self._durable)
        for name in self._names[:count]:
            if name.what == "link":
                names[name.path] = name.file
            elif name.what == "rename":
                names.pop(name.path, None)
                names[name.other] = name.file
            else:
                names.pop(name.path, None)
        return names

    def image_now(self) -> Image:
        """What a reader finds now, without any cut."""
        return {path: apply(file.durable, file.pending) for path, file in self._now.items()}

    def choices(self, rng: random.Random, chances: int) -> list["Choice"]:
        """What a cut of power now may leave: all by rule, and `chances` of them by chance."""
        made: list[Choice] = []
        for count in range(len(self._names), -1, -1):
            names = self._names_after(count)
            pending = [path for path, file in names.items() if file.pending]
            made.append(Choice(names, {}))
            made.append(Choice(names, dict.fromkeys(pending, (NOTHING, 0, 0))))
            if count in (0, len(self._names)):
                for path in pending:
                    made += [Choice(names, {path: how}) for how in _rules(names[path])]
        for _ in range(chances if any(file.pending for file in self._now.values()) else 0):
            names = self._names_after(rng.randint(0, len(self._names)))
            seeds = {
                path: (CHANCE, rng.getrandbits(32), 0)
                for path, file in names.items()
                if file.pending
            }
            made.append(Choice(names, seeds))
        return made


# What becomes of a file's pending writes: (how, place, byte).
How = tuple[str, int, int]
NOTHING, PREFIX, ALONE, WITHOUT, STRETCHED, HEAD, TAIL, CHANCE = (
    "nothing",
    "prefix",
    "alone",
    "without",
    "stretched",
    "head",
    "tail",
    "chance",
)


@dataclass(frozen=True)
class Choice:
    """One disk that may be left. Good until the next step is taken: `image` makes it real."""

    names: dict[str, _File]
    hows: dict[str, How]  # of the files that do not keep all

    def image(self) -> Image:
        """The files and what they hold."""
        return {path: _content(file, self.hows.get(path)) for path, file in self.names.items()}


def _rules(file: _File) -> Iterator[How]:
    """Each prefix, each write alone, all but each, the last one torn at each sector."""
    for place in range(len(file.pending)):
        yield from ((how, place, 0) for how in (PREFIX, ALONE, WITHOUT, STRETCHED))
    last = file.pending[-1]
    if last.what == "write":
        first = (last.offset + SECTOR) // SECTOR * SECTOR
        for edge in range(first, last.offset + len(last.data), SECTOR):
            yield (HEAD, len(file.pending) - 1, edge - last.offset)
            yield (TAIL, len(file.pending) - 1, edge - last.offset)


def _content(file: _File, how: How | None) -> bytes:
    pending = file.pending
    if how is None:
        return apply(file.durable, pending)
    what, place, at = how
    if what == CHANCE:
        return _by_chance(file, random.Random(place))
    before = pending[:place]
    if what == NOTHING:
        return file.durable
    if what == PREFIX:
        return apply(file.durable, before)
    if what == ALONE:
        return apply(file.durable, [pending[place]])
    if what in (WITHOUT, STRETCHED):
        content = apply(file.durable, before + pending[place + 1 :])
        # Stretched: the length is there and the data is not.
        missing = len(apply(file.durable, pending)) - len(content) if what == STRETCHED else 0
        return content + bytes(max(0, missing))
    torn = pending[place]
    if what == HEAD:
        piece = Step("write", torn.path, offset=torn.offset, data=torn.data[:at])
    else:
        piece = Step("write", torn.path, offset=torn.offset + at, data=torn.data[at:])
    return apply(file.durable, [*before, piece])


def _by_chance(file: _File, rng: random.Random) -> bytes:
    """Every sector of every write there or not; sometimes a whole file of one mind."""
    likely = rng.choice((0.1, 0.5, 0.9))
    kept: list[Step] = []
    for step in file.pending:
        if step.what == "truncate":
            if rng.random() < likely:
                kept.append(step)
            continue
        end = step.offset + len(step.data)
        start = step.offset
        while start < end:
            edge = min(end, (start + SECTOR) // SECTOR * SECTOR)
            if rng.random() < likely:
                piece = step.data[start - step.offset : edge - step.offset]
                kept.append(Step("write", step.path, offset=start, data=piece))
            start = edge
    content = apply(file.durable, kept)
    if rng.random() < 0.3:
        whole = len(apply(file.durable, file.pending))
        content += bytes(max(0, whole - len(content)))
    return content
