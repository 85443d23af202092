"""The wall through luma on the chain of chips: what is lit is the picture, whatever happened."""

import time
from collections.abc import Iterator

import pytest

from firmware.drivers.pi import led_wall
from firmware.drivers.pi.glyphs import LedFont, draw_text
from firmware.drivers.pi.led_wall import LedWall
from firmware.drivers.pi.loop import Loop
from firmware.drivers.pi.wall_picture import sign_frame, wall_frame
from simulator.devices.led_chain import LedChain

ROWS = (("A023", "3", True, False), ("B001", "12", False, True))


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


def test_the_wall_shows_the_picture_dot_for_dot(loop: Loop, led_font: LedFont) -> None:
    chain = LedChain(128, 64)
    wall = LedWall(loop, chain, "wall", led_font)
    wall.start()
    assert not any(chain.frame())
    wall.apply(("rows", "live", ROWS, "欢迎", 4, "欢迎"))
    lines = ("请A023到3号窗口", "", "现在等候4人", "欢迎")
    expected = b"".join(draw_text(led_font, line, 128, 16) for line in lines)
    assert chain.frame() == expected
    wall.apply(("rows", "stale", (), "请稍候", 0, "请稍候"))
    assert chain.frame() == wall_frame(led_font, "stale", (), "请稍候", 0)
    assert chain.frame() != expected
    wall.stop()
    assert not any(chain.frame())


def test_a_wall_that_is_identified_shows_its_name_as_large_as_it_fits(
    loop: Loop, led_font: LedFont
) -> None:
    chain = LedChain(128, 64)
    wall = LedWall(loop, chain, "wall", led_font)
    for name, scale in (("wall-1", 2), ("led", 4), ("wall-12345678", 1)):
        wall.apply(("rows", "identify", (), name, 0, name))
        assert chain.frame() == draw_text(led_font, name.upper(), 128, 64, scale=scale)


def test_a_sign_shows_its_number_and_its_state(loop: Loop, led_font: LedFont) -> None:
    chain = LedChain(64, 16)
    sign = LedWall(loop, chain, "sign", led_font, intensity=15)
    sign.apply(("sign", "serving", "A023", "3"))
    assert chain.frame() == draw_text(led_font, "A023", 64, 16)
    sign.apply(("sign", "paused", "", "3"))
    assert chain.frame() == sign_frame(led_font, "paused", "")
    assert chain.brightness() == 31


def test_chips_that_lost_their_settings_show_the_picture_again(
    loop: Loop, led_font: LedFont, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(led_wall, "REFRESH_MS", 20)
    chain = LedChain(128, 64)
    wall = LedWall(loop, chain, "wall", led_font)
    wall.start()
    wall.apply(("rows", "live", ROWS, "", 0, ""))
    before = chain.frame()
    chain.power_cut()
    assert not any(chain.frame())
    deadline = time.monotonic() + 20
    while chain.frame() != before:
        assert time.monotonic() < deadline, "the wall stays dark"
        loop.run_once(5)
    assert chain.brightness() == 15
    wall.stop()
