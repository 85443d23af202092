"""Reads SQLite's write-ahead log before SQLite does, to tell a torn tail from a torn middle.

SQLite silently drops everything from the first bad frame on. That is right for the transaction a
power cut interrupted, and wrong for events that were committed, acknowledged and then damaged on
the disk. The difference: with synchronous=FULL nothing is written after a commit before it is
durable, so frames that follow a commit prove that commit was durable.

Rules: only reads. Format: https://www.sqlite.org/fileformat2.html#walformat (a 32-byte header,
then per page a 24-byte frame header and the page; a running checksum; frames left over from an
earlier round carry other salts). A damaged last commit cannot be told from an interrupted one.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

_HEADER = struct.Struct(">IIIIIIII")  # magic, version, page bytes, round, salts, checksums
_FRAME = struct.Struct(">IIIIII")  # page number, pages after commit or 0, salts, checksums
_MAGIC_LITTLE, _MAGIC_BIG = 0x377F0682, 0x377F0683
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class WalReport:
    """What a write-ahead log holds.

    `committed_frames`: what SQLite will keep. `dropped_frames`: what a power cut or a kill left
    unfinished and SQLite drops, the last one perhaps incomplete. `lost_commit`: among those
    dropped is a transaction that had been committed.
    """

    committed_frames: int = 0
    dropped_frames: int = 0
    lost_commit: bool = False


def inspect(wal: Path) -> WalReport:
    """Look at the write-ahead log at `wal`; a missing one holds nothing."""
    try:
        return inspect_bytes(wal.read_bytes())
    except FileNotFoundError:
        return WalReport()


def inspect_bytes(log: bytes) -> WalReport:
    """Look at the bytes of a write-ahead log."""
    if len(log) < _HEADER.size:
        return WalReport()
    magic, _, page_bytes, _, salt1, salt2, *sums = _HEADER.unpack_from(log)
    order = {_MAGIC_LITTLE: "<", _MAGIC_BIG: ">"}.get(magic)
    if order is None or _checksum(log[:24], (0, 0), order) != tuple(sums):
        return _without_header(log, salt1, salt2)
    committed = _committed(log, page_bytes, (salt1, salt2), (sums[0], sums[1]), order)
    step = _FRAME.size + page_bytes
    dropped, commit_seen, lost = 0, False, False
    index = committed
    while _HEADER.size + index * step + _FRAME.size <= len(log):
        _, commit, *salts = _FRAME.unpack_from(log, _HEADER.size + index * step)[:4]
        index += 1
        if salts == [salt1, salt2]:
            lost = lost or commit_seen
            commit_seen = commit_seen or commit > 0
            dropped = index - committed
    if len(log) > _HEADER.size + index * step:
        dropped = index - committed + 1
    return WalReport(committed, dropped, lost)


def _committed(
    log: bytes, page_bytes: int, salts: tuple[int, int], sums: tuple[int, int], order: str
) -> int:
    """How many frames, from the first on, are sound and closed by a commit."""
    step, index, committed = _FRAME.size + page_bytes, 0, 0
    while (start := _HEADER.size + index * step) + step <= len(log):
        page, commit, salt1, salt2, *stored = _FRAME.unpack_from(log, start)
        if page == 0 or (salt1, salt2) != salts:
            break
        sums = _checksum(log[start : start + 8], sums, order)
        sums = _checksum(log[start + _FRAME.size : start + step], sums, order)
        if sums != tuple(stored):
            break
        index += 1
        if commit:
            committed = index
    return committed


def _without_header(log: bytes, salt1: int, salt2: int) -> WalReport:
    """A bad header makes SQLite drop the whole log.

    A header torn while a new round began has new salts, and the frames behind it were folded back
    before. Frames that share a salt with it were written after it was whole: they are lost.
    """
    if len(log) < _HEADER.size + _FRAME.size:
        return WalReport()
    first = _FRAME.unpack_from(log, _HEADER.size)
    return WalReport(0, 1, first[2] == salt1 or first[3] == salt2)


def _checksum(part: bytes, start: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = start
    words = iter(struct.unpack(f"{order}{len(part) // 4}I", part))
    for even, odd in zip(words, words, strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second
