"""The card reader over a real serial line, and the tool that tries one; people are made up."""

import json
import subprocess
import sys
import threading
import time
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


@pytest.mark.slow
def test_a_card_pulled_while_it_is_read_is_no_card_and_is_told(
    reader: IdReader, port: PtyPort, tool: Tool
) -> None:
    reader.slow_percent = 200  # reading takes 1.4 s
    pulled = threading.Event()

    def pull() -> None:
        while not pulled.is_set():
            # As soon as it is being read: found and selected are quick.
            if port.change(lambda now_ms: (reader.wake_at_ms() or 0) - now_ms > 500):
                port.change(reader.pull)
                pulled.set()
            time.sleep(0.005)

    port.change(lambda now_ms: reader.insert(resident(4, name="测试甲"), now_ms))
    hand = threading.Thread(target=pull)
    hand.start()
    result = tool(4)
    pulled.set()
    hand.join()
    assert (result.returncode, result.stdout) == (3, "")
    assert "Traceback" not in result.stderr
    assert reader.reads == 0


def test_replies_with_a_wrong_checksum_are_asked_for_again(
    reader: IdReader, port: PtyPort, tool: Tool
) -> None:
    reader.damages = 3
    port.change(lambda now_ms: reader.insert(resident(4, name="测试甲"), now_ms))
    result = tool(20)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["name"] == "测**"
    assert reader.damages == 0


def test_each_way_to_fail_has_its_exit_code(reader: IdReader, port: PtyPort, tool: Tool) -> None:
    assert tool(0.6).returncode == 4
    port.change(lambda now_ms: reader.insert(foreigner(1, kind="J"), now_ms))
    result = tool(0.6)
    assert (result.returncode, result.stdout) == (3, "")
    assert "not confirmed" in result.stderr
    port.change(lambda _: setattr(reader, "mute", True))
    assert tool(0.6).returncode == 5
