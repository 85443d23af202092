"""`/main.py` of a board: MicroPython runs it after boot.py."""

import bootstrap

bootstrap.run()
