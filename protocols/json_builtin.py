"""In the place of json_reader.py on a board: the reader that is built into MicroPython.

It costs no heap, and takes a little more than JSON allows; what comes to a board was written by
`protocols.wire`. MicroPython, pure. See docs/decisions/0023.
"""

import json


class JsonError(ValueError):
    """The bytes are not JSON."""


def read_json(data: bytes) -> object:
    """The one value in `data`. Raises JsonError and nothing else."""
    try:
        value: object = json.loads(data)
    except ValueError:
        raise JsonError("it is not JSON")
    return value
