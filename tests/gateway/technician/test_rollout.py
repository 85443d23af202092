"""A release over a hall: canaries first, a few at a time, a failure stops it, a new run goes on."""

from typing import Any

from gateway.technician.rollout import Decision, Standing, decide, is_esp32, standing

RELEASE, WATCH_S = 13, 60


def node(name: str, release: int = 12, uptime_s: int = 4000, **changes: Any) -> dict[str, Any]:
    health = {
        "uptime_s": uptime_s,
        "signal_dbm": -60,
        "heap_free_bytes": 40000,
        "release": release,
        "slot": "a",
        "trial": False,
        "faults": 0,
        "fault": "",
        "at_ms_ago": 0,
    }
    health |= changes.pop("health", {})
    made = {"id": name, "board": "esp32-pad", "online": True, "health": health, "update": None}
    return made | changes


def update(state: str, at_ms_ago: int = 0, release: int = RELEASE) -> dict[str, Any]:
    counts = {"done_bytes": 10, "total_bytes": 100}
    return {"release": release, "state": state, "why": "why", "at_ms_ago": at_ms_ago, **counts}


def stands(made: dict[str, Any], started: tuple[str, ...] = ()) -> Standing:
    return standing(made, RELEASE, WATCH_S, frozenset(started))


def test_a_node_goes_from_old_through_watching_to_steady() -> None:
    assert stands(node("a")).state == "old"
    assert stands(node("a", update=update("fetching"))).state == "busy"
    assert stands(node("a", 13, health={"trial": True})).state == "settling"
    assert stands(node("a", 13, uptime_s=20)).state == "settling"
    assert stands(node("a", 13, uptime_s=20, health={"at_ms_ago": 41_000})).state == "steady"
    assert stands(node("a", 13)).state == "steady"


def test_a_node_that_starts_into_the_release_is_not_taken_for_lost() -> None:
    gone = node("a", online=False)
    assert stands(gone, started=("a",)).state == "busy"
    assert stands(gone).state == "away"


def test_a_return_is_a_failure_for_ever_and_a_refusal_only_in_this_run() -> None:
    returned = node("a", update=update("returned"))
    assert stands(returned).state == "failed"
    refused = node("a", update=update("refused"))
    assert stands(refused).state == "old", "the reason may be gone by now"
    assert stands(refused, started=("a",)).state == "failed"
    assert stands(node("a", update=update("refused", release=11))).state == "old"


def test_an_update_that_stands_still_has_failed() -> None:
    assert stands(node("a", update=update("fetching", 299_000))).state == "busy"
    assert stands(node("a", update=update("fetching", 301_000))).state == "failed"


def test_faults_after_the_update_are_a_failure() -> None:
    sick = node("a", 13, health={"faults": 2, "fault": "ValueError"})
    assert stands(sick).state == "failed"
    assert "ValueError" in stands(sick).why


def test_a_board_that_was_never_given_a_release_is_for_the_cable() -> None:
    assert stands(node("a", 0, health={"slot": "none"})).state == "cable"
    assert is_esp32(node("a"))
    assert not is_esp32(node("wall-1", board="pi-wall"))
    assert not is_esp32(node("x", board="never-heard-of"))


def hall(*states: str) -> list[Standing]:
    return [Standing(f"n{number}", state, 12) for number, state in enumerate(states)]  # type: ignore[arg-type]


def decided(*states: str, canaries: int = 1, at_once: int = 3) -> Decision:
    standings = hall(*states)
    return decide(standings, [each.node for each in standings], canaries, at_once)


def test_canaries_go_first_and_alone() -> None:
    assert decided("old", "old", "old").start == ("n0",)
    assert decided("old", "old", "old", canaries=2).start == ("n0", "n1")
    assert decided("busy", "old", "old").start == ()
    assert decided("settling", "old", "old").start == (), "not until it was well for a while"


def test_the_rest_follows_a_few_at_a_time() -> None:
    assert decided("steady", "old", "old", "old", "old").start == ("n1", "n2", "n3")
    assert decided("steady", "busy", "settling", "old", "old").start == ("n3",)


def test_the_first_failure_stops_everything() -> None:
    decision = decided("steady", "failed", "busy", "old")
    assert (decision.start, decision.over) == ((), True)
    assert [each.node for each in decision.failed] == ["n1"]


def test_it_is_over_when_nothing_can_be_done_any_more() -> None:
    assert decided("steady", "away", "cable").over
    assert not decided("steady", "busy").over


def test_a_canary_elsewhere_in_the_hall_counts_and_others_are_left_alone() -> None:
    standings = hall("steady", "old", "failed")
    decision = decide(standings, ["n1"], 1, 3)
    assert decision.start == ("n1",)
    assert not decision.over
