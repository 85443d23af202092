"""How the command speaks: sentences for people, JSON for programs, one exit code per kind of end.

Rules: results go to stdout, everything else to stderr; an operator's mistake is one sentence that
says what to do, never a stack trace.
"""

import contextlib
import io
import json
import logging
import sys
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import TextIO, cast

import structlog
import typer

from gateway.audit import AuditError, AuditLog, at_the_keyboard
from gateway.hallfile import HallFileError
from gateway.journal.backup import BackupError
from gateway.journal.errors import JournalDamaged, JournalError, JournalFailed, JournalLocked
from gateway.privacy.keys import PrivacyError
from gateway.releases.keys import KeyFolderError, KeyMustNotSignError
from gateway.releases.release import ReleaseError
from gateway.web.secret_file import SecretFileError
from gateway.web.server import BindError


class Exit(IntEnum):
    """What a script can tell from the end; 2 is a wrong command line, by typer."""

    OK = 0
    FAILED = 1  # what was checked is not right
    CONFIG = 3  # hall file, token file, folder
    PORT = 4  # the address cannot be listened on
    LOCKED = 5  # another gateway runs on this data
    DAMAGED = 6  # the journal must be restored
    KEY = 7  # the signing key is a copy, or used up
    NO_COPY = 8  # no copy of the journal could be made
    NO_BOARD = 10  # no port, not allowed to use it, or in use
    WRONG_BOARD = 11  # another chip, or its certificate is on another board
    NOT_WRITTEN = 12  # the cable, the chip or the flash: run the same command again
    SELF_TEST = 13  # a light, a key, the network or the broker
    GATEWAY = 14  # it does not answer, refuses, or does not see the node
    JOURNAL_FAILED = 70  # a write failed while running: start again
    INTERRUPTED = 130  # Ctrl-C


class OperatorError(Exception):
    """A mistake that the person at the keyboard can put right."""

    def __init__(self, message: str, code: Exit = Exit.CONFIG) -> None:
        super().__init__(message)
        self.code = code


def say(text: str) -> None:
    """A line of the result."""
    typer.echo(text)


def say_json(value: object) -> None:
    """The result for a program."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def note(data: Path, action: str, target: str, result: str = "done") -> None:
    """Keep in the audit log what the person at the keyboard has done. Raises AuditError."""
    AuditLog(data).note(at_the_keyboard(), action, target, result)


@contextlib.contextmanager
def told_plainly(as_json: bool = False) -> Iterator[None]:
    """Turn an operator's mistake into its sentence and exit code."""
    try:
        yield
    except (
        HallFileError,
        JournalError,
        BindError,
        SecretFileError,
        PrivacyError,
        AuditError,
        KeyFolderError,
        ReleaseError,
        OperatorError,
    ) as error:
        if as_json:
            say_json({"ok": False, "error": str(error)})
        else:
            typer.echo(f"hallkit: {error}", err=True)
        raise typer.Exit(_code_of(error)) from error


def _code_of(error: Exception) -> Exit:
    match error:
        case OperatorError():
            return error.code
        case BindError():
            return Exit.PORT
        case JournalLocked():
            return Exit.LOCKED
        case JournalDamaged() | AuditError():
            return Exit.DAMAGED
        case KeyMustNotSignError():
            return Exit.KEY
        case BackupError():
            return Exit.NO_COPY
        case JournalFailed():
            return Exit.JOURNAL_FAILED
        case _:
            return Exit.CONFIG


class _Stderr(io.TextIOBase):
    """Standard error as it is now; a hall goes on when nobody can read its log any more."""

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):  # a broken pipe, a full disk, closed
            return sys.stderr.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def set_up_log(as_json: bool) -> None:
    """Log to stderr: lines for people at a terminal, JSON for a service manager."""
    pretty = sys.stderr.isatty() and not as_json
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if pretty
        else structlog.processors.JSONRenderer()
    )
    end = [renderer] if pretty else [structlog.processors.format_exc_info, renderer]
    structlog.configure(
        processors=[*shared, *end],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Stderr())),
    )
    # Libraries that use the standard logging: their warnings in the same place.
    logging.basicConfig(level=logging.WARNING, stream=_Stderr(), format="%(name)s: %(message)s")
