"""One boot of one board: MicroPython with a clock, a disk, chance, a console and hardware given in.

    vm = Vm(disk=Disk({"main.py": b"print('hello')"}), heap_kib=64)
    vm.run("main.py")        # 0, the exit code
    vm.stdout                # b"hello\\n"

Rules:
- nothing comes from the machine it runs on: the same arguments give the same run, to the last
  instruction. Time passes only while the program sleeps;
- the program runs in the calling thread until it ends; a process may run any number of VMs, each in
  a thread of its own;
- `fuel` counts instructions. A program that uses it up is stopped: as a watchdog would, or, at
  any number one likes, as a power cut would (then call `disk.lose_power()`);
- `rom` is a ROM file system (see mount.py), mapped beside the heap; `import rom` mounts it;
- `hardware(name, data)` is what the board is wired to; in the VM it is `hardware.call(name, data)`.
"""

import random
import struct
import weakref
from collections.abc import Callable, Mapping
from typing import Any

import wasmtime

from simulator.vm.disk import Disk
from simulator.vm.engine import engine, safe_module
from simulator.vm.files import OK, Files
from simulator.vm.interpreter import (
    HEAP_TABLE,
    KEYBOARD_INTERRUPT,
    PENDING_EXCEPTION,
    SCHEDULER_IDLE,
    SCHEDULER_PENDING,
    SCHEDULER_STATE,
)
from simulator.vm.library import LIBRARY
from simulator.vm.memory import Memory

UNLIMITED_FUEL = 1 << 62
MEMORY_BYTES_MAX = 16 << 20
PAGE_BYTES = 1 << 16
# The buffer that MicroPython keeps for one answer of the hardware, in hexadecimal.
ANSWER_BYTES_MAX = 2048
_PATH = b"MICROPYPATH=.frozen:/lib:/"

# A byte of the table of the heap (py/gc.c) tells of four blocks; 0 is free.
HEAP_BLOCK_BYTES = 16
_BLOCKS_USED = bytes(sum(1 for at in (0, 2, 4, 6) if four >> at & 3) for four in range(256))

Hardware = Callable[[str, bytes], bytes]


class OutOfFuelError(RuntimeError):
    """The program used up its instructions: it hangs, or the power was cut here."""


class VmCrashError(RuntimeError):
    """The interpreter itself failed; a program cannot do that to a sound one."""


class _ExitError(Exception):
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Vm(Files):
    """One boot; `run` once. The methods named as imports are called by the interpreter."""

    # Path -> source of what is laid on its disk beside the program.
    library: Mapping[str, bytes] = LIBRARY

    def __init__(
        self,
        *,
        disk: Disk | None = None,
        heap_kib: int = 64,
        seed: int = 0,
        hardware: Hardware | None = None,
        stdin: bytes = b"",
        rom: bytes = b"",
        fuel: int = UNLIMITED_FUEL,
        now_ns: int = 0,
        before_sleep: Callable[[int], None] | None = None,
        module: wasmtime.Module | None = None,
    ) -> None:
        super().__init__(disk or Disk(), random.Random(seed))
        self.now_ns = now_ns
        self.stdout = bytearray()
        self.stderr = bytearray()
        self._stdin = stdin
        self._rom = rom
        self._environment = [_PATH]
        self._heap_kib = heap_kib
        self._hardware = hardware
        self._before_sleep = before_sleep
        self._fuel = fuel
        self._fuel_used = 0  # before it was filled up
        self._module = module or safe_module()
        self._arguments: list[bytes] = []
        self._raised: BaseException | None = None
        self._store = wasmtime.Store(engine())
        self._store.set_limits(memory_size=MEMORY_BYTES_MAX)
        self._store.set_fuel(fuel)
        for name, source in self.library.items():
            self.disk.put(name, source)

    def run(self, *arguments: str) -> int:
        """Boot with the arguments of `micropython` (a file, or "-c" and code); the exit code.

        Raises OutOfFuelError, VmCrashError, and PowerCutError of the disk.
        """
        assert not self._arguments, "a VM runs once; make another on the same disk"
        options = [b"micropython", b"-X", f"heapsize={self._heap_kib}K".encode()]
        self._arguments = options + [argument.encode() for argument in arguments]
        imports = [
            wasmtime.Func(self._store, wanted.type, self._guarded(wanted.name or ""))
            for wanted in self._module.imports
            if isinstance(wanted.type, wasmtime.FuncType)
        ]
        exports = wasmtime.Instance(self._store, self._module, imports).exports(self._store)
        memory, start = exports["memory"], exports["_start"]
        assert isinstance(memory, wasmtime.Memory)
        assert isinstance(start, wasmtime.Func)
        self.memory = Memory(memory, self._store)
        if self._rom:
            self._map_rom(memory)
        try:
            start(self._store)
        except BaseException as error:
            # What came out may be another VM's: wasmtime keeps it per process. Ours is kept here.
            # And no longer than this: its trace holds the VM, and the VM its memory.
            raised, self._raised = self._raised, None
            if isinstance(raised, _ExitError):
                return raised.code
            if raised is not None:
                raise raised from None
            if isinstance(error, KeyboardInterrupt):
                raise
            if self._store.get_fuel() == 0:
                raise OutOfFuelError(f"after {self._fuel} instructions") from None
            raise VmCrashError(str(error)) from None
        return 0

    def _guarded(self, name: str) -> Callable[..., Any]:
        """The method of that name; what it raises ends the program, and is kept."""
        # wasmtime keeps every function in a table of the process until the store is gone, so a
        # function that kept the store alive would stay for ever, and the VM's memory with it.
        reference = weakref.ref(self)

        def call(*arguments: int) -> Any:
            vm = reference()
            assert vm is not None, "it runs"
            try:
                return getattr(vm, name)(*arguments)
            except BaseException as error:
                vm._raised = error
                raise

        return call

    def interrupt(self) -> None:
        """Ctrl-C, from any thread: KeyboardInterrupt at the next jump of the program.

        As py/scheduler.c mp_sched_keyboard_interrupt does it, in the memory of this very binary.
        """
        if not self._arguments or not hasattr(self, "memory"):
            return
        self.memory.write(KEYBOARD_INTERRUPT + 4, bytes(8))  # no trace of an earlier one
        self.memory.write_u32(PENDING_EXCEPTION, KEYBOARD_INTERRUPT)
        if self.memory.read(SCHEDULER_STATE, 2) == SCHEDULER_IDLE:
            self.memory.write(SCHEDULER_STATE, SCHEDULER_PENDING)

    def _map_rom(self, memory: wasmtime.Memory) -> None:
        # At the end of the memory: the interpreter's own allocator only ever takes what it grows.
        pages = -(-len(self._rom) // PAGE_BYTES)
        address = memory.grow(self._store, pages) * PAGE_BYTES
        self.memory.write(address, self._rom)
        self._environment.append(f"ROM={address},{len(self._rom)}".encode())

    @property
    def fuel_used(self) -> int:
        """Instructions so far."""
        return self._fuel_used + self._fuel - self._store.get_fuel()

    @property
    def heap_in_use(self) -> int:
        """Bytes of heap that are taken, with the garbage that was not collected yet."""
        start, size = self.memory.read_u32s(HEAP_TABLE, 2)
        return HEAP_BLOCK_BYTES * sum(self.memory.read(start, size).translate(_BLOCKS_USED))

    def refuel(self, fuel: int) -> None:
        """So many instructions from now on; from within a host function too."""
        self._fuel_used = self.fuel_used
        self._fuel = fuel
        self._store.set_fuel(fuel)

    # ---- arguments and environment ----

    def args_sizes_get(self, count: int, size: int) -> int:
        return self._write_sizes(self._arguments, count, size)

    def args_get(self, pointers: int, texts: int) -> int:
        return self._write_texts(self._arguments, pointers, texts)

    def environ_sizes_get(self, count: int, size: int) -> int:
        return self._write_sizes(self._environment, count, size)

    def environ_get(self, pointers: int, texts: int) -> int:
        return self._write_texts(self._environment, pointers, texts)

    def _write_sizes(self, texts: list[bytes], count: int, size: int) -> int:
        self.memory.write_u32(count, len(texts))
        self.memory.write_u32(size, sum(len(text) + 1 for text in texts))
        return OK

    def _write_texts(self, texts: list[bytes], pointers: int, at: int) -> int:
        for index, text in enumerate(texts):
            self.memory.write_u32(pointers + 4 * index, at)
            self.memory.write(at, text + b"\0")
            at += len(text) + 1
        return OK

    # ---- time ----

    def clock_time_get(self, clock: int, precision: int, out: int) -> int:  # noqa: ARG002
        self.memory.write_u64(out, self.now_ns)
        return OK

    def poll_oneoff(self, subscriptions: int, events: int, count: int, out: int) -> int:
        """Sleep until the first of the clocks; files are always ready and never waited for."""
        first: tuple[int, int] | None = None
        for index in range(count):
            data = self.memory.read(subscriptions + 48 * index, 48)
            user_data, tag = struct.unpack_from("<QB", data)
            timeout_ns, _, flags = struct.unpack_from("<QQH", data, 24)
            deadline_ns = timeout_ns if flags & 1 else self.now_ns + timeout_ns
            if tag == 0 and (first is None or deadline_ns < first[0]):
                first = (deadline_ns, user_data)
        if first is None:
            self.memory.write_u32(out, 0)
            return OK
        self.sleep_until(first[0])
        self.memory.write(events, struct.pack("<QHB5x16x", first[1], 0, 0))
        self.memory.write_u32(out, 1)
        return OK

    def sleep_until(self, deadline_ns: int) -> None:
        """Let time pass; in virtual time it is that time at once."""
        if self._before_sleep is not None:
            self._before_sleep(deadline_ns)
        self.now_ns = max(self.now_ns, deadline_ns)

    def sched_yield(self) -> int:
        return OK

    # ---- console ----

    def fd_read(self, fd: int, vectors: int, count: int, out: int) -> int:
        total = 0
        for address, size in self._vectors(vectors, count):
            if fd == 0:
                data: bytes | int = self._stdin[:size]
                self._stdin = self._stdin[size:]
            else:
                data = self.read(fd, size)
            if isinstance(data, int):
                return data
            self.memory.write(address, data)
            total += len(data)
            if len(data) < size:
                break
        self.memory.write_u32(out, total)
        return OK

    def fd_write(self, fd: int, vectors: int, count: int, out: int) -> int:
        data = b"".join(self.memory.read(*vector) for vector in self._vectors(vectors, count))
        if fd == 1:
            self.stdout += data
        elif fd == 2:
            self.stderr += data
        else:
            error = self.write(fd, data)
            if error != OK:
                return error
        self.memory.write_u32(out, len(data))
        return OK

    def _vectors(self, at: int, count: int) -> list[tuple[int, int]]:
        words = self.memory.read_u32s(at, 2 * count)
        return list(zip(words[::2], words[1::2], strict=True))

    def proc_exit(self, code: int) -> None:
        raise _ExitError(code)

    # ---- hardware ----

    def host_result_cap(self) -> int:
        return ANSWER_BYTES_MAX

    def host_call(
        self, name: int, name_size: int, data: int, data_size: int, out: int, room: int
    ) -> int:
        """Bytes in, bytes out; out in hexadecimal, because the VM takes nothing but text back."""
        what = self.memory.read(name, name_size).decode()
        if self._hardware is None:
            raise VmCrashError(f"hardware.call({what!r}): this VM has no hardware")
        answer = self._hardware(what, self.memory.read(data, data_size)).hex().encode()
        if len(answer) > room:
            raise VmCrashError(
                f"hardware.call({what!r}): {len(answer) // 2} bytes, at most {room // 2}"
            )
        self.memory.write(out, answer)
        return len(answer)
