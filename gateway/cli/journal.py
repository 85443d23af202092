"""`hallkit journal`: prove it, export it, replay it."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import Exit, OperatorError, say, say_json, told_plainly
from gateway.core.clock import HallClock
from gateway.engine import Engine
from gateway.hallfile import load_hall_file
from gateway.journal.export import export
from gateway.journal.store import Journal
from gateway.journal.verify import verify
from gateway.recovery import STATE_VERSION, fold_all, make_ticket_token

app = typer.Typer(help="Prove, export and replay a journal.", no_args_is_help=True)
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
        opened = Journal.open(journal, hall=config.hall.id, state_version=STATE_VERSION)
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
