"""The two brokers of the live hall."""

import asyncio
from pathlib import Path

import pytest

from gateway.broker.access import new_credentials
from simulator.live import brokers
from simulator.live.brokers import BrokerError, EmbeddedBroker, MosquittoBroker


def test_embedded_broker_comes_back_on_its_port() -> None:
    async def story() -> None:
        broker = EmbeddedBroker("langfang", new_credentials(["w01-pad"]))
        await broker.start()
        port = broker.port
        await broker.kill()
        await broker.start()
        assert broker.port == port
        await broker.stop()

    asyncio.run(story())


def test_missing_mosquitto_is_told_with_the_line_that_helps(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(brokers, "MOSQUITTO_PATHS", ())
    broker = MosquittoBroker("langfang", new_credentials(["w01-pad"]), tmp_path)
    with pytest.raises(BrokerError, match="apt-get install"):
        asyncio.run(broker.start())
