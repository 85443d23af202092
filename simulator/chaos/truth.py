"""P4 from outside: what the parts show, the gateway's own view, and the journal say the same.

`looks` is what the node hosts wrote: node -> effect -> its values (firmware/logic/events.py).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from firmware.logic import events
from simulator.auditor_model import HallModel

Looks = Mapping[str, Mapping[str, list[Any]]]
RESULT_LIGHTS = ("done", "refused", "stale")


def read_looks(folder: Path) -> dict[str, dict[str, list[Any]]]:
    """All that the node hosts in `folder` show now."""
    looks: dict[str, dict[str, list[Any]]] = {}
    for path in folder.glob("*.looks"):
        looks |= json.loads(path.read_text("utf-8"))
    return looks


def not_true(model: HallModel, looks: Looks) -> list[str]:
    """What is shown and not so, a line each."""
    wrong = []
    for node, seen in sorted(looks.items()):
        window, _, kind = node.partition("-")
        if events.DISPLAY in seen:
            wrong += _pad(model, node, window, seen)
        if events.SIGN in seen:
            truth = [model.mode(window), model.number(window)]
            wrong += _differ(node, seen[events.SIGN][:2], truth)
        if events.ROWS in seen:
            mode, rows, _, waiting, _ = seen[events.ROWS]
            shown = [mode, [row[:2] for row in rows], waiting]
            so = ["live", [list(row) for row in model.wall_rows()], model.waiting()]
            wrong += _differ(node, shown, so)
        if events.FACE in seen and kind == "rating":
            mode, number = seen[events.FACE][:2]
            visit = model.windows[window].rating
            if mode in ("offline", "dark"):
                wrong.append(f"{node} shows {mode}")
            elif mode == "open":
                wrong += _differ(node, [number], [model.tickets[visit].number if visit else ""])
    return wrong


def _pad(model: HallModel, node: str, window: str, seen: Mapping[str, list[Any]]) -> list[str]:
    mode, light = model.mode(window), seen.get(events.LIGHT, [""])[0]
    if light in RESULT_LIGHTS:
        return []  # covers the rest for a moment
    if light in ("offline", "sent"):
        return [f"{node} has light {light}"]
    text = {"open": f"{model.waiting(window):4d}", "paused": "PAUS", "closed": ""}.get(
        mode, model.number(window)
    )
    display = str(seen[events.DISPLAY][0]).strip()
    if mode == "closed" and display.isdigit():
        return []  # somebody types a staff number
    return _differ(node, [display], [text.strip()])


def _differ(node: str, shown: list[Any], truth: list[Any]) -> list[str]:
    return [] if shown == truth else [f"{node} shows {shown}, true is {truth}"]


def behind(nodes: list[dict[str, Any]]) -> list[str]:
    """Of /api/v1/nodes: who is not on the network, or does not show what it should."""
    return [
        f"{node['id']} is {node['state']}, shows {node['shown_rev']} of {node['want_rev']}"
        for node in nodes
        if not node["online"]
        or (node["want_rev"] is not None and node["shown_rev"] != node["want_rev"])
        or (node["want_rev"] is not None and not node["fresh"])
    ]
