"""The glyphs of a window sign, made at set-up by the simulator's assets; asked for when needed."""

import importlib

from gateway.cli.output import OperatorError


def glyphs_of() -> bytes:
    """The contents of glyphs.bin. Raises OperatorError when the set-up was not run."""
    try:
        assets = importlib.import_module("simulator.assets")
        made: bytes = assets.ensure(only=("unifont", "sign")).sign_glyphs.read_bytes()
    except (ImportError, OSError, RuntimeError) as error:
        raise OperatorError(f"glyphs.bin cannot be made: {error}: run `make setup` once") from error
    return made
