"""The interpreter compiled to machine code, once per machine: wasmtime, and a cache in build/vm.

Compiling takes 1 to 2 seconds, loading what was compiled takes milliseconds. The name of a cached
file holds all it was made from; it is put in place whole, so that processes may race for it.
Fuel is always counted (it is the watchdog, and cuts the power at any instruction): one engine.
"""

import functools
import hashlib
import importlib.metadata
import os
import platform
import tempfile

import wasmtime

from simulator.vm.interpreter import SAFE_WASM, safe_wasm

# MicroPython stops a recursion itself, well before this.
STACK_BYTES = 512 * 1024


@functools.cache
def engine() -> wasmtime.Engine:
    """The one engine of this process."""
    config = wasmtime.Config()
    config.wasm_exceptions = True
    config.consume_fuel = True
    config.max_wasm_stack = STACK_BYTES
    return wasmtime.Engine(config)


@functools.cache
def safe_module() -> wasmtime.Module:
    """The interpreter to use, compiled. Raises InterpreterError."""
    return load(safe_wasm())


def load(wasm: bytes) -> wasmtime.Module:
    """Compile, or take what an earlier run compiled."""
    version = importlib.metadata.version("wasmtime")
    made_from = f"{version} {platform.machine()} {STACK_BYTES}".encode()
    key = hashlib.sha256(made_from + wasm).hexdigest()[:16]
    cached = SAFE_WASM.parent / f"compiled-{key}"
    if cached.exists():
        return wasmtime.Module.deserialize_file(engine(), str(cached))
    module = wasmtime.Module(engine(), wasm)
    cached.parent.mkdir(parents=True, exist_ok=True)
    handle, path = tempfile.mkstemp(dir=cached.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(module.serialize())
    os.replace(path, cached)
    return module
