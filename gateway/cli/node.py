"""`hallkit identify` and `hallkit logs`: which board is it, and what does it say."""

from datetime import datetime
from typing import Annotated, Any

import typer

from gateway.cli.flash import PortOption, code_of
from gateway.cli.output import say, say_json
from gateway.cli.place import (
    GatewayOption,
    JsonOption,
    NodeArgument,
    TokenOption,
    the_gateway,
    told,
)
from gateway.releases.contents import SELF_TEST, source
from gateway.technician import ports
from gateway.technician.console import follow_console
from gateway.technician.contents import compiled_module
from gateway.technician.remote import Remote
from gateway.technician.selftest import ON_BOARD

IDENTIFY_S = 10


def identify_command(
    node: NodeArgument,
    seconds: Annotated[int, typer.Option(min=1, max=60, help="For how long.")] = IDENTIFY_S,
    port: PortOption = None,
    gateway: GatewayOption = None,
    token_file: TokenOption = None,
    json_output: JsonOption = False,
) -> None:
    """Have a node show itself, by all its lights; with --port the board on the cable, once."""
    with told(json_output, code_of):
        if port is not None:
            found = _show_on_cable(port)
            text = f"这块板是 · this board is {found or '?'}"
            answer: dict[str, str | int] = {"node": found, "expected": node}
        else:
            asked = the_gateway(gateway, token_file)
            asked.post(f"/api/v1/nodes/{node}/identify", {"seconds": seconds})
            text = f"{node}: 看 {seconds} 秒 · look for it, {seconds} s"
            answer = {"node": node, "seconds": seconds}
    if json_output:
        say_json({"ok": True, **answer})
    else:
        say(text)


def _show_on_cable(port: str) -> str:
    ports.check(port)
    remote = Remote(port, source)
    survey = remote.survey()
    if survey.node:
        module = {ON_BOARD: compiled_module(SELF_TEST)}
        remote.run_module(module, "import selftest\nselftest.main('lights')", lambda _: None)
    remote.reset()
    return survey.node


def logs_command(
    node: NodeArgument,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    port: PortOption = None,
    gateway: GatewayOption = None,
    token_file: TokenOption = None,
    json_output: JsonOption = False,
) -> None:
    """What a node says: its lines at the gateway; with --port the console of the board there."""
    with told(json_output, code_of):
        if port is not None:
            ports.check(port)
            follow_console(port, say)
            return
        asked = the_gateway(gateway, token_file)
        answer = asked.get(f"/api/v1/nodes/{node}/log")
        for line in answer["lines"]:
            _show(line, json_output)
        after = answer["last"]
        while follow:  # a stream that ends is taken up where it was
            path = f"/api/v1/nodes/log/stream?node={node}&after={after}"
            for event, line in asked.events(path):
                if event == "line":
                    _show(line, json_output)
                    after = line["n"]


def _show(line: dict[str, Any], as_json: bool) -> None:
    if as_json:
        say_json(line)
        return
    at = datetime.fromtimestamp(line["at_ms"] / 1000).astimezone()
    say(f"{at:%m-%d %H:%M:%S}  {line['level']:7}  {line['text']}")
