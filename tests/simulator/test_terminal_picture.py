"""The picture of a terminal shows what was left on it, and asks nobody for a font."""

import xml.etree.ElementTree as ET

from simulator.terminal_picture import picture, screen


def test_what_was_erased_is_not_on_the_picture() -> None:
    written = "one\r\n\x1b[?25lbar 10%\r\x1b[2Kbar 90%\r\x1b[2K\x1b[1A\x1b[2Kdone\r\n\x1b[?25h"
    assert screen(written) == ["done"]
    assert screen("a\r\nb\r\n") == ["a", "b"]


def test_words_and_colours_are_on_the_picture_and_no_address() -> None:
    made = picture(["\x1b[32m✓\x1b[0m 芯片 · chip  <esp32>"])
    text = "".join(ET.fromstring(made).itertext())
    assert "✓" in text
    assert "芯片" in text
    assert "<esp32>" in text.replace("\xa0", " ")
    assert "http" not in made.replace("http://www.w3.org/2000/svg", "")
