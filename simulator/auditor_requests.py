"""P1 and P3 for whoever calls the REST API: the desk, phones, the chief's page.

What was answered is durable and is what became of it; a call repeated with its key has one effect;
what the chief does is done to what the page showed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.core.effects import Answer
from gateway.core.json import JsonObject
from gateway.journal.records import Record
from simulator.auditor_effects import ANY_PICTURE, Picture, check_effects
from simulator.broken import PromiseBroken

CAUSE = "api:"


@dataclass(slots=True)
class RequestFact:
    """One call, from its first byte."""

    command: str
    window: str
    seen: Picture | None
    effects: list[str] = field(default_factory=list)
    status: str = ""
    body: JsonObject = field(default_factory=dict)


class RequestAuditor:
    """Follows every call to its end."""

    def __init__(self, picture: Callable[[str], Picture]) -> None:
        """`picture` of a window, now."""
        self._requests: dict[str, RequestFact] = {}
        self._picture = picture

    def asked(self, key: str, command: str, window: str, seen: Picture | None) -> None:
        """A call is made for the first time; `seen`: what its caller saw of the window."""
        self._requests[key] = RequestFact(command, window, seen)

    def record_durable(self, record: Record) -> None:
        """A record that a call may have caused."""
        if not record.cause.startswith(CAUSE):
            return
        key = record.cause.removeprefix(CAUSE)
        fact = self._requests.get(key)
        if fact is None:
            raise PromiseBroken("P3", f"{key} has an effect, but nobody asked for it")
        if fact.status:
            raise PromiseBroken("P3", f"{key} has a second effect, {record.kind}")
        if record.kind == "core.request_settled":
            self._settle(key, fact, record)
        else:
            if not fact.effects:
                self._check_seen(key, fact)
            fact.effects.append(record.kind.removeprefix("calling."))

    def _check_seen(self, key: str, fact: RequestFact) -> None:
        seen = fact.seen
        if seen is None or fact.command in ANY_PICTURE:
            return
        now = self._picture(fact.window)
        if now != seen:
            raise PromiseBroken("P3", f"{key} ({fact.command}) saw {seen} and acted on {now}")

    def _settle(self, key: str, fact: RequestFact, record: Record) -> None:
        fact.status = str(record.data["status"])
        body = record.data["body"]
        assert isinstance(body, dict), "see core.events.RequestSettled"
        fact.body = body
        if fact.status == "done":
            check_effects(key, fact.command, fact.effects)
        elif fact.effects:
            raise PromiseBroken("P3", f"{key} was {fact.status}, yet made {fact.effects}")

    def answered(self, key: str, answer: Answer) -> None:
        """A caller gets to know what came of it."""
        fact = self._requests[key]
        if (answer.status, answer.body) != (fact.status, fact.body):
            raise PromiseBroken(
                "P1",
                f"{key} answered {answer.status} {answer.body}, durable is "
                f"{fact.status or 'nothing'} {fact.body}",
            )
