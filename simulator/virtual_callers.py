"""Whoever calls the REST API in virtual time: the desk, phones, the chief's page.

A caller asks again with the same key until it is answered, as the pages do, and gives up in the
end. Calls and answers get lost like packets, and where the gateway's own line carries nothing. The
auditor is told what was asked and what was answered.
"""

import random
from collections.abc import Callable

from gateway.core.effects import Answer
from gateway.systems.calling.commands import (
    CancelTicket,
    Command,
    CommandWindow,
    GiveRating,
    IssueTicket,
    ReturnTicket,
)
from protocols.topics import GATEWAY
from simulator.auditor_effects import Picture
from simulator.auditor_requests import RequestAuditor
from simulator.network import Network
from simulator.virtual_gateway import VirtualGateway
from simulator.virtual_time import Timeline
from simulator.virtual_trace import Trace

RETRY_MS = 5_000
TRIES_MAX = 6
# What the auditor calls it.
WORDS: dict[type[Command], str] = {
    IssueTicket: "issue",
    ReturnTicket: "return",
    CancelTicket: "cancel",
    GiveRating: "rate",
}


class Callers:
    """All callers of one hall."""

    def __init__(
        self,
        timeline: Timeline,
        trace: Trace,
        rng: random.Random,
        network: Network,
        gateway: VirtualGateway,
        auditor: RequestAuditor,
    ) -> None:
        self._timeline = timeline
        self._trace = trace
        self._rng = rng
        self._network = network
        self._gateway = gateway
        self._auditor = auditor
        self._calls = 0

    def ask(
        self, who: str, command: Command, seen: Picture | None, answered: Callable[[Answer], None]
    ) -> None:
        """`seen`: mode and number the caller saw at the window the command is for."""
        self._calls += 1
        key = f"{who}-{self._calls}"
        if isinstance(command, CommandWindow):
            self._auditor.asked(key, command.command, command.window, seen)
        else:
            self._auditor.asked(key, WORDS[type(command)], "", None)
        done: list[Answer] = []

        def take(answer: Answer) -> None:
            if self._is_lost():
                return
            self._trace.note(self._timeline.now_ms, who, f"{key} {answer.status}")
            self._auditor.answered(key, answer)
            if not done:
                done.append(answer)
                answered(answer)

        def again(tries: int) -> None:
            if not done and tries:
                if not self._is_lost():
                    self._gateway.request(key, who, command, take)
                self._timeline.after(RETRY_MS, again, tries - 1)

        again(TRIES_MAX)

    def _is_lost(self) -> bool:
        network = self._network
        in_weather = self._rng.random() * 100 < network.weather.drop_percent
        return in_weather or network.is_blocked(GATEWAY)
