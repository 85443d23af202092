"""`hallkit token`: who may use the REST API."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.output import Exit, OperatorError, note, say, say_json, told_plainly
from gateway.web.tokens import TOKEN_ROLES, Role, Token, TokenStore

app = typer.Typer(help="Tokens of the REST API.", no_args_is_help=True)
Data = Annotated[Path, typer.Option(help="The folder of the journal.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON for programs.")]


@app.command("list")
def list_command(data: Data, json_output: AsJson = False) -> None:
    """All tokens; those of the first start with their texts, until `hallkit token hide`."""
    with told_plainly(json_output):
        store = TokenStore(data)
        tokens, texts = store.list(), store.first_texts()
    rows = [
        {
            "id": token.id,
            "role": token.role,
            "name": token.name,
            "created": token.created,
            "text": texts.get(token.id),
        }
        for token in tokens
    ]
    if json_output:
        say_json({"ok": True, "tokens": rows})
        return
    for row in rows:
        shown = row["text"] or "(not kept)"
        say(f"{row['id']:14} {row['role']:11} {row['created']}  {shown}  {row['name']}")
    if texts:
        say("These texts lie readable on this machine: `hallkit token hide` once you took them.")


@app.command("create")
def create_command(
    role: Annotated[str, typer.Argument(help=", ".join(TOKEN_ROLES))],
    data: Data,
    name: Annotated[str, typer.Option(help="What it is for.")] = "",
    json_output: AsJson = False,
) -> None:
    """Make a token; its text is shown now and never again."""
    with told_plainly(json_output):
        token, text = make_token(data, _role(role), name)
    if json_output:
        say_json({"ok": True, "id": token.id, "role": token.role, "text": text})
    else:
        say(f"{token.id}: {text}")


@app.command("revoke")
def revoke_command(
    token_id: Annotated[str, typer.Argument(help="As `hallkit token list` names it.")],
    data: Data,
    json_output: AsJson = False,
) -> None:
    """End a token at once, in a running gateway too."""
    with told_plainly(json_output):
        note(data, "token revoked", token_id, "ordered")
        if not TokenStore(data).revoke(token_id):
            raise OperatorError(
                f"there is no token {token_id!r}: see `hallkit token list`", Exit.FAILED
            )
    if json_output:
        say_json({"ok": True, "id": token_id})
    else:
        say(f"{token_id} is revoked")


@app.command("hide")
def hide_command(data: Data, json_output: AsJson = False) -> None:
    """Delete the texts of the tokens made at the first start; the tokens stay good."""
    with told_plainly(json_output):
        store = TokenStore(data)
        if store.first_path.exists():
            note(data, "first tokens hidden", "", "ordered")
        existed = store.hide_first()
    if json_output:
        say_json({"ok": True, "deleted": existed})
    else:
        say("deleted" if existed else "there was nothing to delete")


def make_token(data: Path, role: Role, name: str) -> tuple[Token, str]:
    """A new token and its text. It is in the audit log before it exists, and again with its id.

    Raises AuditError, SecretFileError.
    """
    note(data, "token ordered", role, name or "no name")
    token, text = TokenStore(data).create(role, name)
    note(data, "token made", token.id, name or "done")
    return token, text


def _role(text: str) -> Role:
    for role in TOKEN_ROLES:
        if role == text:
            return role
    raise OperatorError(f"role {text!r}: there are {', '.join(TOKEN_ROLES)}")
