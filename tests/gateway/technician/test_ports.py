"""Which port: one is taken silently, several are asked about, every trouble names its remedy."""

import os
import pty
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.technician import ports
from gateway.technician.ports import Port, PortError, check, choose

ONE = Port("/dev/ttyUSB0", "CP2102 USB to UART", (0x10C4, 0xEA60), "0001")
TWO = Port("/dev/ttyUSB1", "USB Serial", (0x1A86, 0x7523))


def must_not_ask(_: object) -> int:
    raise AssertionError("nobody is to be asked")


def test_a_named_port_is_taken_whatever_is_plugged_in() -> None:
    assert choose("/dev/ttyACM3", [ONE, TWO], must_not_ask) == "/dev/ttyACM3"


def test_a_single_board_is_taken_without_a_word() -> None:
    assert choose(None, [ONE], must_not_ask) == "/dev/ttyUSB0"


def test_several_are_offered_by_what_they_are() -> None:
    offered: list[str] = []

    def ask(labels) -> int:
        offered.extend(labels)
        return 1

    assert choose(None, [ONE, TWO], ask) == "/dev/ttyUSB1"
    assert offered == ["/dev/ttyUSB0  CP2102  0001", "/dev/ttyUSB1  CH340"]


def test_several_and_nobody_to_ask_names_the_option() -> None:
    with pytest.raises(PortError, match="--port") as caught:
        choose(None, [ONE, TWO], None)
    assert "/dev/ttyUSB1" in str(caught.value)


def usb_device(folder: Path, name: str, vendor: str, product: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "idVendor").write_text(vendor + "\n")
    (folder / name / "idProduct").write_text(product + "\n")


def test_nothing_plugged_in_says_what_to_plug_in(tmp_path: Path) -> None:
    usb_device(tmp_path, "1-1", "046d", "c31c")  # a keyboard
    with pytest.raises(PortError, match="carries data") as caught:
        choose(None, [], must_not_ask, tmp_path)
    assert caught.value.kind == "none"


def test_an_adapter_without_a_driver_is_named_with_the_command(tmp_path: Path) -> None:
    usb_device(tmp_path, "1-2", "1a86", "7523")
    with pytest.raises(PortError, match=r"CH340 .* sudo modprobe ch341"):
        choose(None, [], must_not_ask, tmp_path)


def test_only_usb_ports_count(monkeypatch: pytest.MonkeyPatch) -> None:
    class Listed:
        def __init__(self, device: str, vid: int | None) -> None:
            self.device, self.vid, self.pid = device, vid, 1
            self.description, self.serial_number = "x", None

    monkeypatch.setattr(
        ports.list_ports,
        "comports",
        lambda: [Listed("/dev/ttyS0", None), Listed("/dev/ttyUSB0", 1)],
    )
    assert [port.device for port in ports.usb_ports()] == ["/dev/ttyUSB0"]


# ---- a port that may not be used ----


@pytest.fixture
def line() -> Iterator[tuple[int, str]]:
    """A serial line: (its other end, its device)."""
    master, slave = pty.openpty()
    device = os.ttyname(slave)
    os.close(slave)
    yield master, device
    os.close(master)


def test_a_free_port_is_fine(line: tuple[int, str]) -> None:
    check(line[1])
    check("rfc2217://127.0.0.1:1")  # known only when it is tried


def test_a_port_that_is_gone_asks_for_the_cable() -> None:
    with pytest.raises(PortError, match="is the cable in"):
        check("/dev/ttyUSB99")


def test_a_file_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(PortError, match="no serial port"):
        check(str(tmp_path / "x"))


def test_a_busy_port_names_who_has_it(line: tuple[int, str]) -> None:
    program = f"import sys; f = open({line[1]!r}, 'rb+', buffering=0); print(1); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program.replace("print(1)", "print(1, flush=True)")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(PortError, match=rf"in use by python\S* \({other.pid}\)") as caught:
            check(line[1])
        assert caught.value.kind == "busy"
        other.kill()


@pytest.mark.parametrize(
    ("group_id", "remedy"), [(20, "sudo usermod -aG dialout $USER"), (0, "sudo chmod a+rw")]
)
def test_a_port_that_is_not_allowed_gives_the_exact_command(
    line: tuple[int, str], monkeypatch: pytest.MonkeyPatch, group_id: int, remedy: str
) -> None:
    # Tests may run as root, who may open anything: what the system says is put in here.
    monkeypatch.setattr(ports.os, "access", lambda *_: False)
    monkeypatch.setattr(ports.os, "getgroups", lambda: [1000])
    real_stat = Path.stat

    def stat(self: Path, **options: bool) -> object:
        found = real_stat(self, **options)
        if str(self) != line[1]:
            return found
        values = list(found)
        values[5] = group_id
        return os.stat_result(values)

    monkeypatch.setattr(Path, "stat", stat)
    with pytest.raises(PortError) as caught:
        check(line[1])
    assert remedy in str(caught.value)
    assert caught.value.kind == "permission"


def test_a_real_other_user_is_told_the_command(line: tuple[int, str], tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root to become somebody else")
    os.chmod(line[1], 0o600)
    program = (
        "import os, sys\nfrom gateway.technician.ports import check, PortError\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        f"try: check({line[1]!r})\nexcept PortError as error: sys.stdout.write(error.kind)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout == "permission", said.stderr


def test_a_socket_of_another_computer_is_not_looked_at() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check(f"socket://127.0.0.1:{server.getsockname()[1]}")
