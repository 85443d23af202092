"""The real MicroPython in tests: its WebAssembly build under wasmtime, with all of its world ours.

`Vm` (vm.py) is one boot of one board: clock, disk, entropy, console and hardware are given in and
are the same each time. `python -m simulator.vm.interpreter` makes the interpreter at set-up.
"""
