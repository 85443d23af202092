"""What was seen from outside: reports and acknowledgements on the wire, answers of REST, paper.

Rules: only what really left the gateway counts. An acknowledgement that passed on the broker binds
the gateway whether or not its node heard it.
"""

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Witness:
    """`reports`: node:boot:seq -> its command. `acks`: the results that were told for each.

    `answers`: key with principal -> (status, body) of REST. `papers`: (number, marked 补打).
    `wants`, `shown`: the newest (epoch, rev) by node. `problems`: contradictions seen on the spot.
    """

    reports: dict[str, str] = field(default_factory=dict)
    acks: dict[str, set[str]] = field(default_factory=dict)
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    papers: list[tuple[str, bool]] = field(default_factory=list)
    wants: dict[str, dict[str, Any]] = field(default_factory=dict)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)
    epochs: set[int] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def heard(self, topic: str, payload: bytes) -> None:
        """A message that passed on the broker."""
        parts = topic.split("/", 3)
        if not payload or len(parts) != 4:
            return
        node, channel = parts[2], parts[3]
        body = json.loads(payload)
        if channel in ("up/ev", "up/res"):
            name = f"{node}:{body['boot']}:{body['seq']}"
            command = str(body.get("command", body["k"]))
            if self.reports.setdefault(name, command) != command:
                self.problems.append(f"P3: {name} was {self.reports[name]}, is sent as {command}")
        elif channel == "down/ack":
            told = body["first"] if body["result"] == "dup" else body["result"]
            if told is not None:
                self.acks.setdefault(f"{node}:{body['boot']}:{body['seq']}", set()).add(told)
        elif channel == "down/want":
            self.epochs.add(body["epoch"])
            self.wants[node] = body
        elif channel == "up/is":
            self.shown[node] = body

    def answered(self, key: str, status: int, body: dict[str, Any]) -> None:
        """REST answered a call; the same call gets the same answer for ever."""
        known = self.answers.setdefault(key, (status, body))
        if known != (status, body):
            self.problems.append(f"P3: {key} was answered {known}, asked again {(status, body)}")

    def take_problems(self) -> list[str]:
        """What was found since the last call."""
        found, self.problems = self.problems, []
        return found
