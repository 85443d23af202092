"""Runs one part of `make chaos`, small, in this process, and hands over its tally."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from simulator.chaos.__main__ import arguments_of, run_part
from simulator.chaos.tally import Tally

Run = Callable[..., Tally]


@pytest.fixture
def run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Run:
    caplog.set_level(logging.ERROR, "hallkit.journal")

    def run_it(*words: str) -> Tally:
        given = arguments_of(words)
        tally = asyncio.run(run_part(given.part, given, tmp_path / given.part))
        if tally.skipped:
            pytest.skip(tally.skipped)
        return tally

    return run_it
