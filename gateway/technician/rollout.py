"""A new release over a whole hall: canaries first, then a few at a time, stop at a failure. Pure.

Rules:
- all is decided from what the gateway says of the nodes now, nothing is remembered: run again, it
  goes on where the hall is. A refusal stops it only when it came in this very run: what was refused
  yesterday may be well today. A node that has returned from the release will never take it;
- a node is steady when it runs the release, confirmed, online, for `watch_s` since its start;
- the rest is begun when as many nodes are steady as there are canaries to be;
- a node whose update says nothing new for STALLED_MS has failed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from boards.chips import ESP32
from boards.loader import board_names, load_board

State = Literal["steady", "settling", "busy", "old", "away", "failed", "cable"]
STALLED_MS = 300_000
_UNDER_WAY = ("offered", "fetching", "ready", "trial")


@dataclass(frozen=True)
class Standing:
    """One node against a release; `why` says more where there is more to say."""

    node: str
    state: State
    release: int
    why: str = ""
    done_bytes: int = 0
    total_bytes: int = 0


@dataclass(frozen=True)
class Decision:
    """What to do now: nodes to start, and whether it is over."""

    start: tuple[str, ...]
    failed: tuple[Standing, ...]
    over: bool


def is_esp32(node: dict[str, Any]) -> bool:
    """Whether its board takes releases."""
    name = node["board"]
    return name in board_names() and load_board(name).chip == ESP32


def standing(node: dict[str, Any], release: int, watch_s: int, started: frozenset[str]) -> Standing:
    """Where a node of GET /api/v1/nodes is; `started`: those this run has asked to update."""
    health, update = node["health"], node["update"]
    name, now = str(node["id"]), int(health["release"]) if health else 0
    at_it = update if update and update["release"] == release else None
    progress = (int(at_it["done_bytes"]), int(at_it["total_bytes"])) if at_it else (0, 0)

    def stands(state: State, why: str = "") -> Standing:
        return Standing(name, state, now, why, *progress)

    is_trial = bool(health and health["trial"]) and now == release
    if at_it and now != release:
        if at_it["state"] == "returned" or (at_it["state"] == "refused" and name in started):
            return stands("failed", f"{at_it['state']}: {at_it['why']}")
        if at_it["state"] in _UNDER_WAY:
            if at_it["at_ms_ago"] > STALLED_MS:
                return stands("failed", f"{at_it['state']}: nothing new for five minutes")
            return stands("busy", at_it["state"])
    if not node["online"]:
        # It is away while it starts into the new release, too.
        return stands("busy", "restarting") if name in started else stands("away")
    if health is None:
        return stands("settling", "has not said how it is yet")
    if health["slot"] == "none":
        return stands("cable", f"not from a release: hallkit flash {name}")
    if now != release:
        return stands("old")
    if is_trial:
        return stands("settling", "trial")
    if health["faults"]:
        return stands("failed", f"{health['faults']} faults: {health['fault']}")
    if health["uptime_s"] + health["at_ms_ago"] // 1000 < watch_s:
        return stands("settling", "watched")
    return stands("steady")


def decide(
    standings: Sequence[Standing], chosen: Iterable[str], canaries: int, at_once: int
) -> Decision:
    """What to do now about the chosen nodes, in the order of the hall."""
    names = set(chosen)
    mine = [each for each in standings if each.node in names]
    failed = tuple(each for each in mine if each.state == "failed")
    if failed:
        return Decision((), failed, over=True)
    under_way = sum(each.state in ("busy", "settling") for each in mine)
    waiting = [each.node for each in mine if each.state == "old"]
    # A canary that stands already counts, wherever in the hall it is.
    steady = sum(each.state == "steady" for each in standings)
    room = at_once if steady >= canaries else canaries - steady
    start = tuple(waiting[: max(0, room - under_way)])
    return Decision(start, (), over=not (waiting or under_way))
