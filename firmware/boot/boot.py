"""`/boot.py` of a board: MicroPython runs it first, for a technician's tools as well."""

import bootstrap

bootstrap.enter()
