"""`hallkit doctor`: what is wrong here, and the exact thing to do."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import typer

from gateway.cli.output import Exit, say, say_json
from gateway.cli.place import (
    DataOption,
    GatewayOption,
    JsonOption,
    TokenOption,
    maybe_gateway,
    now,
    told,
)
from gateway.technician.doctor import (
    Check,
    check_broker,
    check_computer,
    check_data,
    check_gateway,
    shake_hands,
)
from gateway.technician.login import load_login
from gateway.technician.rest import Gateway

MARKS = {"ok": "✓", "problem": "✗", "skipped": "-"}


def doctor_command(
    data: DataOption = None,
    gateway: GatewayOption = None,
    token_file: TokenOption = None,
    json_output: JsonOption = False,
) -> None:
    """Check this computer, the hall and its nodes; exit code 1 when something is wrong."""
    with told(json_output):
        folder = data or (Path(load_login().data) if load_login().data else None)
        asked = maybe_gateway(gateway, token_file)
        found = []
        for check in _checks(folder, asked):
            found.append(check)
            if not json_output:
                _show(check)
    problems = [check for check in found if check.state == "problem"]
    if json_output:
        say_json({"ok": not problems, "checks": [asdict(check) for check in found]})
    else:
        say(f"{len(problems)} 个问题 · problems" if problems else "一切正常 · all is well")
    if problems:
        raise typer.Exit(Exit.FAILED)


def _checks(data: Path | None, gateway: Gateway | None) -> Iterator[Check]:
    yield from check_computer()
    if data is None:
        yield Check("data", "skipped", "不在本机 · not on this computer: hallkit login --data")
    else:
        yield from check_data(data, now())
        yield from check_broker(data, now(), shake_hands)
    if gateway is None:
        yield Check("gateway", "problem", "不知道在哪里 · nobody said where", "hallkit login")
    else:
        yield from check_gateway(gateway, now())


def _show(check: Check) -> None:
    say(f"{MARKS[check.state]} {check.name:20} {check.found}")
    if check.remedy:
        say(f"  → {check.remedy}")
