"""How much heap the whole program of a board takes: drivers, loop, link, store and node together.

The board lives in virtual time beside a real broker core and a real gateway engine: an officer
signs in, tickets come, are called, served and rated, the beat goes on. `heap_kib` is what an ESP32
gives; the VM gets SHIMS_KIB more, for what is built into a real chip and lies on the heap here.
TLS and the network's buffers are outside MicroPython's heap, there as here.
"""

from dataclasses import dataclass

from boards.chips import ESP32
from boards.loader import board_names, load_board
from gateway.systems.calling.commands import CommandWindow, SignIn
from simulator.board.install import application
from simulator.board.virtual_bench import OFFICER, VirtualBench

# machine, network, socket, ssl, select, time, os and the prompt, as measured by `shims_bytes`.
SHIMS_KIB = 13
FORMS = ("mpy", "rom")
STEP_KIB = 4
HEAP_KIB_MIN, HEAP_KIB_MAX = 32, 256
SAMPLE_MS = 100
# Over one collection of the loop and a bit: the least of its samples is what is kept.
WINDOW_MS = 6000
ROUND_S = 20


@dataclass(frozen=True)
class BoardSize:
    """Bytes of heap that are kept once it shows its first pictures, and at the end."""

    board: str
    form: str
    heap_kib: int
    started: int
    ended: int
    failed: str

    @property
    def kept(self) -> int:
        """What is kept at the end without what a real chip has built in."""
        return self.ended - SHIMS_KIB * 1024

    @property
    def is_flat(self) -> bool:
        """Whether what happened left nothing behind that grows."""
        return not self.failed and self.ended - self.started < 4096


def boards() -> list[str]:
    """Every kind of board that runs MicroPython."""
    return [name for name in board_names() if load_board(name).chip == ESP32]


def flash_bytes(form: str) -> int:
    """What the program takes of the flash."""
    files, rom = application(form)
    return sum(len(content) for content in (*files.values(), *rom.values()))


def measure_board(board: str, heap_kib: int, form: str = "rom", duration_s: int = 60) -> BoardSize:
    """Let it live for that long."""
    bench = VirtualBench(board, form=form, heap_kib=heap_kib + SHIMS_KIB)
    try:
        return _measure(bench, board, heap_kib, form, duration_s)
    finally:
        bench.close()


def _measure(
    bench: VirtualBench, board: str, heap_kib: int, form: str, duration_s: int
) -> BoardSize:
    bench.switch_on()
    bench.run(3000)
    if failure := _failure(bench):
        return BoardSize(board, form, heap_kib, 0, 0, failure)
    window = "w01"
    bench.request(SignIn(window, OFFICER))
    started = _kept(bench)
    ended = started
    for turn in range(max(1, duration_s // ROUND_S)):
        if _failure(bench):
            break
        bench.issue()
        for command in ("next", "start", "finish"):
            bench.request(CommandWindow(window, command))
            bench.run(1000)
        if board.endswith(("pad", "ethernet")):
            bench.press(1)
        elif board.endswith("rating"):
            bench.press(turn % 5)
        ended = _kept(bench)
        bench.run(ROUND_S * 1000 - WINDOW_MS - 4000)
    return BoardSize(board, form, heap_kib, started, ended, _failure(bench))


def smallest_board_heap_kib(board: str, form: str, duration_s: int = 60) -> int:
    """The smallest heap, in steps of STEP_KIB, with which it lives through that."""
    too_small, enough = HEAP_KIB_MIN, HEAP_KIB_MAX
    while enough - too_small > STEP_KIB:
        middle = (too_small + enough) // 2 // STEP_KIB * STEP_KIB
        if measure_board(board, middle, form, duration_s).failed:
            too_small = middle
        else:
            enough = middle
    return enough


def shims_bytes() -> int:
    """What the modules take that a real chip has built in; SHIMS_KIB must be enough."""
    bench = VirtualBench("esp32-pad")
    names = "machine, network, socket, ssl, select, time, os, errno"
    bench.board.disk.put("main.py", f"import gc, {names}\ngc.collect()\n".encode())
    bench.switch_on()
    bench.run(1000)
    used = bench.board.processor.heap_in_use
    bench.close()
    return used


def _kept(bench: VirtualBench) -> int:
    samples = []
    for _ in range(WINDOW_MS // SAMPLE_MS):
        bench.run(SAMPLE_MS)
        samples.append(bench.board.processor.heap_in_use)
    return min(samples)


def _failure(bench: VirtualBench) -> str:
    """Why the gateway does not see it, or why it started over; "" when it lives."""
    causes = bench.board.processor.causes[1:]
    if bench.online and not causes:
        return ""
    kept = [bench.board.disk.files().get(f"store/fault.{slot}", b"") for slot in (0, 1)]
    text = max(kept, key=len)[16:].decode("utf-8", "replace")
    lines = [line for line in bench.board.console.split("\r\n") if "Error" in line]
    return text or (lines[-1] if lines else f"not online, started over {len(causes)} times")
