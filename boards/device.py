"""What an ESP32 is told of its board: `board.json`, written beside the firmware when it is flashed.

    {"board": "esp32-lamp", "network": {"type": "wifi"},
     "parts": [["relays", {"red": [25], "amber": [26], "green": [27]}, {"active_low": true}]]}

Pins are numbers, options are complete: the device neither checks nor fills in anything.
"""

import json
from typing import Any

from boards.schema import Board


def board_json(board: Board) -> bytes:
    """The file for `firmware.shell.settings`; the same board gives the same bytes."""
    network: dict[str, Any] = {"type": board.network.type}
    if board.network.type == "lan8720":
        for role in ("mdc", "mdio", "clock", "power"):
            signal = getattr(board.network, role)
            network[role] = None if signal is None else board.pins[signal]
        network["clock_direction"] = board.network.clock_direction
        network["phy_address"] = board.network.phy_address
    parts = [
        [
            part.driver,
            {role: [board.pins[signal] for signal in names] for role, names in part.pins.items()},
            board.options_of(part).model_dump(),
        ]
        for part in board.part
    ]
    document = {"board": board.name, "network": network, "parts": parts}
    return json.dumps(document, sort_keys=True, ensure_ascii=True).encode() + b"\n"
