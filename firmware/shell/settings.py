"""What a board was told when it was flashed: `node.json`, `board.json`. Pure, MicroPython subset.

node.json, written by the technician's tool (board.json: see boards/device.py):

    {"hall": "langfang", "node": "w03-pad", "kind": "pad", "boot_floor": 1795393800,
     "date": [2026, 11, 23], "password": null,
     "broker": {"host": "192.168.20.5", "port": 8883, "name": "gateway.langfang"},
     "wifi": {"ssid": "hall", "password": "..."},
     "tls": {"ca": "ca.der", "certificate": "node.der", "key": "key.der"}}

`boot_floor` (Unix seconds of the flashing) keeps the boots of new hardware above those of the old
one under the same name. `date` is what the clock is set to when it has none, for TLS. `host` is
best an address: a name is looked up while nothing else runs. `name` is the one in the broker's
certificate. Null: `wifi` on an Ethernet board, `tls` on a bench only, `password` where
certificates are.
"""

import json


class SettingsError(Exception):
    """The text names the file, the field and what it should be."""


class Settings:
    """Both files, checked."""

    def __init__(self, node_text: bytes, board_text: bytes) -> None:
        node = _load("node.json", node_text)
        board = _load("board.json", board_text)
        self.hall: str = _field("node.json", node, "hall", str)
        self.node: str = _field("node.json", node, "node", str)
        self.kind: str = _field("node.json", node, "kind", str)
        self.boot_floor: int = _field("node.json", node, "boot_floor", int)
        self.date: list[int] = _field("node.json", node, "date", list)
        if len(self.date) != 3:
            raise SettingsError("node.json: date: give [year, month, day]")
        password = _optional("node.json", node, "password", str)
        self.password: bytes | None = None if password is None else password.encode()
        broker = _field("node.json", node, "broker", dict)
        self.broker_host: str = _field("node.json: broker", broker, "host", str)
        self.broker_port: int = _field("node.json: broker", broker, "port", int)
        self.broker_name: str = _field("node.json: broker", broker, "name", str)
        self.board: str = _field("board.json", board, "board", str)
        self.network: dict = _field("board.json", board, "network", dict)
        self.parts: list = _field("board.json", board, "parts", list)
        self.wifi = _texts(node, "wifi", ("ssid", "password"))
        self.tls = _texts(node, "tls", ("ca", "certificate", "key"))
        if self.network.get("type") == "wifi" and self.wifi is None:
            raise SettingsError(f"node.json: wifi: {self.board} needs ssid and password")


def _load(file: str, text: bytes) -> dict:
    try:
        value = json.loads(str(text, "utf-8"))
    except (ValueError, UnicodeError):
        raise SettingsError(f"{file}: is not JSON: write it to the board again")
    if not isinstance(value, dict):
        raise SettingsError(f"{file}: is not an object: write it to the board again")
    return value


def _field(file: str, values: dict, name: str, kind: type):  # type: ignore[no-untyped-def]  # what `kind` says
    value = values.get(name)
    if not isinstance(value, kind):
        raise SettingsError(f"{file}: {name}: is {value!r}; it must be of type {kind.__name__}")
    return value


def _optional(file: str, values: dict, name: str, kind: type):  # type: ignore[no-untyped-def]  # as above
    return None if values.get(name) is None else _field(file, values, name, kind)


def _texts(values: dict, name: str, fields: tuple) -> dict | None:
    table: dict | None = _optional("node.json", values, name, dict)
    if table is not None:
        for field in fields:
            _field(f"node.json: {name}", table, field, str)
    return table
