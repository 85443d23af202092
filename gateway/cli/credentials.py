"""`hallkit credentials`: who has a certificate, end one, make those of broker and gateway."""

import getpass
from typing import Annotated

import typer

from gateway.cli.output import Exit, OperatorError, note, say, say_json
from gateway.cli.place import DataOption, HallOption, JsonOption, NodeArgument, now, the_place, told
from gateway.cli.questions import ensure_site
from gateway.credentials.broker import (
    conf_file,
    ensure_credentials,
    gateway_file,
    reload_mosquitto,
    tls_files,
    write_files,
)
from gateway.credentials.knock import shut_out
from gateway.credentials.site import load_site
from gateway.credentials.store import open_store, read_registry
from protocols.topics import GATEWAY

app = typer.Typer(help="The hall's certificates.", no_args_is_help=True)


@app.command("broker")
def broker_command(
    hall: HallOption = None,
    data: DataOption = None,
    host: Annotated[
        str | None, typer.Option(help="The address that nodes know the broker by.")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Its port.")] = None,
    listen: Annotated[
        str | None, typer.Option(help="The one address Mosquitto listens on; else all.")
    ] = None,
    user: Annotated[
        str | None, typer.Option(help="Whom Mosquitto runs as; it must read the data folder.")
    ] = None,
    json_output: JsonOption = False,
) -> None:
    """Make the certificates of broker and gateway, and Mosquitto's files; again after a move."""
    with told(json_output):
        place = the_place(hall, data)
        site = ensure_site(
            place.data,
            place.config.hall.id,
            wifi=False,
            host=host,
            port=port,
            listen=listen,
            user=user or getpass.getuser(),
        )
        with open_store(place.data, place.config.hall.id, now()) as store:
            note(place.data, "broker set up", f"{site.broker_host}:{site.broker_port}", "ordered")
            ensure_credentials(store, site, now())
            written = write_files(store, place.data, site)
            ends = store.certificate.not_valid_after_utc
        reload_mosquitto(place.data)
    own, ca = gateway_file(place.data), tls_files(place.data).ca
    if json_output:
        say_json({"ok": True, "conf": str(conf_file(place.data)), "restart": written.restart})
        return
    say(f"证书有效到 · valid until {ends:%Y-%m-%d}. 启动 · start:")
    say(f"  mosquitto -c {conf_file(place.data)}")
    say(
        f"  hallkit gateway --broker {site.broker_host}:{site.broker_port} --ca-file {ca} "
        f"--cert-file {own} --key-file {own} ..."
    )


@app.command("list")
def list_command(
    data: DataOption = None, hall: HallOption = None, json_output: JsonOption = False
) -> None:
    """Every certificate that counts: whose it is, and on which board."""
    with told(json_output):
        place = the_place(hall, data)
        registry = read_registry(place.data)
    entries = [] if registry is None else sorted(registry.all_active, key=lambda e: e.identity)
    if json_output:
        rows = [
            {"identity": e.identity, "role": e.role, "serial": f"{e.serial:x}", "board": e.board}
            for e in entries
        ]
        say_json({"ok": True, "certificates": rows})
        return
    for entry in entries:
        say(f"{entry.identity:20} {entry.role:8} {entry.serial:040x}  {entry.board}")


@app.command("revoke")
def revoke_command(
    node: NodeArgument,
    hall: HallOption = None,
    data: DataOption = None,
    json_output: JsonOption = False,
) -> None:
    """End a node's certificate at once: a stolen pad is put out, cannot come in, is not heard."""
    with told(json_output):
        place = the_place(hall, data)
        if node == GATEWAY:
            raise OperatorError("the gateway's own: `hallkit credentials broker` makes a new one")
        with open_store(place.data, place.config.hall.id, now()) as store:
            if not store.revoke(node):
                raise OperatorError(f"{node} has no certificate that counts", Exit.FAILED)
            running, left = shut_out(store, place.data, load_site(place.data), node, now())
    if json_output:
        say_json({"ok": True, "node": node, "told_mosquitto": running, "problem": left})
        return
    say(f"{node}: 已吊销 · revoked" + ("" if running else "; Mosquitto does not run here"))
    if left:
        say(f"可能还连着，但已不能收发 · may still be connected, is not heard any more: {left}")
