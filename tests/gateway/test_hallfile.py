"""The hall file: every mistake is named with its line, its field and what to do."""

from pathlib import Path

import pytest

from gateway.hallfile import HallFileError, load_hall_file, parse_hall

LANGFANG = Path(__file__).parents[2] / "gateway" / "halls" / "langfang.toml"


def _line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def _refuse(text: str) -> list[str]:
    with pytest.raises(HallFileError) as caught:
        parse_hall(text, "hall.toml")
    return [str(mistake) for mistake in caught.value.mistakes]


def test_the_hall_of_langfang_loads_with_eight_windows() -> None:
    config = load_hall_file(LANGFANG)
    assert [window.label for window in config.window] == [str(n) for n in range(1, 9)]


def test_two_mistakes_are_named_at_once_each_with_its_line_and_field() -> None:
    text = LANGFANG.read_text("utf-8")
    text = text.replace("limit_minutes = 25", "limit_minutes = 999").replace(
        'prefix = "B"', 'prefix = "bb"'
    )
    first, second = _refuse(text)
    line = _line_of(text, 'prefix = "bb"')
    assert first.startswith(f"hall.toml:{line}: service[2].prefix: 'bb' does not have the form ^[A")
    line = _line_of(text, "limit_minutes = 999")
    assert second.startswith(f"hall.toml:{line}: service[4].limit_minutes: ")
    assert second.endswith("less than or equal to 240, not 999")


def test_a_misspelt_option_is_named_with_the_one_that_was_meant() -> None:
    text = LANGFANG.read_text("utf-8").replace("walk_seconds", "walk_second")
    line = _line_of(text, "walk_second")
    problem = "is not an option here: did you mean `walk_seconds`?"
    assert _refuse(text) == [f"hall.toml:{line}: rules.walk_second: {problem}"]


def test_a_missing_field_is_named_at_the_line_of_its_table() -> None:
    text = LANGFANG.read_text("utf-8").replace('label = "3"\n', "")
    line = _line_of(text, 'id = "w03"') - 1
    assert _refuse(text) == [
        f"hall.toml:{line}: window[3].label: is missing: add a line `label = ...`"
    ]


def test_a_mistake_in_toml_itself_has_its_line() -> None:
    text = LANGFANG.read_text("utf-8").replace('prefix = "C"', 'prefix = "C')
    (mistake,) = _refuse(text)
    line = _line_of(text, 'prefix = "C\n')
    assert mistake.startswith(f"hall.toml:{line}: is not TOML: ")


def test_a_value_that_stands_twice_is_named_at_its_second_place() -> None:
    text = LANGFANG.read_text("utf-8").replace('id = "w05"', 'id = "w02"')
    line = text[: text.rindex('id = "w02"')].count("\n") + 1
    assert _refuse(text) == [
        f"hall.toml:{line}: window[5].id: window.id 'w02' stands more than once"
    ]


def test_a_service_that_is_not_defined_is_named_at_the_window() -> None:
    text = LANGFANG.read_text("utf-8").replace(
        'services = ["filing", "registration"]', 'services = ["visa"]'
    )
    (mistake,) = _refuse(text)
    line = _line_of(text, '["visa"]')
    assert mistake.startswith(f"hall.toml:{line}: window[3].services: ")


def test_lines_are_right_after_a_text_of_several_lines() -> None:
    text = (
        LANGFANG.read_text("utf-8")
        .replace('notice_en = "Take', 'notice_en = """\n[rules]\nTake')
        .replace('watch the wall for your number"', 'watch the wall for your number"""')
    )
    text = text.replace("calls_max = 3", "calls_max = 30")
    (mistake,) = [m for m in _refuse(text) if "calls_max" in m]
    assert mistake.startswith(f"hall.toml:{_line_of(text, 'calls_max')}: rules.calls_max: ")


def test_a_file_that_is_not_there_says_how_to_give_one(tmp_path: Path) -> None:
    with pytest.raises(HallFileError, match=r"cannot be read: No such file.*--hall"):
        load_hall_file(tmp_path / "none.toml")


def test_a_file_that_is_not_utf8_has_its_line(tmp_path: Path) -> None:
    path = tmp_path / "hall.toml"
    path.write_bytes(b"version = 1\n# \xc0\xc0\n")
    with pytest.raises(HallFileError, match=":2: is not UTF-8"):
        load_hall_file(path)


def test_an_unknown_board_is_refused_with_the_boards_there_are() -> None:
    text = LANGFANG.read_text("utf-8").replace('board = "pi-wall"', 'board = "pi-wal"')
    (mistake,) = _refuse(text)
    line = _line_of(text, 'board = "pi-wal"')
    assert mistake.startswith(
        f"hall.toml:{line}: node[2].board: board 'pi-wal' is not known: did you mean `pi-wall`? "
        "there are: esp32-lamp, "
    )


def test_a_board_of_another_kind_of_node_is_refused() -> None:
    text = LANGFANG.read_text("utf-8").replace('board = "pi-wall"', 'board = "esp32-pad"')
    (mistake,) = _refuse(text)
    assert mistake.endswith("node[2].board: board 'esp32-pad' is made for pad, not wall")


def test_a_device_of_a_window_without_a_board_is_refused_at_its_window() -> None:
    text = LANGFANG.read_text("utf-8").replace('label = "2"', 'label = "2"\ndevices = ["wall"]')
    (mistake,) = _refuse(text)
    line = _line_of(text, 'devices = ["wall"]')
    assert mistake.startswith(
        f"hall.toml:{line}: window[2].devices: board 'esp32-wall' is not known"
    )
