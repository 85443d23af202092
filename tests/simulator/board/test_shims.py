"""What a real chip has built in, asked at the prompt of a board in virtual time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from simulator.board.virtual_bench import VirtualBench

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bench() -> Iterator[VirtualBench]:
    """A board without a program."""
    made = VirtualBench("esp32-pad")
    made.board.disk.put("main.py", b"")
    made.switch_on()
    assert made.until(lambda: made.board.console.endswith(">>> "))
    made.board.type("import machine, network, os, socket, time; Pin = machine.Pin\r")
    made.run(1000)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("machine.unique_id()", "b'$o(\\xaa\\xbb\\x01'"),
        (
            "r = machine.RTC(); r.datetime((2026, 11, 23, 0, 8, 30, 0, 0)); r.datetime()",
            "(2026, 11, 23, 0, 8, 30, 0, 0)",
        ),
        ("network.WLAN(network.WLAN.IF_STA).status('rssi')", "-54"),
        ("Pin(99)", "ValueError: invalid pin"),
        ("Pin(13, Pin.IN, Pin.PULL_UP).value()", "1"),
        ("Pin(12, Pin.IN).value()", "0"),
        ("q = Pin(4, Pin.OUT, value=1); a = q(); q(0); a, q.value()", "(1, 0)"),
        (
            "socket.socket().connect(('10.0.0.1', 1))",
            "OSError: [Errno 23] EHOSTUNREACH",
        ),
        ("socket.getaddrinfo('nobody', 1)", "OSError: [Errno 23] EHOSTUNREACH"),
        ("os.uname().sysname, os.listdir('/')", "('esp32', ['config', 'main.py'])"),
        ("t = time.ticks_ms(); time.sleep_ms(25); time.ticks_ms() - t", "25"),
        ("n = time.ticks_ms()\rwhile time.ticks_ms() - n < 50: pass\r\r'past'", "'past'"),
    ],
)
def test_a_chip_answers_at_the_prompt(bench: VirtualBench, typed: str, answer: str) -> None:
    before = len(bench.board.console)
    bench.board.type(typed + "\r")
    assert bench.until(lambda: bench.board.console[before:].endswith(f"{answer}\r\n>>> "), 2000), (
        bench.board.console[before:]
    )


def test_a_clock_without_a_battery_begins_in_2000_and_outlasts_a_reset() -> None:
    bench = VirtualBench("esp32-pad")
    bench.board.disk.put("main.py", b"import machine; print(machine.RTC().datetime()[0])\n")
    bench.switch_on()
    bench.run(500)
    assert "\r\n2000\r\n" in bench.board.console
    bench.board.type("machine.RTC().datetime((2026, 11, 23, 0, 8, 30, 0, 0)); machine.reset()\r")
    bench.run(1000)
    assert "\r\n2026\r\n" in bench.board.console
    bench.close()


def test_sockets_run_out_as_on_the_chip_and_come_back_when_they_are_closed() -> None:
    bench = VirtualBench("esp32-pad")
    program = """
import errno, socket
kept = []
try:
    while True:
        kept.append(socket.socket())
except OSError as error:
    print(len(kept), error.errno == errno.ENOBUFS)
kept.pop().close()
socket.socket().close()
print("again")
"""
    bench.board.disk.put("main.py", program.encode())
    bench.switch_on()
    bench.run(500)
    assert "\r\n10 True\r\nagain\r\n" in bench.board.console
    bench.close()


def test_a_key_is_seen_at_its_pin_while_it_is_down(bench: VirtualBench) -> None:
    before = len(bench.board.console)
    bench.board.type("k = Pin(13, Pin.IN, Pin.PULL_UP)\r")
    bench.board.type("[(time.sleep_ms(100), k.value())[1] for i in range(4)]\r")
    bench.run(150)
    bench.board.parts.press(0, 100)
    assert bench.until(lambda: bench.board.console[before:].endswith("]\r\n>>> "), 2000)
    assert bench.board.console[before:].splitlines()[-2] in ("[1, 0, 1, 1]", "[0, 1, 1, 1]")
