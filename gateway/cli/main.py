"""The `hallkit` command. Each sub-command is a file of this package, or comes with the simulator.

Rule: this package is the only one of the gateway that may import the simulator, and only when one
of its commands is called: a gateway in service is installed without it. The technician's commands
are imported when they are called, too: their tools are heavy, and not installed everywhere.
"""

import importlib
import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core
import typer.main

from gateway.cli import audit, journal, person, privacy, release, token
from gateway.cli.output import OperatorError, say, say_json, told_plainly
from gateway.cli.serve import gateway_command
from gateway.hallfile import HallFileError, load_hall_file

# name: (module, function), there when the simulator is installed.
SIMULATOR_COMMANDS = {"up": ("simulator.live.up", "up_command")}
# name: (module, function or group of commands).
TECHNICIAN_COMMANDS = {
    "credentials": ("gateway.cli.credentials", "app"),
    "doctor": ("gateway.cli.doctor", "doctor_command"),
    "flash": ("gateway.cli.flash", "flash_command"),
    "fleet": ("gateway.cli.fleet", "app"),
    "identify": ("gateway.cli.node", "identify_command"),
    "login": ("gateway.cli.login", "login_command"),
    "logs": ("gateway.cli.node", "logs_command"),
    "provision": ("gateway.cli.provision", "provision_command"),
    "replace": ("gateway.cli.flash", "replace_command"),
}


class _Commands(typer.core.TyperGroup):
    """The commands of this package, and those of the simulator, imported when called."""

    def list_commands(self, ctx: Any) -> list[str]:
        found = [name for name, (module, _) in SIMULATOR_COMMANDS.items() if _is_there(module)]
        return sorted({*super().list_commands(ctx), *found, *TECHNICIAN_COMMANDS})

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name in TECHNICIAN_COMMANDS:
            with told_plainly():
                return _imported(cmd_name, *TECHNICIAN_COMMANDS[cmd_name])
        module, function = SIMULATOR_COMMANDS.get(cmd_name, ("", ""))
        if module and _is_there(module):
            return _imported(cmd_name, module, function)
        return super().get_command(ctx, cmd_name)


def _imported(name: str, module: str, attribute: str) -> Any:
    """A command, or a group of them. Raises OperatorError when what it needs is not installed."""
    try:
        found = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        raise OperatorError(
            f"hallkit {name} needs {error.name}: pip install -e '.[gateway,technician]' "
            f"--constraint constraints.txt"
        ) from error
    if not isinstance(found, typer.Typer):
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        single.command(name)(found)
        return typer.main.get_command(single)
    group = typer.main.get_command(found)
    group.name = name
    return group


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


app = typer.Typer(
    name="hallkit",
    help="The devices of a public service hall.",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="The hall file.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(journal.app, name="journal")
app.add_typer(release.app, name="release")
app.add_typer(token.app, name="token")
app.add_typer(audit.app, name="audit")
app.add_typer(person.app, name="person")
app.add_typer(privacy.app, name="privacy")
app.command("gateway")(gateway_command)
app.command("restore")(journal.restore_command)


@config_app.command("check")
def check_command(
    hall: Annotated[Path, typer.Argument(help="The hall file (TOML).")],
    json_output: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Check a hall file without any hardware; every mistake with its line, exit code 3."""
    try:
        config = load_hall_file(hall)
    except HallFileError as error:
        if not json_output:
            with told_plainly():
                raise
        rows = [
            {"file": m.file, "line": m.line, "field": m.field, "problem": m.problem}
            for m in error.mistakes
        ]
        say_json({"ok": False, "mistakes": rows})
        raise typer.Exit(3) from error
    counts = {
        "windows": len(config.window),
        "services": len(config.service),
        "nodes": len(config.nodes),
        "officers": len(config.officer),
    }
    if json_output:
        say_json({"ok": True, "hall": config.hall.id, **counts})
    else:
        listed = ", ".join(f"{count} {name}" for name, count in counts.items())
        say(f"{hall}: good: {config.hall.name_zh}, {listed}")


@app.command("sim", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def sim_command(ctx: typer.Context) -> None:
    """Run hall-days in virtual time: `hallkit sim --seed 7`."""
    with told_plainly():
        if not _is_there("simulator.sim"):
            raise OperatorError("the simulator is not installed here: run `make setup`")
    sim = importlib.import_module("simulator.sim")
    raise typer.Exit(sim.main(ctx.args))


if __name__ == "__main__":
    app()
