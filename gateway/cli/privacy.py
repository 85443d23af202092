"""`hallkit privacy`: erase what is kept of a person, and see how much is kept until when."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import Exit, OperatorError, note, say, say_json, told_plainly
from gateway.privacy.keys import KeyStore
from gateway.privacy.sealed import KINDS, Kind, PersonalDataError, normalised
from gateway.privacy.vault import Vault

app = typer.Typer(help="Personal data: how much there is, erasing it.", no_args_is_help=True)
Data = Annotated[Path, typer.Option(help="The folder of the journal.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs.")]


@app.command("list")
def list_command(data: Data, json_output: AsJson = False) -> None:
    """Of each kind of personal data, for how many persons it is kept, and until when."""
    with told_plainly(json_output):
        counts = KeyStore(data).counts()
    if json_output:
        say_json(
            {kind: {"persons": count, "first_ms": first} for kind, (count, first) in counts.items()}
        )
        return
    for kind, (count, first) in counts.items():
        until = "" if first is None else f"  {datetime.fromtimestamp(first / 1000, UTC):%Y-%m-%d}"
        say(f"{kind:12} {count:>8}{until}")


@app.command("erase")
def erase_command(data: Data, json_output: AsJson = False) -> None:
    """Erase all that is kept of a person, found by card or phone; the gateway may be running.

    The number is asked for, so that it stands in no list of commands.
    """
    with told_plainly(json_output):
        value = typer.prompt("身份证号或手机号 · ID number or phone", hide_input=True, err=True)
        kind = _kind_of(value)
        # Asked for stands before it is done; whose it was must not stand anywhere.
        note(data, "personal data erased", kind, "ordered")
        gone = Vault(data, {}).erase(kind, value)
        if not gone:
            raise OperatorError("没有保存此人的信息 · nothing is kept of this person", Exit.FAILED)
    if json_output:
        say_json({"ok": True, "keys": gone})
    else:
        say(f"已删除 · erased: {gone} keys; the journal keeps only what nobody can open any more")


def _kind_of(value: str) -> Kind:
    for kind in KINDS:
        try:
            normalised(kind, value)
        except PersonalDataError:
            continue
        return kind
    raise OperatorError("不是证件号码或手机号码 · this is no ID number and no phone number")
