"""Boards as data: one folder per board with `board.toml` and the wiring for people.

`loader` reads them, `schema` holds what a board may say, `chips` what the pins of a chip can do,
`parts` which drivers there are, `picture` draws the pin-out, `device` writes what the board itself
reads. CPython only; imports nothing of ours, so that gateway, simulator and tests can use it.
"""
