"""The processes of a measurement: brokers, the echo, the gateway; and what the kernel says of them.

Rules: everything listens on a free port of loopback and is ended by its own process id.
"""

import asyncio
import getpass
import json
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

START_S = 20.0
STOP_S = 10.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class StartError(Exception):
    """A process did not come up; the message holds its last words."""


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def resident_mb(pid: int) -> float:
    """Memory of a process that is in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise ValueError(f"process {pid} has no VmRSS: it has ended")


@asynccontextmanager
async def _child(*words: str, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("wb") as errors:
        process = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.PIPE, stderr=errors
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def _last_words(log: Path) -> str:
    return log.read_text("utf-8")[-2000:]


async def _first_line(process: asyncio.subprocess.Process, what: str, log: Path) -> str:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), START_S)
    if not line:
        raise StartError(f"{what} did not start: {_last_words(log)}")
    return line.decode()


@asynccontextmanager
async def embedded_broker(folder: Path) -> AsyncIterator[int]:
    """The broker of the simulator; gives its port."""
    log = folder / "broker.log"
    words = (sys.executable, "-m", "simulator.broker_server", "--port", "0")
    async with _child(*words, log=log) as process:
        line = await _first_line(process, "the embedded broker", log)
        yield int(line.partition(" port ")[2].partition(";")[0])


def mosquitto_path() -> str | None:
    """Where Mosquitto is installed, or None."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


@asynccontextmanager
async def mosquitto(folder: Path) -> AsyncIterator[int]:
    """Mosquitto set up as for a hall, without TLS and users; gives its port."""
    binary = mosquitto_path()
    assert binary is not None, "ask mosquitto_path first"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nuser {getpass.getuser()}\nallow_anonymous true\n"
        "set_tcp_nodelay true\nmax_inflight_messages 0\nmax_queued_messages 1000000\n"
        f"max_queued_bytes {16 << 20}\npersistence false\nlog_type error\n",
        "utf-8",
    )
    log = folder / "mosquitto.log"
    async with _child(binary, "-c", str(settings), log=log) as process:
        await _listening(port, process, log)
        yield port


async def _listening(port: int, process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(START_S):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return
    raise StartError(f"Mosquitto ended: {_last_words(log)}")


@asynccontextmanager
async def echo(folder: Path, port: int) -> AsyncIterator[int]:
    """The responder that only answers; gives its process id."""
    log = folder / "echo.log"
    words = (sys.executable, "-m", "simulator.bench.echo", str(port))
    async with _child(*words, log=log) as process:
        await _first_line(process, "the echo", log)
        yield process.pid


@asynccontextmanager
async def gateway(folder: Path, hall: Path, port: int) -> AsyncIterator[int]:
    """The real gateway on the journal in `folder`; gives its process id."""
    log = folder / "gateway.log"
    words = ("--hall", hall, "--data", folder, "--broker", f"127.0.0.1:{port}")
    command = (sys.executable, "-m", "gateway.cli.main", "gateway", *map(str, words))
    async with _child(*command, "--http", "127.0.0.1:0", "--json", log=log) as process:
        line = await _first_line(process, "the gateway", log)
        if not json.loads(line)["ok"]:
            raise StartError(f"the gateway did not start: {line}")
        yield process.pid
