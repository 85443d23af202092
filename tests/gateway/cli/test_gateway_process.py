"""`hallkit gateway` as a process of its own: killed, stopped, started again."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.web.tokens import TokenStore
from simulator.broker_server import BrokerServer

DEADLINE_S = 20.0
OFFICERS = ("1111", "1122", "1133", "1144")


class Gateway:
    """One running `hallkit gateway --json`."""

    def __init__(self, process: asyncio.subprocess.Process, address: str) -> None:
        self.process = process
        self.address = address

    @classmethod
    async def start(cls, hall_file: Path, data: Path, broker: str) -> "Gateway":
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gateway.cli.main", "gateway", "--json"),
            *("--hall", str(hall_file), "--data", str(data)),
            *("--broker", broker, "--http", "127.0.0.1:0"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), DEADLINE_S)
        return cls(process, json.loads(line)["address"])

    async def end(self, number: signal.Signals) -> int:
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), DEADLINE_S)

    async def until_ready(self, client: httpx.AsyncClient) -> None:
        deadline = time.monotonic() + DEADLINE_S
        while (await client.get(f"{self.address}/readyz")).status_code != 200:
            assert time.monotonic() < deadline, "the gateway did not become ready"
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def _client(data: Path, role: str) -> AsyncIterator[httpx.AsyncClient]:
    text = TokenStore(data).first_texts()[f"{role}-1"]
    async with httpx.AsyncClient(
        headers={"Authorization": f"Bearer {text}"},
        timeout=DEADLINE_S,
        trust_env=False,
        verify=False,
    ) as client:
        yield client


async def _issue_until_cut(
    client: httpx.AsyncClient, address: str, name: str, answers: dict[str, Any], stop: asyncio.Event
) -> None:
    number = 0
    with contextlib.suppress(httpx.HTTPError):
        while not stop.is_set():
            key = f"{name}-{number}"
            answer = await client.post(
                f"{address}/api/v1/tickets",
                json={"service": "filing"},
                headers={"Idempotency-Key": key},
            )
            assert answer.status_code == 201
            answers[key] = answer.json()
            number += 1


@pytest.mark.slow
def test_a_gateway_killed_in_the_middle_loses_nothing_it_acknowledged(
    tmp_path: Path, hall_file: Path, make_pad: Callable[[str, int], Any]
) -> None:
    async def scenario() -> None:
        data = tmp_path / "data"
        broker = BrokerServer()
        port = await broker.start()
        answers: dict[str, Any] = {}
        signed: list[str] = []
        for round_number in range(4):
            gateway = await Gateway.start(hall_file, data, f"127.0.0.1:{port}")
            async with _client(data, "kiosk") as client:
                await gateway.until_ready(client)
                before = len(answers)
                stop = asyncio.Event()
                tasks = [
                    asyncio.create_task(
                        _issue_until_cut(
                            client, gateway.address, f"r{round_number}c{n}", answers, stop
                        )
                    )
                    for n in range(4)
                ]
                window = f"w0{round_number + 1}"
                pad = make_pad(window, port)
                await pad.start()
                ack = await pad.sign_in(OFFICERS[round_number])
                assert ack.result == "ok"
                signed.append(window)
                deadline = time.monotonic() + DEADLINE_S
                while len(answers) < before + 20:
                    assert time.monotonic() < deadline, "tickets are issued too slowly"
                    await asyncio.sleep(0.005)
                assert await gateway.end(signal.SIGKILL) == -signal.SIGKILL
                await asyncio.gather(*tasks)
                await pad.stop()
        gateway = await Gateway.start(hall_file, data, f"127.0.0.1:{port}")
        await _check_nothing_is_lost(gateway, data, answers, signed)
        assert await gateway.end(signal.SIGTERM) == 0
        await broker.stop()

    asyncio.run(scenario())


async def _check_nothing_is_lost(
    gateway: Gateway, data: Path, answers: dict[str, Any], signed: list[str]
) -> None:
    numbers = [ticket["number"] for ticket in answers.values()]
    assert len(set(numbers)) == len(numbers) >= 80
    async with _client(data, "kiosk") as client:
        for key, ticket in answers.items():
            found = await client.get(f"{gateway.address}/api/v1/tickets/{ticket['ticket']}")
            assert found.json()["number"] == ticket["number"]
            again = await client.post(
                f"{gateway.address}/api/v1/tickets",
                json={"service": "filing"},
                headers={"Idempotency-Key": key},
            )
            assert again.headers["idempotent-replay"] == "true"
            assert again.json() == ticket
    async with _client(data, "officer") as client:
        windows = (await client.get(f"{gateway.address}/api/v1/windows")).json()["windows"]
        assert [w["id"] for w in windows if w["mode"] != "closed"] == signed


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop_ends_with_code_0_while_a_stream_is_open(
    tmp_path: Path, hall_file: Path, number: signal.Signals
) -> None:
    async def scenario() -> None:
        data = tmp_path / "data"
        gateway = await Gateway.start(hall_file, data, "127.0.0.1:1")
        async with (
            _client(data, "officer") as client,
            client.stream("GET", f"{gateway.address}/api/v1/stream") as answer,
        ):
            assert await anext(answer.aiter_lines())
            assert await gateway.end(number) == 0

    asyncio.run(scenario())
