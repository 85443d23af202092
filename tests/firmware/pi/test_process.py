"""The node's process as systemd sees it: ready, fed, stopped in order, or ended with a reason."""

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulator.devices.tts_chip import TtsChip
from simulator.ports.pty_port import PtyPort

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("pi-hall")]

DEADLINE_S = 20.0


def node_state(hall: Any, node: str) -> str:
    nodes = hall.get("technician", "/api/v1/nodes")["nodes"]
    return str(next(each["state"] for each in nodes if each["id"] == node))


def drained(manager: socket.socket) -> int:
    """How many messages came before there were none for the manager's time-out."""
    count = 0
    while True:
        try:
            manager.recv(100)
        except TimeoutError:
            return count
        count += 1


def test_systemd_hears_ready_is_fed_and_hears_the_end(
    hall: Any, start_node: Callable[..., Any], until: Callable[..., Any], tmp_path: Path
) -> None:
    port = PtyPort(TtsChip(), tmp_path / "voice")
    port.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(DEADLINE_S)
        told = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "900000"}
        tables = f'[voice]\nchip = "syn6288"\nserial = "{port.path}"\n'
        node = start_node(tables, "voice-1", "voice", hall.port, environment=os.environ | told)
        assert manager.recv(100) == b"READY=1"
        assert [manager.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        until(lambda: node_state(hall, "voice-1") == "online", "the gateway does not see it")
        # A node that makes no progress feeds nothing.
        node.process.send_signal(signal.SIGSTOP)
        state = Path(f"/proc/{node.process.pid}/stat")
        until(lambda: state.read_text().rpartition(")")[2].split()[0] == "T", "it runs on")
        manager.settimeout(0.9)
        assert drained(manager) <= 1, "what was on its way, and then nothing"
        node.process.send_signal(signal.SIGCONT)
        manager.settimeout(DEADLINE_S)
        assert node.end() == 0
        while manager.recv(100) != b"STOPPING=1":
            pass
    until(lambda: node_state(hall, "voice-1") == "bye", "it did not say goodbye")
    port.stop()


@pytest.mark.parametrize(
    ("tables", "code", "said"),
    [
        ("[voice]\n", 2, "voice.toml:"),
        ('[voice]\nclips = "nowhere"\n', 3, "nowhere"),
        ('password_file = "nobody"\n[voice]\nchip = "syn6288"\nserial = "x"\n', 3, "nobody"),
    ],
)
def test_a_node_that_can_not_run_ends_with_its_reason(
    start_node: Callable[..., Any], tables: str, code: int, said: str
) -> None:
    node = start_node(tables, "voice", "voice", 1)
    assert node.process.wait(DEADLINE_S) == code
    assert node.end() == code
    assert said in node.log


def test_a_part_that_is_not_there_does_not_keep_the_node_off(
    hall: Any, start_node: Callable[..., Any], until: Callable[..., Any], tmp_path: Path
) -> None:
    tables = f'[voice]\nchip = "syn6288"\nserial = "{tmp_path / "later"}"\n'
    node = start_node(tables, "voice-1", "voice", hall.port)
    until(lambda: node_state(hall, "voice-1") == "online", "the gateway does not see it")
    port = PtyPort(TtsChip(), tmp_path / "later")
    port.start()
    node.logged(r"later: (open)")
    port.unplug()
    node.logged(r"later: (lost)")
    port.plug()
    until(lambda: node.log.count("later: open") == 2, "the line was not opened again")
    assert node.end(signal.SIGINT) == 0
    port.stop()
