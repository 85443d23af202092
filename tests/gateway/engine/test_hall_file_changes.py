"""A hall file may change between two starts; what a day has begun with must stay until its end."""

import pytest

from gateway.config import HallConfig
from gateway.journal.errors import JournalError
from gateway.machine import Machine
from gateway.recovery import recover
from gateway.systems.calling import commands as c


def without(config, table, value):
    """The same hall without one window, service, officer or node."""
    field = {"window": "id", "service": "code", "officer": "staff_number", "node": "id"}[table]
    data = config.model_dump()
    data[table] = [entry for entry in data[table] if entry[field] != value]
    for window in data["window"]:
        window["services"] = [s for s in window["services"] if (table, value) != ("service", s)]
    for officer in data["officer"]:
        officer["services"] = [s for s in officer["services"] if (table, value) != ("service", s)]
    return HallConfig.model_validate(data)


@pytest.fixture
def hall(rig):
    """At window 1 a visit was finished by 1111 and may be rated; a property ticket waits."""
    rig.round()
    rig.ask(c.SignIn("w01", "1111"), "in")
    rig.issue("filing")
    rig.issue("property")
    for command in ("next", "finish", "sign_off"):
        rig.ask(c.CommandWindow("w01", command), command)
    return rig


def missing(hall, table, value):
    hall.crash()
    hall.config = without(hall.config, table, value)
    hall.boot()
    return hall.engine.missing_of_today(hall.now_ms)


@pytest.mark.parametrize(
    ("table", "value", "said"),
    [
        ("window", "w01", ["window w01"]),
        ("service", "property", ["service property"]),
        ("officer", "1111", ["officer 1111"]),
        ("window", "w02", []),
        ("service", "social", []),
        ("officer", "1122", []),
    ],
)
def test_what_todays_tickets_name_and_only_that_must_stay(hall, table, value, said):
    assert missing(hall, table, value) == said


@pytest.mark.parametrize(("table", "value"), [("window", "w02"), ("officer", "1122")])
def test_hall_goes_on_without_what_today_did_not_use(hall, table, value):
    hall.ask(c.SignIn("w02", "1122"), "in-2")
    hall.ask(c.CommandWindow("w02", "sign_off"), "off-2")
    assert missing(hall, table, value) == []
    hall.ready()
    assert hall.engine.hall_view(hall.now_ms)["totals"]["issued"] == 2


def test_window_that_the_wall_still_names_must_stay(hall):
    """Its ticket is back in line and knows nothing of it any more."""
    hall.ask(c.SignIn("w07", "1122"), "in-7")
    for command in ("next", "missed", "sign_off"):
        assert hall.ask(c.CommandWindow("w07", command), f"{command}-7").status == "done"
    hall.ask(c.ReturnTicket("20261123-D001"), "back")
    assert missing(hall, "window", "w07") == ["window w07"]


def test_next_day_needs_nothing_of_the_day_before(hall):
    hall.wall_ms += 86_400_000
    assert missing(hall, "window", "w01") == []
    hall.ready()
    assert hall.engine.hall_view(hall.now_ms)["totals"]["issued"] == 0


def test_start_names_what_is_missing_and_the_way_out(hall):
    # The real start reads the real clock, which the day of the journal must not lie behind.
    hall.engine.clock.jump_to(hall.now_ms, 4_102_444_800_000)
    hall.round()
    hall.issue("property")
    config = without(hall.config, "service", "property")
    with pytest.raises(JournalError, match=r"service property.*put it back until the day is over"):
        recover(config, hall.journal, Machine())


def test_announcements_of_a_voice_that_is_gone_expire_and_stop_nothing(hall):
    hall.ask(c.SignIn("w01", "1111"), "in-again")
    hall.issue("filing")
    hall.ask(c.CommandWindow("w01", "next"), "next-again")
    hall.result("voice-1", 1, hall.stored("calling.announcement_queued")[0]["job"])
    assert missing(hall, "node", "voice-1") == []
    hall.ready("kiosk-1")
    hall.run(120_000)
    assert hall.stored("calling.announcement_settled")[-1]["result"] == "expired"
