"""The files of a node are what its firmware reads: settings of an ESP32, the TOML of a Pi."""

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from boards.loader import load_board
from firmware.shell.config_pi import load_config
from firmware.shell.settings import Settings
from gateway.config import HallConfig, Node
from gateway.credentials.site import Site, Wifi
from gateway.technician.node_files import (
    Flashed,
    NodeFileError,
    Papers,
    esp32_files,
    pi_files,
    pi_role,
)

ROOT = Path(__file__).parents[3]
PI = ROOT / "firmware" / "drivers" / "pi"
SITE = Site("192.168.20.5", 8883, wifi=Wifi("hall 厅", "pass word"))
PAPERS = Papers(b"authority", b"certificate", b"key")
FLASHED = Flashed.at(datetime(2026, 11, 23, 23, 30, tzinfo=UTC))


def files_of(config: HallConfig, name: str, site: Site = SITE) -> dict[str, bytes]:
    node = config.node_by_id[name]
    board = load_board(node.board)
    return esp32_files(config.hall.id, node, board, site, FLASHED, PAPERS, b"glyphs")


@pytest.mark.parametrize("kind", ["pad", "sign", "lamp", "rating"])
def test_the_firmware_reads_what_an_esp32_is_given(langfang: HallConfig, kind: str) -> None:
    files = files_of(langfang, f"w03-{kind}")
    settings = Settings(files["node.json"], files["board.json"])
    assert (settings.hall, settings.node, settings.kind) == ("langfang", f"w03-{kind}", kind)
    assert (settings.broker_host, settings.broker_port) == ("192.168.20.5", 8883)
    assert settings.broker_name == "gateway.langfang"
    assert settings.wifi == {"ssid": "hall 厅", "password": "pass word"}
    assert settings.password is None
    assert settings.boot_floor == int(datetime(2026, 11, 23, 23, 30, tzinfo=UTC).timestamp())
    assert settings.date == [2026, 11, 23]
    assert settings.tls is not None
    assert [files[settings.tls[name]] for name in ("ca", "certificate", "key")] == [
        b"authority",
        b"certificate",
        b"key",
    ]
    assert ("glyphs.bin" in files) == (kind == "sign")


def test_an_ethernet_board_is_not_told_the_wifi(langfang: HallConfig) -> None:
    node = Node(id="w03-pad", kind="pad", board="esp32-pad-ethernet", window="w03")
    board = load_board(node.board)
    site = Site("192.168.20.5")
    files = esp32_files("langfang", node, board, site, FLASHED, PAPERS, None)
    assert Settings(files["node.json"], files["board.json"]).wifi is None
    with pytest.raises(NodeFileError, match="needs the hall's Wi-Fi"):
        files_of(langfang, "w03-pad", site)


def test_the_same_node_gives_the_same_bytes(langfang: HallConfig) -> None:
    assert files_of(langfang, "w03-pad") == files_of(langfang, "w03-pad")


def test_a_hall_whose_broker_is_not_known_is_told_the_command(langfang: HallConfig) -> None:
    with pytest.raises(NodeFileError, match="hallkit credentials broker"):
        files_of(langfang, "w03-pad", Site(wifi=SITE.wifi))


# ---- a Pi ----


def pi_folder(config: HallConfig, name: str, folder: Path) -> str:
    node = config.node_by_id[name]
    board = load_board(node.board)
    role = pi_role(node, board)
    example = (PI / "examples" / f"{role}.toml").read_text("utf-8")
    folder.mkdir()
    for file, data in pi_files("langfang", node, board, SITE, PAPERS, example).items():
        (folder / file).write_bytes(data)
    return role


@pytest.mark.parametrize("name", ["kiosk-1", "wall-1", "voice-1"])
def test_the_firmware_reads_what_a_pi_is_given(
    langfang: HallConfig, tmp_path: Path, name: str
) -> None:
    role = pi_folder(langfang, name, tmp_path / "made")
    config = load_config(tmp_path / "made" / f"{role}.toml", {})
    node = langfang.node_by_id[name]
    assert (config.node.hall, config.node.id) == ("langfang", name)
    assert (config.node.kind, config.node.board) == (node.kind, node.board)
    assert (config.broker.host, config.broker.port) == ("192.168.20.5", 8883)
    assert config.broker.password_file is None
    papers = (config.broker.authority, config.broker.certificate, config.broker.key)
    assert [path.read_bytes() for path in papers if path] == [b"authority", b"certificate", b"key"]


def test_the_installer_takes_the_folder_and_closes_it_to_others(
    langfang: HallConfig, tmp_path: Path
) -> None:
    role = pi_folder(langfang, "wall-1", tmp_path / "made")
    stage = tmp_path / "stage"
    done = subprocess.run(
        [PI / "install.sh", role, "--config", tmp_path / "made", "--stage", stage],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    config = load_config(stage / "etc" / "hallkit" / "wall.toml", {})
    assert config.broker.key is not None
    assert config.broker.key.read_bytes() == b"key"
    assert config.broker.key.stat().st_mode & 0o777 == 0o640


def test_the_installer_refuses_a_folder_of_another_role(
    langfang: HallConfig, tmp_path: Path
) -> None:
    pi_folder(langfang, "wall-1", tmp_path / "made")
    done = subprocess.run(
        [PI / "install.sh", "voice", "--config", tmp_path / "made", "--dry-run"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "no voice.toml" in done.stderr


def test_each_board_is_sent_the_right_way(langfang: HallConfig) -> None:
    pad, wall = langfang.node_by_id["w03-pad"], langfang.node_by_id["wall-1"]
    with pytest.raises(NodeFileError, match="hallkit flash w03-pad"):
        pi_role(pad, load_board(pad.board))
    with pytest.raises(NodeFileError, match="not an ESP32"):
        esp32_files("langfang", wall, load_board(wall.board), SITE, FLASHED, PAPERS, None)
