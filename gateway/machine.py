"""What a gateway process asks of its machine; the simulator hands in a machine of its own.

Rule: nothing else in `process`, `recovery` and the line to the broker reads a clock, draws by
chance, opens a disk or a socket, or ends the process. So the same code runs in virtual time.
"""

import ctypes
import os
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.broker.session import MakeSession, Session
from gateway.config import HallConfig
from gateway.hall import EVENTS
from gateway.journal.errors import JournalError
from gateway.journal.interface import EventJournal
from gateway.journal.store import Journal
from gateway.room import Room

# Raise it with every change of the engine's state or folds: older snapshots are then ignored.
STATE_VERSION = "5"
JOURNAL_NAME = "journal.sqlite"
TOKEN_BYTES = 16
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Larger than `struct timex`; all zeros asks without setting anything.
_TIMEX_BYTES = 512
_TIME_ERROR = 5


def steady_ms() -> int:
    """Milliseconds of a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000


def wall_ms() -> int:
    """Milliseconds since 1970 of the clock that anybody may set."""
    return time.time_ns() // 1_000_000


def wall_is_right() -> bool:
    """Whether the kernel vouches for the wall clock: a time service keeps it, and nobody set it.

    adjtimex(2): TIME_ERROR means "not synchronised", and so does a call that fails.
    """
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return 0 <= state < _TIME_ERROR


def boot() -> str:
    """The name of this boot of the machine, "" when it has none."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def make_ticket_token() -> str:
    """128 random bits: the key of a ticket's own page."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def open_journal(config: HallConfig, data: Path) -> Journal:
    """The hall's journal in the folder `data`, which is made if need be. Raises JournalError."""
    try:
        data.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise JournalError(
            f"{data} cannot be made: {error.strerror}: give a folder you may write with --data"
        ) from error
    return open_journal_file(config, data / JOURNAL_NAME)


def open_journal_file(config: HallConfig, path: Path) -> Journal:
    """The hall's journal at `path`. Raises JournalError; JournalTooNew before it touches it."""
    kinds = {kind: event.VERSION for kind, event in EVENTS.items()}
    return Journal.open(path, hall=config.hall.id, state_version=STATE_VERSION, kinds=kinds)


@dataclass(frozen=True, slots=True)
class Machine:
    """`exit_now` ends the process without clean-up: at-exit handlers and other threads could still
    send acknowledgements for what is not on the disk, or hang on a broken disk."""

    steady_ms: Callable[[], int] = steady_ms
    wall_ms: Callable[[], int] = wall_ms
    wall_is_right: Callable[[], bool] = wall_is_right
    boot: Callable[[], str] = boot
    make_token: Callable[[], str] = make_ticket_token
    uniform: Callable[[float, float], float] = random.uniform
    open_journal: Callable[[HallConfig, Path], EventJournal] = open_journal
    make_session: MakeSession = Session
    room: Callable[[Path], Room] = Room
    exit_now: Callable[[int], object] = os._exit
