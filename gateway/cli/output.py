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
from typing import TextIO, cast

import structlog
import typer

from gateway.hallfile import HallFileError
from gateway.journal.errors import JournalDamaged, JournalError, JournalLocked
from gateway.web.server import BindError
from gateway.web.tokens import TokenFileError


class Exit(IntEnum):
    """What a script can tell from the end; 2 is a wrong command line, by typer."""

    OK = 0
    FAILED = 1  # what was checked is not right
    CONFIG = 3  # hall file, token file, folder
    PORT = 4  # the address cannot be listened on
    LOCKED = 5  # another gateway runs on this data
    DAMAGED = 6  # the journal must be restored
    JOURNAL_FAILED = 70  # a write failed while running: start again


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


@contextlib.contextmanager
def told_plainly(as_json: bool = False) -> Iterator[None]:
    """Turn an operator's mistake into its sentence and exit code."""
    try:
        yield
    except (
        HallFileError,
        JournalError,
        BindError,
        TokenFileError,
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
        case JournalDamaged():
            return Exit.DAMAGED
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
