"""The fonts that the set-up step makes."""

import pytest

from firmware.drivers.pi.glyphs import LedFont
from simulator import assets as set_up


@pytest.fixture(scope="session")
def assets() -> set_up.Assets:
    return set_up.ensure(only=("unifont",))


@pytest.fixture(scope="session")
def led_font(assets: set_up.Assets) -> LedFont:
    return LedFont(assets.unifont)
