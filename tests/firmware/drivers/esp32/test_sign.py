"""The window sign: bytes on SPI are the pixels of Unifont on the chain."""

from collections.abc import Callable
from typing import Any

import pytest

from firmware.drivers.esp32.glyphs import Glyphs
from firmware.drivers.pi.glyphs import CENTRE, LEFT, LedFont, draw_text, fits
from firmware.drivers.words import sign_characters, sign_text
from firmware.logic.events import IDENTIFY, STALE
from protocols.messages.pad import WINDOW_MODES
from simulator import assets as set_up

OPTIONS = {"width": 64, "height": 16, "brightness": 4, "spi": 2, "baud_hz": 1000000}
Wire = Callable[..., Any]


@pytest.fixture(scope="module")
def assets() -> set_up.Assets:
    return set_up.ensure(only=("unifont", "sign"))


@pytest.fixture(scope="module")
def font(assets: set_up.Assets) -> LedFont:
    return LedFont(assets.unifont)


@pytest.fixture(scope="module")
def glyphs(assets: set_up.Assets) -> Glyphs:
    return Glyphs(assets.sign_glyphs.read_bytes())


def make_sign(glyphs: Glyphs) -> Any:
    from firmware.drivers.esp32.max7219 import Sign

    return Sign((18, 23, 22), OPTIONS, glyphs)


@pytest.mark.parametrize("mode", [*WINDOW_MODES, STALE, IDENTIFY])
def test_the_sign_shows_the_pixels_of_the_font(
    chip: Any, led_bus: Wire, glyphs: Glyphs, font: LedFont, mode: str
) -> None:
    chain = led_bus(22, 64, 16)
    number = {STALE: "----", IDENTIFY: "w03-sign"}.get(mode, "A023")
    make_sign(glyphs).apply(("sign", mode, number, "3"), 0)
    assert chain.frame() == draw_text(font, sign_text(mode, number), 64, 16, CENTRE)
    assert any(chain.frame())
    assert chain.brightness() == 2 * 4 + 1


@pytest.mark.parametrize(
    "text", ["", "A", "Z9", "A0234567", "A02345678", "A 暂未开放", "暂未开放A"]
)
def test_a_line_is_placed_and_cut_as_on_the_wall(glyphs: Glyphs, font: LedFont, text: str) -> None:
    side = CENTRE if fits(font, text, 64) else LEFT
    assert glyphs.line(text, 64) == draw_text(font, text, 64, 16, side)


def test_every_character_a_sign_can_show_is_in_the_file(glyphs: Glyphs) -> None:
    for character in sign_characters():
        glyphs.find(character)
    with pytest.raises(ValueError, match=r"'请' is not|'欢' is not"):
        glyphs.find("欢")


def test_the_glyphs_take_less_than_two_kilobytes(assets: set_up.Assets) -> None:
    assert assets.sign_glyphs.stat().st_size < 2048


@pytest.mark.parametrize("damage", [lambda d: d[:-1], lambda d: b"X" + d[1:], lambda d: b""])
def test_a_damaged_file_of_glyphs_is_refused(
    assets: set_up.Assets, damage: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(ValueError, match=r"glyphs\.bin is damaged"):
        Glyphs(damage(assets.sign_glyphs.read_bytes()))


def test_an_upset_chain_is_written_again_within_ten_seconds(
    chip: Any, led_bus: Wire, glyphs: Glyphs
) -> None:
    chain = led_bus(22, 64, 16)
    sign = make_sign(glyphs)
    sign.apply(("sign", "open", "", "3"), chip.now_ms)
    shown = chain.frame()
    chain.power_cut()
    assert not any(chain.frame())
    chip.run(sign, 10000)
    assert chain.frame() == shown


def test_a_mode_without_words_is_an_error_and_not_an_old_picture() -> None:
    with pytest.raises(ValueError, match="sign mode 'moved': it has no words"):
        sign_text("moved", "")
