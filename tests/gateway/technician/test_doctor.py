"""Doctor: every trouble has its line and its remedy; what is well says so."""

import getpass
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.credentials.registry import to_json
from gateway.technician import doctor
from gateway.technician.doctor import (
    Check,
    check_broker,
    check_data,
    check_nodes,
    shake_hands,
)

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def by_name(checks: Any) -> dict[str, Check]:
    found = {check.name: check for check in checks}
    assert all(check.remedy for check in found.values() if check.state == "problem")
    return found


def test_a_hall_in_order_is_in_order(secure_hall: Callable[..., Any]) -> None:
    hall = secure_hall()
    hall.issue("w03-pad")
    hall.start()
    checks = by_name([*check_data(hall.data, NOW), *check_broker(hall.data, NOW, shake_hands)])
    assert {check.state for check in checks.values()} == {"ok"}
    assert "2046" in checks["authority"].found
    assert "as gw" not in (hall.data / "mosquitto.log").read_text(), "the gateway would be evicted"


def test_a_hall_without_an_authority_is_told_the_first_command(tmp_path: Path) -> None:
    checks = by_name(check_data(tmp_path, NOW))
    assert checks["authority"].remedy == "hallkit credentials broker"
    [broker] = check_broker(tmp_path, NOW, shake_hands)
    assert broker.state == "skipped"


def test_an_authority_near_its_end_is_a_problem_a_year_before(
    secure_hall: Callable[..., Any],
) -> None:
    hall = secure_hall()
    late = datetime(2046, 1, 1, tzinfo=UTC)
    assert by_name(check_data(hall.data, late))["authority"].state == "problem"


def test_a_list_of_the_revoked_behind_the_book_is_found(secure_hall: Callable[..., Any]) -> None:
    """As a cut between the book and Mosquitto's files leaves it."""
    hall = secure_hall()
    hall.issue("w03-pad")
    with hall.store() as store:
        book = store.registry.revoke("w03-pad")
        (hall.data / "credentials" / "registry.json").write_bytes(to_json(book))
    checks = by_name(check_data(hall.data, NOW))
    assert checks["revocations"].state == "problem"
    hall.change(lambda store: None)
    assert by_name(check_data(hall.data, NOW))["revocations"].state == "ok"


def test_a_full_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 10 << 20

    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Usage)
    assert by_name(check_data(tmp_path, NOW))["disk"].found.startswith("10 MB")


def test_a_broker_that_is_down_and_one_of_another_hall_are_told_apart(
    secure_hall: Callable[..., Any],
) -> None:
    hall, other = secure_hall(), secure_hall()
    down = by_name(check_broker(hall.data, NOW, shake_hands))["broker"]
    assert down.remedy.startswith("mosquitto -c ")
    other.start()

    def shake_the_others(site: Any, ca: Path, own: Path) -> None:
        shake_hands(other.site, ca, own)

    foreign = by_name(check_broker(hall.data, NOW, shake_the_others))["broker"]
    assert "TLS" in foreign.found
    assert "credentials broker" in foreign.remedy


def test_a_handshake_that_fails_is_told_by_its_reason(secure_hall: Callable[..., Any]) -> None:
    hall = secure_hall()

    def fails(*_: object) -> None:
        raise ssl.SSLError(1, "certificate has expired")

    assert "expired" in by_name(check_broker(hall.data, NOW, fails))["broker"].found


@pytest.mark.parametrize(
    ("groups", "user_id", "state"), [([20], 1000, "ok"), ([1000], 1000, "problem"), ([], 0, "ok")]
)
def test_the_right_to_use_serial_ports_is_looked_up(
    groups: list[int], user_id: int, state: str
) -> None:
    check = doctor._serial_group(groups, user_id)
    assert check.state == state
    assert (state == "ok") or check.remedy.startswith("sudo usermod -aG dialout $USER")
    assert getpass.getuser() not in check.remedy, "the shell puts the name in"


def node(name: str, **changes: Any) -> dict[str, Any]:
    health = {"slot": "a", "release": 13, "faults": 0} | changes.pop("health", {})
    return {"id": name, "online": True, "fresh": True, "health": health} | changes


def test_nodes_are_grouped_by_what_is_wrong_with_them() -> None:
    checks = by_name(
        check_nodes(
            [
                node("good"),
                node("gone", online=False),
                node("old", health={"release": 12}),
                node("stale", fresh=False),
                node("sick", health={"faults": 2}),
                node("pi", health={"slot": "none", "release": 0}),
            ],
            13,
        )
    )
    assert {name: check.found for name, check in checks.items()} == {
        "nodes away": "1: gone",
        "nodes stale": "1: stale",
        "nodes faulty": "1: sick",
        "nodes outdated": "1: old",
    }
    [well] = check_nodes([node("good")], 13)
    assert well.state == "ok"
