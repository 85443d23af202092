"""`hallkit fleet`: all nodes of a hall, which release they run, and bringing them to the newest."""

from collections.abc import Sequence
from threading import Event
from typing import Annotated, Any

import typer

from gateway.cli.output import Exit, OperatorError, say, say_json
from gateway.cli.place import GatewayOption, JsonOption, TokenOption, the_gateway, told
from gateway.technician.rest import Gateway, RestError
from gateway.technician.rollout import Standing, decide, is_esp32, standing

app = typer.Typer(help="All nodes of the hall.", no_args_is_help=True)
ASK_S = 1.0
STATES = {
    "steady": "已是 · runs it",
    "settling": "观察中 · watched",
    "busy": "更新中 · updating",
    "old": "待更新 · outdated",
    "away": "离线 · away",
    "failed": "失败 · failed",
    "cable": "只能用线 · by cable only",
}


@app.command("status")
def status_command(
    gateway: GatewayOption = None, token_file: TokenOption = None, json_output: JsonOption = False
) -> None:
    """Every node: is it there, what does it show, which release does it run."""
    with told(json_output):
        asked = the_gateway(gateway, token_file)
        nodes = asked.nodes()
        newest = _newest(asked)
    if json_output:
        say_json({"ok": True, "newest": newest, "nodes": nodes})
        return
    for node in nodes:
        say(_row(node, newest))
    away = sum(not node["online"] for node in nodes)
    say(
        f"{len(nodes)} 个节点 · nodes, {away} 离线 · away"
        + (f"，最新 · newest {newest}" if newest else "")
    )


@app.command("update")
def update_command(
    nodes: Annotated[list[str] | None, typer.Argument(help="Nodes; or --outdated.")] = None,
    outdated: Annotated[
        bool, typer.Option("--outdated", help="Every node that does not run the release.")
    ] = False,
    release: Annotated[int | None, typer.Option(help="Which; else the newest.")] = None,
    canary: Annotated[int, typer.Option(min=1, max=50, help="How many go first.")] = 1,
    at_once: Annotated[int, typer.Option(min=1, max=50, help="How many at a time then.")] = 3,
    watch: Annotated[
        int, typer.Option(min=0, max=86400, help="Seconds a canary must be well before the rest.")
    ] = 60,
    gateway: GatewayOption = None,
    token_file: TokenOption = None,
    json_output: JsonOption = False,
) -> None:
    """Bring nodes to a release: canaries first, then the rest; stops at the first failure.

    Run again, it goes on where the hall is.
    """
    with told(json_output):
        if outdated == bool(nodes):
            raise OperatorError("name the nodes, or say --outdated")
        asked = the_gateway(gateway, token_file)
        target = release or _newest(asked)
        if not target:
            raise OperatorError("the gateway has no release: hallkit release build, then sign")
        rollout = _Rollout(asked, target, nodes or [], canary, at_once, watch, json_output)
        standings = rollout.run()
    _end(standings, target, json_output)


class _Rollout:
    """Asks the gateway again and again, and starts what the rules say."""

    def __init__(
        self,
        gateway: Gateway,
        release: int,
        named: Sequence[str],
        canaries: int,
        at_once: int,
        watch_s: int,
        as_json: bool,
    ) -> None:
        self._gateway, self._release, self._named = gateway, release, named
        self._canaries, self._at_once, self._watch_s = canaries, at_once, watch_s
        self._as_json = as_json
        self._started: frozenset[str] = frozenset()
        self._told: dict[str, tuple[str, str, int]] = {}

    def run(self) -> list[Standing]:
        """Until nothing is left to do, or something failed. Raises RestError."""
        while True:
            standings = self._look()
            chosen = self._named or [each.node for each in standings]
            decision = decide(standings, chosen, self._canaries, self._at_once)
            if decision.over:
                return [each for each in standings if each.node in chosen]
            for node in decision.start:
                self._start(node)
            Event().wait(ASK_S)

    def _look(self) -> list[Standing]:
        found = []
        for node in self._gateway.nodes():
            if is_esp32(node):
                each = standing(node, self._release, self._watch_s, self._started)
                found.append(each)
                self._tell(each)
        missing = set(self._named) - {each.node for each in found}
        if missing:
            listed = ", ".join(sorted(missing))
            raise OperatorError(f"no ESP32 of this hall: {listed}")
        return found

    def _start(self, node: str) -> None:
        try:
            self._gateway.post(f"/api/v1/nodes/{node}/update", {"release": self._release})
        except RestError as error:
            if error.reason not in ("already_running", "node_away"):
                raise
        self._started |= {node}

    def _tell(self, each: Standing) -> None:
        percent = 100 * each.done_bytes // each.total_bytes if each.total_bytes else 0
        now = (each.state, each.why, percent // 10)
        if self._told.get(each.node) == now:
            return
        self._told[each.node] = now
        if self._as_json:
            say_json({"event": "node", "node": each.node, "state": each.state, "why": each.why})
        elif each.state in ("busy", "settling", "failed"):
            part = f" {percent} %" if each.total_bytes and each.state == "busy" else ""
            typer.echo(f"  {each.node}: {STATES[each.state]}{part} {each.why}", err=True)


def _end(standings: list[Standing], release: int, as_json: bool) -> None:
    done = [each for each in standings if each.state == "steady"]
    left = [each for each in standings if each.state != "steady"]
    failed = [each for each in left if each.state == "failed"]
    rows = [
        {"node": s.node, "state": s.state, "release": s.release, "why": s.why} for s in standings
    ]
    if as_json:
        say_json({"ok": not left, "release": release, "nodes": rows})
    else:
        for each in left:
            say(f"{each.node}: {STATES[each.state]}, release {each.release} {each.why}".rstrip())
        say(f"{len(done)}/{len(standings)} → release {release}")
        if failed:
            say("停在第一个失败处；修好后再运行同一条命令 · stopped; the same command goes on")
    if left:
        raise typer.Exit(Exit.FAILED)


def _newest(gateway: Gateway) -> int:
    releases = gateway.get("/api/v1/releases")["releases"]
    return int(releases[0]["release"]) if releases else 0


def _row(node: dict[str, Any], newest: int) -> str:
    health, update = node["health"], node["update"]
    words = [f"{node['id']:16}", f"{node['board']:20}"]
    words.append("在线 online" if node["online"] else "离线 away  ")
    words.append("画面新 fresh" if node["fresh"] else "画面旧 stale")
    if health and health["slot"] != "none":
        old = " ←旧 outdated" if newest and health["release"] != newest else ""
        words.append(f"release {health['release']}{' trial' if health['trial'] else ''}{old}")
    if health and health["signal_dbm"] is not None:
        words.append(f"{health['signal_dbm']} dBm")
    if health and health["faults"]:
        words.append(f"{health['faults']} faults: {health['fault']}")
    if update and update["state"] not in ("confirmed",):
        words.append(f"{update['state']} {update['release']} {update['why']}".rstrip())
    return "  ".join(words)
