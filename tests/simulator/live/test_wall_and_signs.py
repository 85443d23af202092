"""What wall and signs show, from the text to the decoded LEDs."""

import pytest

from firmware.drivers.pi.glyphs import LedFont, draw_text, fits
from firmware.drivers.pi.wall_picture import (
    WALL_WIDTH,
    call_text,
    sign_frame,
    wall_frame,
)
from firmware.drivers.words import SIGN_WORDS
from firmware.logic import events
from simulator.assets import Assets
from simulator.live.window_benches import SignBench, WallBench

LINE_BYTES = WALL_WIDTH // 8 * 16


@pytest.fixture(scope="module")
def font(assets: Assets) -> LedFont:
    return LedFont(assets.unifont)


def test_longest_call_fits_the_wall(font: LedFont) -> None:
    assert fits(font, call_text("A023", "3"), WALL_WIDTH)
    assert fits(font, call_text("A023", "12"), WALL_WIDTH)


def test_words_of_every_mode_fit_the_sign(font: LedFont) -> None:
    assert all(fits(font, word, 64) for _, word in SIGN_WORDS)


def test_wall_leds_read_as_the_calls_in_their_order(font: LedFont) -> None:
    bench = WallBench(font)
    rows = (("A001", "1", True, False), ("B002", "8", True, False))
    bench.apply((events.ROWS, events.LIVE, rows, "请稍候", 4, "请稍候"), 0)
    pixels = bench.chain.frame()
    for place, (number, window, _, _) in enumerate(rows):
        expected = draw_text(font, f"请{number}到{window}号窗口", WALL_WIDTH, 16)
        assert pixels[place * LINE_BYTES : (place + 1) * LINE_BYTES] == expected


def test_stale_wall_shows_no_number(font: LedFont) -> None:
    frame = wall_frame(font, events.STALE, (("A001", "1", True, False),), "请稍候", 4)
    call = draw_text(font, call_text("A001", "1"), WALL_WIDTH, 16)
    assert call not in [frame[at : at + LINE_BYTES] for at in range(0, len(frame), LINE_BYTES)]
    assert any(frame)


def test_flashing_line_is_dark_in_its_dark_phase(font: LedFont) -> None:
    frame = wall_frame(font, events.LIVE, (("A001", "1", False, True),), "", 0)
    assert not any(frame[:LINE_BYTES])


def test_sign_shows_the_number_only_while_it_is_called_or_served(font: LedFont) -> None:
    number = draw_text(font, "A023", 64, 16)
    for mode in ("called", "serving"):
        assert sign_frame(font, mode, "A023") == number
    for mode in ("closed", "open", "paused"):
        assert sign_frame(font, mode, "A023") != number
    bench = SignBench(font)
    bench.apply((events.SIGN, events.STALE, "----", "3"), 0)
    assert bench.chain.frame() == draw_text(font, "----", 64, 16)
