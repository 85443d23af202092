"""Memory of what was settled: reports by (node, boot, seq), REST calls by idempotency key.

Rules: it is a fold over `ReportSettled` and `RequestSettled`, so it survives with the journal and
changes in the same transaction as the effect it guards; it is bounded per node and in all, oldest
first out. A node keeps at most 16 unsettled reports, far fewer than what is remembered of it.
"""

from dataclasses import dataclass, field
from typing import Literal

from gateway.core.events import ReportSettled, RequestSettled
from gateway.core.json import JsonObject

REPORTS_PER_NODE_MAX = 128
REQUESTS_MAX = 4096


@dataclass(slots=True)
class SettledReport:
    result: Literal["ok", "stale", "denied"]
    why: str


@dataclass(slots=True)
class SettledRequest:
    principal: str
    fingerprint: str
    status: Literal["done", "refused"]
    body: JsonObject


@dataclass(slots=True)
class Dedupe:
    reports: dict[str, dict[str, SettledReport]] = field(default_factory=dict)
    requests: dict[str, SettledRequest] = field(default_factory=dict)

    def report(self, node: str, boot: int, seq: int) -> SettledReport | None:
        """What came of this report the first time, or None when it is new."""
        return self.reports.get(node, {}).get(f"{boot}:{seq}")

    def last_boot(self, node: str) -> int:
        """The boot of the node whose report was settled last; 0: none was."""
        of_node = self.reports.get(node)
        return int(next(reversed(of_node)).split(":")[0]) if of_node else 0

    def request(self, key: str) -> SettledRequest | None:
        """The first answer to this key, or None when it is new."""
        return self.requests.get(key)

    def note_report(self, event: ReportSettled) -> None:
        of_node = self.reports.setdefault(event.node, {})
        of_node[f"{event.boot}:{event.seq}"] = SettledReport(event.result, event.why)
        if len(of_node) > REPORTS_PER_NODE_MAX:
            del of_node[next(iter(of_node))]

    def note_request(self, event: RequestSettled) -> None:
        self.requests[event.key] = SettledRequest(
            event.principal, event.fingerprint, event.status, event.body
        )
        if len(self.requests) > REQUESTS_MAX:
            del self.requests[next(iter(self.requests))]
