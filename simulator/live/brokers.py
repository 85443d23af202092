"""The message broker of the live hall: the embedded one, or a real Mosquitto as a child process.

Both can be killed and started again on the same port; both forget everything then, and the hall has
to be right all the same. Credentials are made anew at every start and never leave this machine.
"""

import asyncio
import contextlib
import os
import pwd
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from gateway.broker.access import (
    Credential,
    HallAccess,
    mosquitto_acl,
    mosquitto_conf,
    mosquitto_passwords,
)
from gateway.parentage import dying_with_parent
from simulator.broker import BrokerCore
from simulator.broker_server import BrokerServer

HOST = "127.0.0.1"
MOSQUITTO_PATHS = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
ANSWER_TIMEOUT_S = 5.0


class BrokerError(Exception):
    """The broker cannot run; the text says what to do."""


class LiveBroker(Protocol):
    """What the hall needs of a broker."""

    port: int

    async def start(self) -> None:
        """Listen; the same port again after the first time. Raises BrokerError."""

    async def kill(self) -> None:
        """Die at once, as a crash."""

    async def stop(self) -> None:
        """End in order."""


class EmbeddedBroker:
    """`simulator.broker_server` in this process."""

    def __init__(self, hall: str, credentials: Sequence[Credential]) -> None:
        self.port = 0
        core = BrokerCore(HallAccess(hall, credentials), identity_is_client_id=True)
        self._server = BrokerServer(core)

    async def start(self) -> None:
        """Listen."""
        self.port = await self._server.start(HOST, self.port)

    async def kill(self) -> None:
        """Reset every socket, forget everything."""
        await self._server.kill()

    async def stop(self) -> None:
        """Close."""
        await self._server.stop()


class MosquittoBroker:
    """A real Mosquitto 2 with generated passwords and access rules, in `folder`."""

    def __init__(
        self,
        hall: str,
        credentials: Sequence[Credential],
        folder: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """`env`: what its environment has besides."""
        self.port = 0
        self._hall = hall
        self._credentials = tuple(credentials)
        self._folder = folder
        self._env = {**os.environ, **(env or {})}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """It was started and not ended."""
        return self._process is not None

    async def start(self) -> None:
        """Run Mosquitto and wait until it takes connections."""
        binary = find_mosquitto()
        self.port = self.port or free_port()
        configuration = self._write_files()
        log = (self._folder / "mosquitto.log").open("ab")
        try:
            self._process = await asyncio.create_subprocess_exec(
                binary,
                "-c",
                str(configuration),
                stdout=log,
                stderr=log,
                env=self._env,
                start_new_session=True,
                preexec_fn=dying_with_parent(),
            )
        finally:
            log.close()
        deadline = asyncio.get_running_loop().time() + ANSWER_TIMEOUT_S
        while not await _answers(self.port):
            if self._process.returncode is not None:
                raise BrokerError(
                    f"mosquitto ended with code {self._process.returncode}; "
                    f"it says why in {self._folder / 'mosquitto.log'}"
                )
            if asyncio.get_running_loop().time() > deadline:
                raise BrokerError(f"mosquitto does not answer on port {self.port}")
            await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL."""
        await self._end(hard=True)

    async def stop(self) -> None:
        """SIGTERM."""
        await self._end(hard=False)

    async def _end(self, hard: bool) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            if hard:
                process.kill()
            else:
                process.terminate()
        await process.wait()

    def _write_files(self) -> Path:
        self._folder.mkdir(parents=True, exist_ok=True)
        acl, passwords = self._folder / "acl", self._folder / "passwords"
        user = pwd.getpwuid(os.getuid()).pw_name
        for path, text in (
            (acl, mosquitto_acl(self._hall, self._credentials)),
            (passwords, mosquitto_passwords(self._credentials)),
            (
                self._folder / "mosquitto.conf",
                mosquitto_conf(self.port, acl.absolute(), passwords.absolute(), user),
            ),
        ):
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        return self._folder / "mosquitto.conf"


def find_mosquitto() -> str:
    """Where the binary is, or BrokerError with the line that helps."""
    path = os.pathsep.join((os.environ.get("PATH", ""), *MOSQUITTO_PATHS))
    binary = shutil.which("mosquitto", path=path)
    if binary is None:
        raise BrokerError(
            "mosquitto is not installed; "
            "run: sudo apt-get install --no-install-recommends mosquitto"
        )
    return binary


def free_port() -> int:
    """A port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True
