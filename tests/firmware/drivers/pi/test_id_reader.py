"""The card reader over a real serial line, and the tool that tries one; people are made up."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulator.devices.id_reader import IdReader, foreigner, resident
from simulator.ports.pty_port import PtyPort

Tool = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def reader() -> IdReader:
    made = IdReader()
    made.slow_percent = 10
    return made


@pytest.fixture
def port(reader: IdReader, tmp_path: Path) -> Iterator[PtyPort]:
    made = PtyPort(reader, tmp_path / "reader")
    made.start()
    yield made
    made.stop()


@pytest.fixture
def tool(port: PtyPort) -> Tool:
    def run(seconds: float) -> subprocess.CompletedProcess[str]:
        command = ["-m", "firmware.drivers.pi.id_reader", port.path, "--seconds", str(seconds)]
        return subprocess.run([sys.executable, *command], capture_output=True, text=True)

    return run


def test_a_card_is_read_and_shown_masked(reader: IdReader, port: PtyPort, tool: Tool) -> None:
    card = resident(4, name="测试甲")
    port.change(lambda now_ms: reader.insert(card, now_ms))
    result = tool(20)
    assert result.returncode == 0, result.stderr
    shown = json.loads(result.stdout)
    assert shown["layout"] == "resident"
    assert shown["name"] == "测**"
    assert shown["number"].startswith("*" * 14)
    assert "测试甲" not in result.stdout + result.stderr


def test_each_way_to_fail_has_its_exit_code(reader: IdReader, port: PtyPort, tool: Tool) -> None:
    assert tool(0.6).returncode == 4
    port.change(lambda now_ms: reader.insert(foreigner(1, kind="J"), now_ms))
    result = tool(0.6)
    assert (result.returncode, result.stdout) == (3, "")
    assert "not confirmed" in result.stderr
    port.change(lambda _: setattr(reader, "mute", True))
    assert tool(0.6).returncode == 5
