"""The ground of a run: the hall out of the box, a real Mosquitto with its rules, ports, folders."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import gateway
from gateway.broker.access import Credential, new_credentials
from gateway.config import HallConfig
from gateway.hallfile import load_hall_file
from gateway.machine import JOURNAL_NAME
from protocols.topics import GATEWAY
from simulator.chaos.load import MONITOR, Load
from simulator.live.brokers import HOST, MosquittoBroker, free_port

HALL_FILE = Path(gateway.__file__).parent / "halls" / "langfang.toml"


class Site:
    """One hall of which the gateway is started again and again on the same port."""

    def __init__(
        self, folder: Path, hall_file: Path = HALL_FILE, env: Mapping[str, str] | None = None
    ) -> None:
        """`env`: what the broker's environment has besides."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.hall_file = hall_file
        self.config: HallConfig = load_hall_file(hall_file)
        self.credentials: tuple[Credential, ...] = new_credentials(
            [node.id for node in self.config.nodes], monitors=[MONITOR]
        )
        self.broker = MosquittoBroker(self.config.hall.id, self.credentials, folder / "broker", env)
        self.http_port = free_port()
        self._password_file = folder / "gateway-password"
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(self.password(GATEWAY) + "\n", "ascii")

    @classmethod
    @asynccontextmanager
    async def open(
        cls, folder: Path, hall_file: Path = HALL_FILE, env: Mapping[str, str] | None = None
    ) -> AsyncIterator["Site"]:
        """With its broker up. Raises BrokerError."""
        site = cls(folder, hall_file, env)
        await site.broker.start()
        try:
            yield site
        finally:
            await site.broker.stop()

    def password(self, identity: str) -> str:
        """Of one of the hall's nodes, or the gateway."""
        return next(each.password for each in self.credentials if each.identity == identity)

    @property
    def url(self) -> str:
        """Where the gateway answers."""
        return f"http://{HOST}:{self.http_port}"

    def gateway_words(self, data: Path, broker_port: int | None = None) -> list[str]:
        """The command line of `hallkit` for a gateway on `data`."""
        return [
            *("gateway", "--json", "--hall", str(self.hall_file), "--data", str(data)),
            *("--broker", f"{HOST}:{broker_port or self.broker.port}"),
            *("--user", GATEWAY, "--password-file", str(self._password_file)),
            *("--http", f"{HOST}:{self.http_port}"),
        ]

    def load(self, data: Path, windows: int = 3, seed: int = 1, people: Path | None = None) -> Load:
        """People and pads for the gateway on `data`; `people`: where pads keep what they keep."""
        return Load(
            self.config,
            self.credentials,
            self.broker.port,
            self.http_port,
            data,
            people or data.with_name(data.name + "-people"),
            windows,
            seed,
        )


def journal_of(data: Path) -> Path:
    """The journal in a gateway's folder."""
    return data / JOURNAL_NAME
