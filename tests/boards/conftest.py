"""A board file that is right, to be made wrong."""

from collections.abc import Callable

import pytest

from boards.loader import BoardError, parse_board

GOOD = """
version = 1
name = "trial"
kinds = ["lamp"]
chip = "esp32"
module = "esp32-wroom-32e"
label = { zh = "灯", en = "Lamp" }
power = { supply = "5 V by USB-C", current_ma_max = 300 }
network = { type = "wifi" }
pins = { red = 25, amber = 26, green = 27 }
[[part]]
driver = "relays"
pins = { red = ["red"], amber = ["amber"], green = ["green"] }
"""

Refuse = Callable[..., str]


@pytest.fixture
def refuse() -> Refuse:
    """The error of the good board after replacing one text by another, pair by pair."""

    def changed(*changes: str, add: str = "") -> str:
        text = GOOD
        for before, after in zip(changes[::2], changes[1::2], strict=True):
            assert before in text
            text = text.replace(before, after)
        with pytest.raises(BoardError) as caught:
            parse_board(text + add, "trial")
        return str(caught.value)

    return changed
