"""A hall driven by hand: commands are decided and folded at once, with no engine around them."""

import tomllib
from pathlib import Path

import pytest

from gateway.config import HallConfig
from gateway.core.events import Event
from gateway.systems.calling import commands as c
from gateway.systems.calling.fold import apply
from gateway.systems.calling.refusals import Refusal
from gateway.systems.calling.rules import decide
from gateway.systems.calling.state import CallingState, Ticket

HALL_FILE = Path(__file__).parents[4] / "gateway" / "halls" / "langfang.toml"
# 2026-11-23 08:30 in the hall's time zone.
MORNING_MS = 1_795_393_800_000
MINUTE_MS = 60_000


class Desk:
    """Rules and state at one hall time, which the test moves."""

    def __init__(self, config: HallConfig) -> None:
        self.config = config
        self.state = CallingState()
        self.now_ms = MORNING_MS
        self.events: list[Event] = []
        self.times: list[int] = []
        self.tokens = 0
        self.do(c.PassTime())

    def do(self, command: c.Command) -> list[Event] | str:
        """The events of an accepted command, or the reason of its refusal."""
        decision = decide(self.config, self.state, command, self.now_ms)
        if isinstance(decision, Refusal):
            return decision.reason
        for event in decision:
            apply(self.state, event, self.now_ms)
        self.events += decision
        self.times += [self.now_ms] * len(decision)
        return decision

    def issue(self, service: str = "filing", kiosk: str | None = None) -> Ticket:
        self.now_ms += 1000
        self.tokens += 1
        token = f"{self.tokens:022d}"
        assert isinstance(self.do(c.IssueTicket(service, kiosk, token=token)), list)
        return next(t for t in self.state.tickets.values() if t.token == token)

    def sign_in(self, window: str, staff_number: str) -> None:
        assert isinstance(self.do(c.SignIn(window, staff_number)), list)

    def press(
        self, window: str, command: str, argument: str = "", seen: int | None = None
    ) -> list[Event] | str:
        self.now_ms += 1000
        return self.do(c.CommandWindow(window, command, argument, seen))

    def pass_minutes(self, minutes: int) -> None:
        self.now_ms += minutes * MINUTE_MS
        while self.do(c.PassTime()):
            pass


@pytest.fixture(scope="session")
def config() -> HallConfig:
    return HallConfig.model_validate(tomllib.loads(HALL_FILE.read_text(encoding="utf-8")))


@pytest.fixture
def desk(config: HallConfig) -> Desk:
    """Window w01 (filing, invoice, social) with its officer, nobody waiting."""
    desk = Desk(config)
    desk.sign_in("w01", "1111")
    return desk


@pytest.fixture(scope="session")
def fresh_desk() -> type[Desk]:
    """For tests that need many halls."""
    return Desk
