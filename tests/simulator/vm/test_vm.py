"""A VM is a world of its own: time, chance, memory, instructions, console and hardware."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

import pytest
from wasmtime import _func

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


def test_fuel_can_be_filled_up_by_what_the_program_asks() -> None:
    vm = Vm(fuel=30_000_000, hardware=lambda *_: vm.refuel(20_000_000) or b"")
    with pytest.raises(OutOfFuelError, match="20000000"):
        vm.run("-c", "import hardware\nhardware.call('food')\nwhile True: pass")
    assert 20_000_000 < vm.fuel_used < 50_000_000


@pytest.mark.parametrize("code", ["while True: n += 1", "while True: time.sleep(1000)"])
def test_ctrl_c_from_another_thread_interrupts_wherever_the_program_is(code: str) -> None:
    began = threading.Event()
    vm = Vm(before_sleep=lambda _: stop.wait(5), hardware=lambda *_: began.set() or b"")
    stop = threading.Event()

    def finger() -> None:
        began.wait(5)
        vm.interrupt()
        stop.set()

    thread = threading.Thread(target=finger)
    thread.start()
    program = f"""
import hardware, time
n = 0
hardware.call("began")
try:
    {code}
except KeyboardInterrupt:
    print("interrupted")
"""
    assert vm.run("-c", program) == 0, vm.stderr.decode()
    thread.join()
    assert vm.stdout == b"interrupted\n"


def test_heap_in_use_is_what_the_program_itself_counts() -> None:
    counted: list[int] = []

    def hardware(*_: object) -> bytes:
        counted.append(vm.heap_in_use)
        return b""

    vm = Vm(hardware=hardware)
    code = """
import gc, hardware
kept = [bytearray(1000) for i in range(20)]
gc.collect()
print(gc.mem_alloc())
hardware.call("count")
"""
    assert vm.run("-c", code) == 0
    asking = counted[0] - int(vm.stdout)  # the call has a buffer for its answer
    assert 0 <= asking < 2500
    assert int(vm.stdout) > 20_000


def test_vms_in_threads_keep_their_endings_apart() -> None:
    """wasmtime keeps the last exception of a host function per process."""
    endings: list[tuple[int, object]] = []

    def live(number: int) -> None:
        def broken(name: str, data: bytes) -> bytes:
            raise KeyError(number)

        for again in range(20):
            vm = Vm(hardware=broken)
            ask = (
                "import hardware\nhardware.call('x')"
                if again % 2
                else f"raise SystemExit({number})"
            )
            try:
                endings.append((number, vm.run("-c", ask)))
            except KeyError as error:
                endings.append((number, error.args[0]))

    threads = [threading.Thread(target=live, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(endings) == 80
    assert [ending for ending in endings if ending[0] != ending[1]] == []


@pytest.mark.slow
def test_a_vm_that_is_put_away_leaves_nothing_behind() -> None:
    def handles() -> int:
        gc.collect()
        return len(_func.FUNCTIONS.handles)

    Vm().run("-c", "pass")
    before = handles()
    for _ in range(5):
        Vm().run("-c", "pass")
        with pytest.raises(KeyError):
            Vm(hardware=lambda name, _: {}[name]).run("-c", "import hardware; hardware.call('x')")
    assert handles() == before


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
