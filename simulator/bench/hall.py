"""The hall that is measured: ten windows, a full day's tickets in line, an officer at each window.

Rules: it is the hall out of the box with two more windows and without the voice, for 25 calls a
second would pile up announcements that a real voice could never speak; its journal is filled
through the engine itself before the gateway starts.
"""

from collections.abc import Sequence
from importlib import resources
from pathlib import Path

from gateway.config import HallConfig
from gateway.core.effects import Answer, Effect
from gateway.engine import Engine
from gateway.hallfile import parse_hall
from gateway.journal.interface import EventJournal
from gateway.machine import Machine, open_journal, steady_ms
from gateway.recovery import recover
from gateway.systems.calling.commands import Command, IssueTicket, SignIn

WALL = "wall-1"
TICKETS = 300
_VOICE = '[[node]]\nid = "voice-1"\nkind = "voice"\nboard = "pi-voice"\n'
_MORE = """
[[window]]
id = "w09"
label = "9"
services = ["filing", "enquiry"]

[[window]]
id = "w10"
label = "10"
services = ["registration", "social"]

[[officer]]
staff_number = "1211"
name = "林涛"
"""


def hall_text() -> str:
    """The hall file."""
    text = resources.files("gateway").joinpath("halls", "langfang.toml").read_text("utf-8")
    assert _VOICE in text, "the hall out of the box has a voice"
    return text.replace(_VOICE, "") + _MORE


def hall_config() -> HallConfig:
    """The hall file, checked."""
    return parse_hall(hall_text(), "bench.toml")


def opening(config: HallConfig, tickets: int) -> list[Command]:
    """What brings the hall to work: tickets of all services in turn, then the officers."""
    services = [service.code for service in config.service]
    issued = [IssueTicket(services[number % len(services)], None) for number in range(tickets)]
    pairs = zip(config.window, config.officer, strict=True)
    return [*issued, *(SignIn(window.id, officer.staff_number) for window, officer in pairs)]


def carry_out(
    engine: Engine, journal: EventJournal, commands: Sequence[Command], now_ms: int
) -> list[Effect]:
    """Have all of them decided in one batch and committed. A refused one is an AssertionError."""
    for number, command in enumerate(commands):
        engine.request(f"bench-{engine.seq}-{number}", "bench", command)
    batch = engine.prepare(now_ms)
    effects = engine.committed(batch, journal.append(batch.records), now_ms)
    refused = [e.body for e in effects if isinstance(e, Answer) and e.status != "done"]
    assert not refused, f"the hall could not be opened: {refused[0]}"
    return effects


def fill_journal(config: HallConfig, folder: Path, tickets: int) -> None:
    """Write the journal of a morning into `folder`, ready for a gateway to start on it."""
    journal = open_journal(config, folder)
    try:
        engine, _ = recover(config, journal, Machine())
        carry_out(engine, journal, opening(config, tickets), steady_ms())
    finally:
        journal.close()
