"""`hallkit credentials` and `hallkit provision`: asked once, kept closed, the same again."""

import json
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from firmware.shell.config_pi import load_config
from firmware.shell.settings import Settings
from gateway.audit import FILE_NAME, AuditLog
from gateway.cli.main import app


@pytest.fixture
def wifi(tmp_path: Path) -> tuple[str, ...]:
    """The options that answer what would be asked."""
    (tmp_path / "wifi").write_text("pass word\n")
    return ("--wifi", "hall", "--wifi-password-file", str(tmp_path / "wifi"))


@pytest.fixture
def place(tmp_path: Path, hall_file: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """--hall and --data of a new hall."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return ("--hall", str(hall_file), "--data", str(tmp_path / "data"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_what_nobody_can_be_asked_names_its_option(place: tuple[str, ...]) -> None:
    said = run("provision", "w03-pad", *place)
    assert said.exit_code == 3
    assert "the broker's address is not known yet: give --host" in said.output
    said = run("provision", "w03-pad", *place, "--host", "192.168.20.5")
    assert said.exit_code == 3
    assert "the Wi-Fi is not known yet: give --wifi" in said.output


def test_a_node_is_provisioned_and_the_answers_are_kept_closed(
    place: tuple[str, ...], wifi: tuple[str, ...], tmp_path: Path
) -> None:
    said = run("provision", "w03-pad", *place, *wifi, "--host", "192.168.20.5")
    assert said.exit_code == 0, said.output
    assert "next: hallkit flash w03-pad" in said.output
    folder = tmp_path / "data" / "provisioned" / "w03-pad"
    settings = Settings((folder / "node.json").read_bytes(), (folder / "board.json").read_bytes())
    assert settings.wifi == {"ssid": "hall", "password": "pass word"}
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    log = tmp_path / "data" / FILE_NAME  # an auditor's group may read it: it holds no secret
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept if path != log} == {0o600}
    assert "pass word" not in said.output
    key = (folder / "key.der").read_bytes()
    again = run("provision", "w03-pad", *place)
    assert again.exit_code == 0, "nothing is asked a second time"
    assert (folder / "key.der").read_bytes() == key, "the same credential"


def test_a_pi_gets_a_folder_for_its_installer(place: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "for-the-pi"
    said = run("provision", "wall-1", *place, "--host", "192.168.20.5", "--out", out)
    assert said.exit_code == 0, said.output
    assert "sudo firmware/drivers/pi/install.sh wall --config for-the-pi" in said.output
    config = load_config(out / "wall.toml", {})
    assert config.broker.key is not None
    assert config.broker.key.read_bytes().startswith(b"-----BEGIN PRIVATE KEY")


def test_a_sign_gets_its_glyphs(
    place: tuple[str, ...], wifi: tuple[str, ...], tmp_path: Path
) -> None:
    said = run("provision", "w03-sign", *place, *wifi, "--host", "192.168.20.5")
    assert said.exit_code == 0, said.output
    glyphs = tmp_path / "data" / "provisioned" / "w03-sign" / "glyphs.bin"
    assert glyphs.read_bytes().startswith(b"HKG1")


def test_an_unknown_node_names_those_that_are_near(place: tuple[str, ...]) -> None:
    said = run("provision", "w03-pat", *place)
    assert said.exit_code == 3
    assert "w03-pad, w03-sign, w03-lamp, w03-rating" in said.output


def test_the_brokers_files_are_made_and_the_commands_told(place: tuple[str, ...]) -> None:
    said = run("credentials", "broker", *place, "--host", "192.168.20.5", "--user", "hallkit")
    assert said.exit_code == 0, said.output
    assert "mosquitto -c " in said.output
    assert "--cert-file" in said.output
    conf = Path(said.output.split("mosquitto -c ")[1].split("\n")[0]).read_text("utf-8")
    assert "user hallkit" in conf
    assert "listener 8883\n" in conf
    bad = run("credentials", "broker", *place, "--host", "gateway.example.com")
    assert bad.exit_code == 3
    assert "give an address, or a name that ends in .langfang" in bad.output


def test_certificates_are_listed_and_revoked(place: tuple[str, ...], wifi: tuple[str, ...]) -> None:
    run("provision", "w03-pad", *place, *wifi, "--host", "192.168.20.5")
    listed = json.loads(run("credentials", "list", *place, "--json").output)["certificates"]
    assert [row["identity"] for row in listed] == ["gateway.langfang", "gw", "w03-pad"]
    assert run("credentials", "revoke", "w03-pad", *place).exit_code == 0
    assert run("credentials", "revoke", "w03-pad", *place).exit_code == 1, "there is none any more"
    assert run("credentials", "revoke", "gw", *place).exit_code == 3
    assert "w03-pad" not in run("credentials", "list", *place).output


def test_what_happens_to_certificates_stands_in_the_audit_log(
    place: tuple[str, ...], wifi: tuple[str, ...], tmp_path: Path
) -> None:
    run("provision", "w03-pad", *place, *wifi, "--host", "192.168.20.5")
    run("credentials", "broker", *place)
    for _ in range(2):
        run("credentials", "revoke", "w03-pad", *place)
    acts = [(act.action, act.target) for act in AuditLog(tmp_path / "data").read()]
    assert acts == [
        ("authority made", "langfang"),
        ("node provisioned", "w03-pad"),
        ("certificate issued", "gateway.langfang"),
        ("certificate issued", "gw"),
        ("certificate issued", "w03-pad"),
        ("broker set up", "192.168.20.5:8883"),
        ("certificate revoked", "w03-pad"),
    ]


def test_no_certificate_is_made_that_cannot_be_noted(
    place: tuple[str, ...], wifi: tuple[str, ...], tmp_path: Path
) -> None:
    run("credentials", "broker", *place, "--host", "192.168.20.5")
    book = tmp_path / "data" / "credentials" / "registry.json"
    before = book.read_bytes()
    (tmp_path / "data" / FILE_NAME).unlink()
    (tmp_path / "data" / FILE_NAME).mkdir()
    said = run("provision", "w03-pad", *place, *wifi)
    assert said.exit_code == 6, said.output
    assert book.read_bytes() == before


def test_a_wifi_password_that_wpa2_does_not_take_is_refused(
    place: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "short").write_text("1234567\n")
    options = ("--wifi", "hall", "--wifi-password-file", tmp_path / "short")
    said = run("provision", "w03-pad", *place, "--host", "192.168.20.5", *options)
    assert said.exit_code == 3
    assert "8 to 63" in said.output
