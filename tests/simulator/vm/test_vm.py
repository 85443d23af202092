"""A VM is a world of its own: time, chance, memory, instructions, console and hardware."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.vm.disk import Disk
from simulator.vm.memory import MemoryFaultError
from simulator.vm.vm import OutOfFuelError, Vm, VmCrashError

Run = Callable[..., str]


def test_time_passes_only_in_sleep_and_exactly(run: Run) -> None:
    code = """
import time
time.sleep(3600)
time.sleep_ms(250)
time.sleep_us(1500)
print(time.time_ns(), time.ticks_ms())
"""
    assert run(code) == "3600251500000 3600251\n"


def test_a_sleep_wakes_the_host_once() -> None:
    deadlines: list[int] = []
    vm = Vm(before_sleep=deadlines.append, now_ns=5_000_000)
    vm.run("-c", "import time\ntime.sleep_ms(100)\nimport select\nselect.poll().poll(20)")
    assert deadlines == [105_000_000, 125_000_000]
    assert vm.now_ns == 125_000_000


def test_poll_returns_what_is_ready_without_sleeping(run: Run) -> None:
    code = """
import select, time
class Stream:
    def ready(self):
        return select.POLLIN
stream = Stream()
poll = select.poll()
poll.register(stream, select.POLLOUT)
print(poll.poll(30), time.ticks_ms())
poll.modify(stream, select.POLLIN)
print(poll.ipoll(30) == [(stream, 1)], time.ticks_ms())
poll.unregister(stream)
print(poll.poll(0))
"""
    assert run(code) == "[] 30\nTrue 30\n[]\n"


def test_same_arguments_give_the_same_run_to_the_instruction() -> None:
    code = "import os, random, time\nprint(os.urandom(8), random.getrandbits(30), time.time_ns())"
    runs = []
    for seed in (4, 4, 5):
        vm = Vm(seed=seed)
        assert vm.run("-c", code) == 0, vm.stderr
        runs.append((bytes(vm.stdout), vm.fuel_used))
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[2][0]


def test_heap_is_a_hard_limit(run: Run) -> None:
    code = """
kept = []
try:
    while True:
        kept.append(bytearray(1024))
except MemoryError:
    print(len(kept))
"""
    assert int(run(code, heap_kib=64)) < 64
    assert 64 < int(run(code, heap_kib=110)) < 110


def test_a_program_that_hangs_is_stopped_by_its_fuel() -> None:
    vm = Vm(fuel=20_000_000)
    with pytest.raises(OutOfFuelError, match="20000000"):
        vm.run("-c", "while True: pass")


def test_exit_code_and_trace_of_a_program_come_out() -> None:
    vm = Vm(disk=Disk({"main.py": b"import sys\nsys.exit(7)"}))
    assert vm.run("main.py") == 7
    vm = Vm()
    assert vm.run("-c", "nonsense") == 1
    assert b"NameError" in vm.stderr


def test_too_deep_a_recursion_is_an_error_of_the_program(run: Run) -> None:
    code = "def f(n): return f(n + 1)\ntry:\n    f(0)\nexcept RuntimeError as e:\n    print(e)"
    assert run(code) == "maximum recursion depth exceeded\n"


def test_console_is_given_in_and_kept(run: Run) -> None:
    assert run("import sys\nprint(sys.stdin.read(3) + sys.stdin.read())", stdin=b"abcdef") == (
        "abcdef\n"
    )


def test_hardware_takes_and_gives_any_bytes() -> None:
    asked: list[tuple[str, bytes]] = []

    def hardware(name: str, data: bytes) -> bytes:
        asked.append((name, data))
        return bytes(reversed(data))

    vm = Vm(hardware=hardware)
    code = """
import hardware
print(hardware.call("spi", bytes(range(256))) == bytes(range(255, -1, -1)))
print(hardware.call("pin"))
"""
    assert vm.run("-c", code) == 0
    assert vm.stdout == b"True\nb''\n"
    assert asked == [("spi", bytes(range(256))), ("pin", b"")]


def test_too_long_an_answer_of_the_hardware_is_named() -> None:
    vm = Vm(hardware=lambda name, data: bytes(1025))
    with pytest.raises(VmCrashError, match=r"hardware.call\('x'\): 1025 bytes, at most 1024"):
        vm.run("-c", "import hardware\nhardware.call('x')")


def test_a_fault_of_the_hardware_reaches_the_caller() -> None:
    def broken(name: str, data: bytes) -> bytes:
        raise KeyError(name)

    vm = Vm(hardware=broken)
    with pytest.raises(KeyError, match="spi"):
        vm.run("-c", "import hardware\nhardware.call('spi')")
    assert Vm().run("-c", "pass") == 0  # and leaves nothing behind


def test_memory_is_checked_at_both_ends() -> None:
    vm = Vm()
    vm.run("-c", "pass")
    vm.memory.read(0, 16)
    for address, size in ((-4, 8), (16 << 20, 1), (0, 17 << 20)):
        with pytest.raises(MemoryFaultError):
            vm.memory.read(address, size)
    with pytest.raises(MemoryFaultError, match="8 bytes at 4294967292"):
        vm.memory.write(-4, bytes(8))


def test_a_vm_runs_only_once() -> None:
    vm = Vm()
    vm.run("-c", "pass")
    with pytest.raises(AssertionError, match="runs once"):
        vm.run("-c", "pass")
