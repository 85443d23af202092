"""Parts of the live hall, wired as the hall wires them, without the gateway and the page."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from gateway.config import HallConfig
from gateway.hallfile import load_hall_file
from simulator.assets import Assets, ensure

LOOK_S = 0.005
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def config() -> HallConfig:
    """The hall that comes with hallkit."""
    return load_hall_file(ROOT / "gateway" / "halls" / "langfang.toml")


@pytest.fixture(scope="session")
def until() -> Callable[..., Awaitable[None]]:
    """Wait in the event loop until something is seen, at most `timeout_s`."""

    async def wait(seen: Callable[[], object], timeout_s: float = 20.0) -> None:
        for _ in range(round(timeout_s / LOOK_S)):
            if seen():
                return
            await asyncio.sleep(LOOK_S)
        pytest.fail(f"not seen within {timeout_s:g} s")

    return wait


@pytest.fixture(scope="session")
def assets() -> Assets:
    """Fonts and voice clips; made at the first run."""
    return ensure()
