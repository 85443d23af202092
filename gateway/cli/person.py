"""`hallkit person`: who may sign in with a name and a password.

A password comes from a prompt or from standard input, never from the command line, where every
other user of the machine could read it. An order is in the audit log before it is carried out.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import segno
import typer

from gateway.cli.output import OperatorError, note, say, say_json, told_plainly
from gateway.web.people import PERSON_ROLES, PeopleStore, Person, PersonError
from gateway.web.tokens import Role

app = typer.Typer(help="People who sign in.", no_args_is_help=True)
Data = Annotated[Path, typer.Option(help="The folder of the journal.")]
Name = Annotated[str, typer.Argument(help="As the person signs in, such as li.wei.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs.")]


@app.command("list")
def list_command(data: Data, json_output: AsJson = False) -> None:
    """All accounts."""
    with told_plainly(json_output):
        people = PeopleStore(data).list()
    rows = [
        {"name": p.name, "role": p.role, "second_factor": p.needs_code, "disabled": p.disabled}
        for p in people
    ]
    if json_output:
        say_json({"ok": True, "people": rows})
        return
    for person in people:
        factor = "second factor" if person.needs_code else ""
        say(
            f"{person.name:20} {person.role:11} {factor:14} {'disabled' * person.disabled}".rstrip()
        )


@app.command("add")
def add_command(
    name: Name,
    role: Annotated[str, typer.Argument(help=", ".join(PERSON_ROLES))],
    data: Data,
    hall: Annotated[str, typer.Option(help="Shown in the authenticator app.")] = "hall",
    json_output: AsJson = False,
) -> None:
    """A new account; asks for its password, shows the second factor where the role needs one."""
    with told_plainly(json_output), _plainly():
        store, known_role, password = PeopleStore(data), _role(role), _ask_password()
        note(data, "account made", name, f"{known_role}, ordered")
        person = store.add(name, known_role, password)
        _show_second_factor(store, person, hall, json_output)


@app.command("password")
def password_command(name: Name, data: Data, json_output: AsJson = False) -> None:
    """A new password; ends all sessions of the person."""
    with told_plainly(json_output), _plainly():
        password = _ask_password()
        note(data, "password changed", name, "ordered")
        PeopleStore(data).change_password(name, password)
        _done(json_output, name, "has a new password; open sessions have ended")


@app.command("second-factor")
def second_factor_command(
    name: Name,
    data: Data,
    hall: Annotated[str, typer.Option(help="Shown in the authenticator app.")] = "hall",
    json_output: AsJson = False,
) -> None:
    """A new second factor; the old phone is useless from now on."""
    with told_plainly(json_output), _plainly():
        store = PeopleStore(data)
        note(data, "second factor renewed", name, "ordered")
        _show_second_factor(store, store.renew_second_factor(name), hall, json_output)


@app.command("disable")
def disable_command(name: Name, data: Data, json_output: AsJson = False) -> None:
    """End an account and its sessions at once, in a running gateway too."""
    with told_plainly(json_output), _plainly():
        note(data, "account disabled", name, "ordered")
        PeopleStore(data).disable(name)
        _done(json_output, name, "is disabled")


@app.command("enable")
def enable_command(name: Name, data: Data, json_output: AsJson = False) -> None:
    """Let a disabled account be used again."""
    with told_plainly(json_output), _plainly():
        note(data, "account enabled", name, "ordered")
        PeopleStore(data).disable(name, False)
        _done(json_output, name, "may sign in again")


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """An account that cannot be made or changed as asked is the operator's mistake."""
    try:
        yield
    except PersonError as error:
        raise OperatorError(str(error)) from error


def _role(text: str) -> Role:
    for role in PERSON_ROLES:
        if role == text:
            return role
    raise PersonError(f"role {text!r}: there are {', '.join(PERSON_ROLES)}")


def _ask_password() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True
        )
        return password
    return sys.stdin.readline().rstrip("\n")


def _show_second_factor(store: PeopleStore, person: Person, hall: str, as_json: bool) -> None:
    uri = store.otpauth_uri(person, hall) if person.needs_code else None
    if as_json:
        say_json({"ok": True, "name": person.name, "role": person.role, "otpauth": uri})
        return
    say(f"{person.name} may sign in as {person.role}")
    if uri is not None:
        say("Scan this with an authenticator app now; it is not shown again:")
        segno.make(uri, error="l").terminal(out=sys.stdout, compact=True)
        say(f"or type the key: {person.secret}")


def _done(as_json: bool, name: str, what: str) -> None:
    if as_json:
        say_json({"ok": True, "name": name})
    else:
        say(f"{name} {what}")
