"""The same seeded inputs through the product, on CPython and in the VM: the lines must be equal.

Everything here but `compare` runs on both, so it is written in the MicroPython subset.
"""
