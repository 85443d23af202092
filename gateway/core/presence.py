"""Who is on the network: the life of each node as the gateway hears it.

Rules: volatile, never journalled; a `lost` that is older than the node's latest birth is ignored,
because a broker may deliver the will of a dead connection after the node is back; so is an older
birth of the same boot, which a broker may have kept. A birth of a lower boot is a new board under
the same name, and is believed.
"""

from dataclasses import dataclass
from typing import Literal

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

    def note_shown(self, message: Shown) -> None:
        self.shown_epoch = message.epoch
        self.shown_rev = message.rev
        self.fresh = message.fresh
        self.outbox_age_ms = message.outbox_age_ms
