"""Who is on the network: the life of each node as the gateway hears it.

Rules: volatile, never journalled; a `lost` that is older than the node's latest birth is ignored,
because a broker may deliver the will of a dead connection after the node is back; so is an older
birth of the same boot, which a broker may have kept. A birth of a lower boot is a new board under
the same name, and is believed.
"""

from dataclasses import dataclass
from typing import Literal

from gateway.core.json import JsonObject
from protocols.messages.node import NodeState, Shown


@dataclass(slots=True)
class NodePresence:
    state: str = "unknown"  # unknown, online, bye, lost
    boot: int = 0
    connection: int = 0
    firmware: str = ""
    board: str = ""
    last_seen_ms: int | None = None  # steady
    shown_epoch: int = 0
    shown_rev: int = 0
    fresh: bool = False
    outbox_age_ms: int = 0
    reports: int = 0
    duplicates: int = 0
    rejected: int = 0

    @property
    def online(self) -> bool:
        return self.state == "online"

    def note_state(self, message: NodeState) -> Literal["born", "noted", "ignored"]:
        """Take over a birth or a death, unless it is of an older life."""
        new_board = message.state == "online" and message.boot < self.boot
        older = (message.boot, message.connection) < (self.boot, self.connection)
        if older and not new_board:
            return "ignored"
        born = message.state == "online" and (
            not self.online or (message.boot, message.connection) != (self.boot, self.connection)
        )
        self.state = message.state
        self.boot = message.boot
        self.connection = message.connection
        self.firmware = message.firmware
        self.board = message.board
        return "born" if born else "noted"

    def view(self, now_ms: int, epoch: int) -> JsonObject:
        """As plain JSON; `shown_rev` is null when it is of another epoch than `epoch`."""
        seen_ms = self.last_seen_ms
        return {
            "online": self.online,
            "state": self.state,
            "boot": self.boot,
            "firmware": self.firmware,
            "last_seen_ms_ago": None if seen_ms is None else now_ms - seen_ms,
            "shown_rev": self.shown_rev if self.shown_epoch == epoch else None,
            "fresh": self.online and self.fresh,
            "outbox_age_ms": self.outbox_age_ms,
            "reports": self.reports,
            "duplicates": self.duplicates,
            "rejected": self.rejected,
        }

    def note_shown(self, message: Shown) -> None:
        self.shown_epoch = message.epoch
        self.shown_rev = message.rev
        self.fresh = message.fresh
        self.outbox_age_ms = message.outbox_age_ms
