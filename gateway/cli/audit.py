"""`hallkit audit`: who signed in, made accounts, moved nodes; and whether the record is whole."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.audit import KEPT_DAYS, AuditLog
from gateway.cli.output import OperatorError, note, say, say_json, told_plainly

app = typer.Typer(help="The record of who did what to the gateway.", no_args_is_help=True)
Data = Annotated[Path, typer.Option(help="The folder of the journal.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object a line, for export.")]


@app.command("list")
def list_command(
    data: Data,
    actor: Annotated[str, typer.Option(help="Of this account or token alone.")] = "",
    json_output: AsJson = False,
) -> None:
    """All acts, oldest first."""
    with told_plainly(json_output):
        for act in AuditLog(data).read():
            if actor and act.actor != actor:
                continue
            if json_output:
                names = ("at", "actor", "action", "target", "result", "hash")
                say_json({name: getattr(act, name) for name in names})
            else:
                say(f"{act.at}  {act.actor:20} {act.action:18} {act.target:20} {act.result}")


@app.command("export")
def export_command(
    data: Data,
    output: Annotated[Path, typer.Option(help="The file to write.")],
    json_output: AsJson = False,
) -> None:
    """Copy the record as it is, proved; `hallkit audit verify --file` proves the copy."""
    with told_plainly(json_output):
        note(data, "audit log exported", str(output.absolute()), "ordered")
        try:
            with output.open("xb") as file:
                count = AuditLog(data).export(file)
        except OSError as error:
            raise OperatorError(f"--output {output}: {error.strerror}: name a new file") from error
    if json_output:
        say_json({"ok": True, "acts": count, "file": str(output)})
    else:
        say(f"{output}: {count} acts")


@app.command("verify")
def verify_command(
    data: Annotated[Path | None, typer.Option(help="The folder of the journal.")] = None,
    file: Annotated[Path | None, typer.Option(help="Or a file that was exported.")] = None,
    json_output: AsJson = False,
) -> None:
    """Check the chain; note the newest hash elsewhere, and nobody can rewrite what is before it."""
    with told_plainly(json_output):
        if (data is None) == (file is None):
            raise OperatorError("give either --data or --file")
        log = AuditLog(data) if data is not None else _copied(file)
        acts = list(log.read())
    newest = acts[-1].hash if acts else ""
    if json_output:
        say_json({"ok": True, "acts": len(acts), "newest": newest})
    else:
        say(f"{len(acts)} acts, whole; the newest hash is {newest or 'none'}")


@app.command("prune")
def prune_command(data: Data, json_output: AsJson = False) -> None:
    """Drop what is older than it must be kept; the rest can still be verified."""
    with told_plainly(json_output):
        gone = AuditLog(data).prune()
        if gone:
            note(data, "old acts dropped", f"{gone} acts")
    if json_output:
        say_json({"ok": True, "dropped": gone})
    else:
        say(f"dropped {gone} acts older than {KEPT_DAYS} days")


def _copied(file: Path | None) -> AuditLog:
    assert file is not None
    if not file.is_file():
        raise OperatorError(f"--file {file}: there is no such file")
    return AuditLog(file.parent, file.name)
