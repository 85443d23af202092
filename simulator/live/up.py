"""`hallkit up`: the whole hall with one command, in the browser; Ctrl-C ends it cleanly.

It prints one address and the word ready. Everything it starts runs on this machine only and ends
with it; what the hall has to remember lies in the data folder, and the next start goes on there.
"""

import asyncio
import contextlib
import fcntl
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, TextIO

import typer
import uvicorn
from fastapi import FastAPI

import gateway
from gateway.hallfile import HallFileError, load_hall_file
from simulator import assets as assets_step
from simulator.live.brokers import HOST, BrokerError, free_port
from simulator.live.gateway_link import GatewayError
from simulator.live.hall import LiveHall, LiveSettings
from simulator.live.server import make_live_app

DEFAULT_HALL = Path(gateway.__file__).parent / "halls" / "langfang.toml"
DEFAULT_DATA = Path("build/live")
GATEWAY_TIMEOUT_S = 20.0
WHOLE_TIMEOUT_S = 8.0


class _Server(uvicorn.Server):
    """Ctrl-C is ours: the whole hall has to end, not only the page."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take no signal."""
        yield


def up_command(
    broker: Annotated[str, typer.Option(help="embedded or mosquitto")] = "embedded",
    http: Annotated[str, typer.Option(help="address of the page")] = "127.0.0.1:8080",
    data: Annotated[Path, typer.Option(help="what the hall remembers")] = DEFAULT_DATA,
    hall: Annotated[Path, typer.Option(help="the hall file")] = DEFAULT_HALL,
    speed: Annotated[int, typer.Option(help="how fast hall time runs", min=1, max=600)] = 1,
) -> None:
    """Start the whole hall with virtual devices and open it to your browser."""
    if broker not in ("embedded", "mosquitto"):
        _fail(f"--broker {broker}: it is embedded or mosquitto")
    try:
        config = load_hall_file(hall)
        data.mkdir(parents=True, exist_ok=True)
        lock = _take_lock(data)
        listener = _listen(http)
        assets = assets_step.ensure(say=_say)
        gateway_port = _gateway_port(listener.getsockname()[1])
        settings = LiveSettings(
            config, hall.absolute(), data.absolute(), broker, gateway_port, assets
        )
        with lock, listener:
            asyncio.run(_serve(settings, listener, speed))
    except (HallFileError, BrokerError, GatewayError, OSError, ValueError) as error:
        _fail(str(error))


def _say(line: str) -> None:
    typer.echo(line)


def _fail(reason: str) -> None:
    typer.echo(f"hallkit up: {reason}", err=True)
    raise typer.Exit(2)


def _take_lock(data: Path) -> TextIO:
    lock = (data / "lock").open("w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"{data} is in use by another hall; give another folder: --data") from None
    return lock


def _listen(http: str) -> socket.socket:
    host, _, port = http.rpartition(":")
    if host not in ("127.0.0.1", "localhost") or not port.isdigit():
        raise ValueError(f"--http {http}: use 127.0.0.1:PORT; the page is for this machine only")
    # asyncio switches Nagle's delay off only for sockets that say TCP: 40 ms for every answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, int(port)))
    except OSError as error:
        listener.close()
        raise ValueError(f"--http {http}: {error.strerror}; try --http 127.0.0.1:0") from error
    return listener


def _gateway_port(page_port: int) -> int:
    """The port after the page's when it is free, so that printed QR codes stay good."""
    with socket.socket() as probe:
        try:
            probe.bind((HOST, page_port + 1))
        except (OSError, OverflowError):
            return free_port()
    return page_port + 1


async def _serve(settings: LiveSettings, listener: socket.socket, speed: int) -> None:
    began = time.monotonic()
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    hall = LiveHall(settings)
    await hall.start()
    try:
        app = make_live_app(hall, settings.assets)
        server = _web_server(app)
        serving = asyncio.create_task(server.serve([listener]), name="page")
        await _until_ready(hall, stopping)
        if speed != 1:
            await hall.set_pace(speed, paused=False)
        if not stopping.is_set():
            port = listener.getsockname()[1]
            _say(
                f"\n  {settings.config.hall.name_zh} · {settings.config.hall.name_en}\n"
                f"  {len(hall.runners)} devices, broker: {settings.broker}, "
                f"data: {settings.data}\n\n"
                f"  http://127.0.0.1:{port}/\n\n"
                f"  ready in {time.monotonic() - began:.1f} s. Ctrl-C stops everything.\n"
            )
        await stopping.wait()
        _say("stopping ...")
        await app.state.pump.close()
        server.should_exit = True
        await serving
    finally:
        await hall.stop()
    _say("stopped; start again and it goes on here")


def _web_server(app: FastAPI) -> uvicorn.Server:
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    return _Server(config)


async def _until_ready(hall: LiveHall, stopping: asyncio.Event) -> None:
    """The gateway has answered and the devices show what it wants. Raises GatewayError."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + GATEWAY_TIMEOUT_S
    while hall.link.view is None and not stopping.is_set():
        if loop.time() > deadline or hall.child.starts > 2:
            raise GatewayError(f"the gateway does not start:\n{hall.child.log_tail()}")
        await asyncio.sleep(0.02)
    deadline = loop.time() + WHOLE_TIMEOUT_S
    while not stopping.is_set() and loop.time() < deadline:
        runners = hall.runners.values()
        if all(runner.online and runner.node.lease_fresh for runner in runners):
            return
        await asyncio.sleep(0.02)
