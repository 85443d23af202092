"""The file of a Pi node: mistakes are named with line, field and fix, all at once."""

from pathlib import Path

import pytest

from firmware.shell.config_pi import ConfigError, load_config

HEAD = """[node]
hall = "lf"
id = "kiosk-1"
kind = "{kind}"
store = "store"

[broker]
host = "broker.hall"
"""
GOOD = {
    "ticket": '[printer]\nhall_zh = "厅"\nhall_en = "Hall"\nhost = "printer"\n',
    "wall": '[wall]\nfont = "unifont.ttf"\n',
    "sign": '[wall]\nfont = "unifont.ttf"\n',
    "voice": '[voice]\nchip = "syn6288"\nserial = "/dev/ttyUSB0"\n',
    "lamp": "[lamp]\ngreen = [17]\namber = [27]\nred = [22]\n",
}


def write(folder: Path, text: str) -> Path:
    path = folder / "node.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(write(folder, text), {})
    return str(caught.value).replace(str(folder), "")


@pytest.mark.parametrize("kind", sorted(GOOD))
def test_a_good_file_of_each_kind_is_taken(tmp_path: Path, kind: str) -> None:
    config = load_config(write(tmp_path, HEAD.format(kind=kind) + GOOD[kind]), {})
    assert config.node.kind == kind
    assert config.broker.port == 8883
    assert config.node.store == tmp_path / "store"
    if config.wall is not None:
        assert config.wall.font == tmp_path / "unifont.ttf"


@pytest.mark.parametrize(
    ("kind", "tables"),
    [
        ("wall", '[screen]\nhall_zh = "厅"\n'),
        ("wall", GOOD["wall"] + "[screen]\n"),
        ("ticket", GOOD["ticket"] + "[screen]\nport = 8090\n"),
    ],
)
def test_a_screen_stands_instead_of_or_beside_the_led_wall_and_beside_the_printer(
    tmp_path: Path, kind: str, tables: str
) -> None:
    config = load_config(write(tmp_path, HEAD.format(kind=kind) + tables), {})
    assert config.screen is not None


def test_the_command_line_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD.format(kind="lamp") + GOOD["lamp"])
    config = load_config(path, {"node": {"id": "w02-lamp"}, "broker": {"host": "h", "port": 1}})
    assert (config.node.id, config.broker.host, config.broker.port) == ("w02-lamp", "h", 1)


@pytest.mark.parametrize(
    ("kind", "tables", "said"),
    [
        ("lamp", GOOD["lamp"].replace("22", "44"), "/node.toml:12: lamp.red.1: Input should be"),
        ("lamp", GOOD["lamp"] + "blink = 1\n", "/node.toml:13: lamp.blink: Extra inputs"),
        ("lamp", "", "/node.toml:1: a node of kind 'lamp' needs the table [lamp]"),
        ("wall", "", "a node of kind 'wall' needs the table [wall] or [screen]"),
        ("sign", "[screen]\n", "needs the table [wall]"),
        ("voice", GOOD["voice"] + "[screen]\n", "[screen] does not belong to kind 'voice'"),
        ("lamp", GOOD["lamp"] + GOOD["wall"], "[wall] does not belong to kind 'lamp'"),
        (
            "lamp",
            GOOD["lamp"] + '[[button]]\npin = 5\nservice = "a"\n',
            "[button] does not belong to kind 'lamp'",
        ),
        (
            "ticket",
            GOOD["ticket"] + 'usb = "/dev/usb/lp0"\n',
            "/node.toml:9: printer: give exactly",
        ),
        ("ticket", GOOD["ticket"] + "picture = true\n", "`picture` needs `font_regular`"),
        (
            "ticket",
            GOOD["ticket"] + '[[button]]\npin = 5\nservice = "a"\n[[button]]\npin = 99\n',
            "/node.toml:17: button.2.pin: Input should be less than or equal to 27",
        ),
        ("voice", "[voice]\n", "exactly one of `clips` and `chip`"),
        ("voice", '[voice]\nchip = "syn6288"\n', "a `chip` needs `serial`"),
        ("tv", "", "/node.toml:4: node.kind: Input should be 'ticket'"),
        ("lamp", "lamp = [\n", "node.toml: "),
    ],
)
def test_a_mistake_is_named_with_its_line_and_field(
    tmp_path: Path, kind: str, tables: str, said: str
) -> None:
    assert said in refusal(tmp_path, HEAD.format(kind=kind) + tables)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = HEAD.format(kind="lamp").replace('id = "kiosk-1"\n', "") + GOOD["lamp"].replace(
        "[17]", '["a"]'
    )
    told = refusal(tmp_path, text).splitlines()
    assert [line.split(": ")[1] for line in told] == ["node.id", "lamp.green.1"]


def test_a_certificate_without_an_authority_is_refused(tmp_path: Path) -> None:
    text = HEAD.format(kind="lamp") + 'certificate = "node.pem"\n' + GOOD["lamp"]
    assert "needs `authority`" in refusal(tmp_path, text)
