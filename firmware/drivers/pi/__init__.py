"""Drivers of a Raspberry Pi node; ordinary CPython."""
