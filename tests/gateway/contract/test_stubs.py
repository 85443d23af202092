"""The stubs: mypy sees exact types through them, and they say what the modules hold."""

import ast
import re
from pathlib import Path

import pytest
from mypy import api

from gateway.contract.registry import message_modules
from gateway.contract.stubs import stub_files, stub_of
from protocols.wire import Struct

RIGHT = """
from typing import assert_type
from protocols.messages.node import Ack
from protocols.messages.ticket import KioskService, KioskWant, TicketJob
from protocols.wire import Message, decode

ack = Ack(boot=1, seq=1, result="ok", first=None, why="", cumulative=False)
assert_type(ack.boot, int)
assert_type(ack.cumulative, bool)

def read(payload: bytes) -> None:
    message = decode(payload, (TicketJob, KioskWant))
    assert_type(message, Message)
    if isinstance(message, TicketJob):
        assert_type(message.wait_minutes, int | None)
    if isinstance(message, KioskWant):
        assert_type(message.services, tuple[KioskService, ...])
"""

WRONG = """
from protocols.messages.lamp import LampWant
from protocols.messages.node import Shown
from protocols.messages.wall import WallWant
Shown(epoch=1, rev="2", fresh=True, outbox_age_ms=0)
Shown(epoch=1, rev=2, fresh=True)
Shown(epoch=1, rev=2, fresh=True, outbox_age_ms=0, more=1)
LampWant(epoch=1, rev=2, colour="blue", blink=False)
WallWant(epoch=1, rev=2, rows=("A001",), notice="", waiting=0)
Shown(epoch=1, rev=2, fresh=True, outbox_age_ms=0).revision
"""


def test_mypy_sees_exact_types_and_catches_each_mistake(tmp_path: Path) -> None:
    (tmp_path / "right.py").write_text(RIGHT)
    (tmp_path / "wrong.py").write_text(WRONG)
    options = ["--strict", "--config-file", "", "--cache-dir", str(tmp_path / "cache")]
    out, errors, _ = api.run([*options, str(tmp_path / "right.py"), str(tmp_path / "wrong.py")])
    assert errors == ""
    found = re.findall(r"(right|wrong)\.py:(\d+): error", out)
    assert found == [("wrong", str(line)) for line in range(5, 11)], out


@pytest.mark.parametrize("module", message_modules(), ids=lambda module: module.__name__)
def test_stub_declares_what_the_module_defines(module) -> None:
    stub = ast.parse(stub_of(module))
    classes = {node.name: node for node in stub.body if isinstance(node, ast.ClassDef)}
    structs = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Struct)
        and value.__module__ == module.__name__
    ]
    assert set(classes) == {struct.__name__ for struct in structs}
    for struct in structs:
        declared = [
            node for node in classes[struct.__name__].body if isinstance(node, ast.AnnAssign)
        ]
        assert [node.target.id for node in declared] == [name for name, _ in struct.FIELDS]


def test_there_is_a_stub_beside_every_module() -> None:
    assert sorted(path.stem for path in stub_files()) == [
        module.__name__.rsplit(".", 1)[1] for module in message_modules()
    ]
