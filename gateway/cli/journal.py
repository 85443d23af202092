"""`hallkit journal`: prove it, export it, replay it, copy it; `hallkit restore`: bring it back."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.audit import AuditError
from gateway.cli.output import Exit, OperatorError, note, say, say_json, told_plainly
from gateway.core.clock import HallClock
from gateway.engine import Engine
from gateway.hallfile import load_hall_file
from gateway.journal.backup import KEEP, back_up
from gateway.journal.export import export
from gateway.journal.restore import RestoreReport, restore
from gateway.journal.verify import verify
from gateway.machine import JOURNAL_NAME, make_ticket_token, open_journal_file
from gateway.recovery import fold_all

NICE = 10  # a copy can always wait for a press

app = typer.Typer(help="Prove, export, replay and copy a journal.", no_args_is_help=True)
JournalFile = Annotated[Path, typer.Argument(help="The journal file, DATA/journal.sqlite.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs.")]


@app.command("verify")
def verify_command(journal: JournalFile, json_output: AsJson = False) -> None:
    """Prove every record; exit code 6 when the journal is damaged."""
    with told_plainly(json_output):
        report = verify(journal)
    if json_output:
        say_json(
            {
                "ok": report.sound,
                "hall": report.hall,
                "records": report.sound_records,
                "last_hash": report.last_hash.hex(),
                "first_bad": report.first_bad,
                "problem": report.problem,
                "advice": report.advice,
                "notices": report.notices,
            }
        )
    else:
        say(report.text())
    if not report.sound:
        raise typer.Exit(Exit.DAMAGED)


@app.command("export")
def export_command(
    journal: JournalFile,
    output: Annotated[Path | None, typer.Option(help="A file; else standard output.")] = None,
) -> None:
    """Write all records as lines of JSON."""
    with told_plainly():
        _note(journal, "journal exported", "standard output" if output is None else str(output))
        if output is None:
            export(journal, sys.stdout)
            return
        part = output.with_name(output.name + ".part")
        try:
            with part.open("w", encoding="utf-8") as file:
                count = export(journal, file)
            part.replace(output)
        except OSError as error:
            raise OperatorError(f"{output}: cannot be written: {error.strerror}") from error
        say(f"{output}: {count} records")


@app.command("replay")
def replay_command(
    journal: JournalFile,
    hall: Annotated[Path, typer.Option(help="The hall file (TOML).")],
    until: Annotated[int | None, typer.Option(help="Stop after this record.")] = None,
    json_output: AsJson = False,
) -> None:
    """Fold all records anew and tell the hall as it was then. The gateway must not be running."""
    with told_plainly(json_output):
        config = load_hall_file(hall)
        if not journal.exists():
            raise OperatorError(f"{journal} does not exist: give the path of a journal")
        opened = open_journal_file(config, journal)
        try:
            last_ms = opened.last_at_ms
            clock = HallClock.start(wall_ms=last_ms, steady_ms=0, last_event_ms=last_ms)
            engine = Engine(config, clock, make_ticket_token)
            fold_all(engine, opened, until)
            view = engine.hall_view(0)
        finally:
            opened.close()
    if json_output:
        say_json({"ok": True, **view})
        return
    totals = view["totals"]
    assert isinstance(totals, dict)
    say(f"{journal}: after record {view['seq']}, day {view['date'] or 'not opened'}")
    for name in ("issued", "waiting", "served", "missed", "cancelled"):
        say(f"  {name:10} {totals[name]}")


@app.command("backup")
def backup_command(
    journal: JournalFile,
    to: Annotated[Path, typer.Option(help="The folder on the second medium.")],
    keep: Annotated[int, typer.Option(help="How many copies to keep.", min=1)] = KEEP,
    same_disk: Annotated[bool, typer.Option(help="The folder may be on the same disk.")] = False,
    json_output: AsJson = False,
) -> None:
    """Copy a journal and prove the copy; the gateway may be running. Exit code 8 when it fails."""
    os.nice(NICE)
    with told_plainly(json_output):
        _note(journal, "journal copied", str(to.absolute()))
        report = back_up(journal, to, keep, same_disk=same_disk)
    if json_output:
        say_json(
            {
                "ok": True,
                "copy": str(report.copy.path),
                "records": report.copy.seq,
                "new": report.new,
                "took_ms": report.took_ms,
                "problem": report.problem,
            }
        )
    else:
        say(f"{report.copy.path}: {report.copy.seq} records proven, {report.new} of them new")
        if report.problem:
            say(f"note: the journal itself is damaged, the copy is not: {report.problem}")


def restore_command(
    source: Annotated[Path, typer.Option("--from", help="The folder with the copies.")],
    data: Annotated[Path, typer.Option(help="The gateway's folder.")],
    hall: Annotated[str, typer.Option(help="The hall, when there are copies of several.")] = "",
    json_output: AsJson = False,
) -> None:
    """Bring a damaged journal back from its newest good copy. The gateway must not be running."""
    journal = data / JOURNAL_NAME
    with told_plainly(json_output):
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        report = restore(journal, source, stamp, hall)
        try:
            note(data, "journal restored", str(source.absolute()), f"{report.records} records")
        except AuditError as error:  # the hall comes first: its record may be on the same bad disk
            typer.echo(f"hallkit: the restore is not in the audit log: {error}", err=True)
    if json_output:
        say_json(
            {
                "ok": True,
                "journal": str(journal),
                "records": report.records,
                "copy": None if report.copy is None else str(report.copy.path),
                "newer": report.newer,
                "brought_over": report.brought_over,
                "aside": None if report.aside is None else str(report.aside),
                "moved": [str(path) for path in report.moved],
                "passed_over": report.passed_over,
            }
        )
        return
    for line in _told(journal, report):
        say(line)


def _note(journal: Path, action: str, target: str) -> None:
    """A copy that leaves the hall is noted before it is made; a copy of one is not."""
    if journal.name == JOURNAL_NAME and journal.exists():
        note(journal.parent, action, target, "ordered")


def _told(journal: Path, report: RestoreReport) -> list[str]:
    """A restore in words."""
    lines = [f"passed over: {line}" for line in report.passed_over]
    if report.copy is None:
        lines.append("an interrupted restore was brought to its end")
    else:
        lines.append(f"restored from {report.copy.path}: {report.copy.seq} records, proven")
        lines.append(
            f"the damaged journal has {report.newer} newer events that can be read: "
            f"{report.brought_over} proven and brought over, "
            f"{report.newer - report.brought_over} not proven and left out"
        )
    if report.aside is not None:
        lines.append(f"all of the newer ones are in {report.aside}")
    lines += [f"kept aside: {path}" for path in report.moved]
    return [*lines, f"{journal}: {report.records} records; start the gateway now"]
