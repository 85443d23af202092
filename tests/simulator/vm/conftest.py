"""Runs a program in the real MicroPython."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from simulator.vm.vm import Vm


@pytest.fixture
def run() -> Callable[..., str]:
    """run(code, **arguments of Vm) -> what it printed; a program that fails fails the test."""

    def run(code: str, **arguments: Any) -> str:
        vm = Vm(**arguments)
        exit_code = vm.run("-c", code)
        assert exit_code == 0, vm.stderr.decode()
        return vm.stdout.decode()

    return run
