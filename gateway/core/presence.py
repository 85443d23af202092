"""Who is on the network: the life of each node as the gateway hears it.

Rules: volatile, never journalled; a `lost` that is older than the node's latest birth is ignored,
because a broker may deliver the will of a dead connection after the node is back.
"""

from dataclasses import dataclass

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
    reports: int = 0
    duplicates: int = 0
    rejected: int = 0

    @property
    def online(self) -> bool:
        return self.state == "online"

    def note_state(self, message: NodeState) -> bool:
        """Take over a birth or a death; True when the node came online just now."""
        if (message.boot, message.connection) < (self.boot, self.connection):
            return False
        born = message.state == "online" and (
            not self.online or (message.boot, message.connection) != (self.boot, self.connection)
        )
        self.state = message.state
        self.boot = message.boot
        self.connection = message.connection
        self.firmware = message.firmware
        self.board = message.board
        return born

    def note_shown(self, message: Shown) -> None:
        self.shown_epoch = message.epoch
        self.shown_rev = message.rev
        self.fresh = message.fresh
