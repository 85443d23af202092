"""A whole call pad in real time: its files in MicroPython, real sockets, a real gateway process.

Nothing is faked that could be real: the pad dials over TCP or TLS, keys pull its pins, and what it
shows is read from the lines of its display.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from firmware import VERSION
from simulator.board import bootloader
from simulator.board.board import Board
from simulator.board.install import HALL, application, configuration, lay_down

pytestmark = pytest.mark.slow

MakeBoard = Callable[..., Board]
Until = Callable[..., Any]
NEXT, RECALL, START, FINISH = 0, 1, 2, 3
WALL_WANT = f"hk1/{HALL}/wall-1/down/want"
PAD_STATE = f"hk1/{HALL}/w01-pad/up/state"
SILENCE_S = 20.0
PAUSE_TURNS = 100


@pytest.fixture
def make_pad(make_board: MakeBoard) -> Callable[..., Board]:
    """make_pad(port, **fields of node.json) -> a pad with its files, not started."""

    def make(port: int, **fields: Any) -> Board:
        files, rom = application("rom")
        board = make_board("esp32-pad", rom=rom)
        board.flash_interpreter()
        lay_down(board.disk, files)
        lay_down(board.disk, configuration("esp32-pad", "w01-pad", ("127.0.0.1", port), **fields))
        return board

    return make


def shows(board: Board, text: str) -> Callable[[], bool]:
    return lambda: board.parts.display_text() == text


def push(board: Board, key: int, until: Until, text: str) -> None:
    """Hold a key until the display says what it should, and let the pad see that it is up again.

    A machine so busy that it sees a key for a moment only is not what is tested.
    """
    board.parts.hold(key, True)
    until(shows(board, text), f"key {key} leads to {text!r}")
    board.parts.hold(key, False)
    up = board.processor.waits + PAUSE_TURNS
    until(lambda: board.processor.waits > up, "the pad goes on")


def sign_in(board: Board, until: Until) -> None:
    """From dark, over not known and closed, to open: staff number 1122."""
    until(shows(board, "----"), "it shows that it knows nothing")
    until(shows(board, "    "), "it never heard the gateway")
    for key, text in ((NEXT, "1   "), (NEXT, "11  "), (RECALL, "112 "), (RECALL, "   0")):
        push(board, key, until, text)
    until(shows(board, "   0"), "signed in, nobody waits")


def test_a_press_on_the_pads_pins_calls_a_ticket_on_the_wall_and_on_its_digits(
    make_pad: Callable[..., Board], hall: Any, until: Until
) -> None:
    pad = make_pad(hall.port)
    pad.start()
    sign_in(pad, until)
    number = hall.issue()
    until(shows(pad, "   1"), "one waits")
    push(pad, NEXT, until, number)
    until(lambda: number.encode() in hall.told[WALL_WANT], "the wall is told")
    assert hall.window()["number"] == number
    assert json.loads(hall.told[PAD_STATE])["state"] == "online"
    assert pad.processor.causes == [bootloader.POWER_ON]


def test_a_pad_without_wifi_says_so_after_its_lease_and_recovers(
    make_pad: Callable[..., Board], hall: Any, until: Until
) -> None:
    pad = make_pad(hall.port)
    pad.start()
    sign_in(pad, until)
    pad.air.switch(False)
    until(shows(pad, "----"), "its lease ends", SILENCE_S)
    hall.issue()
    pad.air.switch(True)
    until(shows(pad, "   1"), "it shows the truth again")
    until(lambda: json.loads(hall.told[PAD_STATE])["state"] == "online", "and the hall sees it")
    assert pad.processor.causes == [bootloader.POWER_ON]


def test_a_pad_that_lost_power_comes_back_with_a_higher_boot_and_nothing_lost(
    make_pad: Callable[..., Board], hall: Any, until: Until
) -> None:
    pad = make_pad(hall.port)
    pad.start()
    sign_in(pad, until)
    boot = json.loads(hall.told[PAD_STATE])["boot"]
    pad.power_off()
    number = hall.issue()
    assert json.loads(hall.told[PAD_STATE])["state"] == "online", "nobody was told"
    pad.power_on()
    until(shows(pad, "----"), "what it showed before is not known any more")
    until(shows(pad, "   1"), "it shows the truth")
    assert json.loads(hall.told[PAD_STATE])["boot"] == boot + 1
    push(pad, NEXT, until, number)


def der(signed: Any) -> dict[str, bytes]:
    certificate, key = signed
    return {
        "config/node.der": certificate.public_bytes(Encoding.DER),
        "config/key.der": key.private_bytes(
            Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()
        ),
    }


def certified(
    make_pad: Callable[..., Board], port: int, authority: Any, date: Any = None, by: Any = None
) -> Board:
    """A pad with a certificate; `by` whom it believes, `date` what its clock is set to."""
    day = date or authority.now
    pad = make_pad(
        port,
        date=[day.year, day.month, day.day],
        tls={"ca": "ca.der", "certificate": "node.der", "key": "key.der"},
    )
    lay_down(pad.disk, der(authority.issue("w01-pad")))
    believed = (by or authority).certificate.public_bytes(Encoding.DER)
    pad.disk.put("config/ca.der", believed)
    return pad


def test_a_pad_with_its_certificate_works_over_tls(
    make_pad: Callable[..., Board], tls_hall: Any, authority: Any, until: Until
) -> None:
    hall, port = tls_hall
    pad = certified(make_pad, port, authority)
    pad.start()
    sign_in(pad, until)
    number = hall.issue()
    until(shows(pad, "   1"), "one waits")
    push(pad, NEXT, until, number)
    until(lambda: number.encode() in hall.told[WALL_WANT], "the wall is told")


@pytest.mark.parametrize("wrong", ["authority", "clock", "name"])
def test_a_broker_that_can_not_be_believed_is_not_spoken_to(
    make_pad: Callable[..., Board],
    tls_hall: Any,
    authority: Any,
    until: Until,
    tmp_path: Path,
    wrong: str,
) -> None:
    _, port = tls_hall
    if wrong == "authority":
        pad = certified(make_pad, port, authority, by=type(authority)())
    elif wrong == "clock":
        pad = certified(make_pad, port, authority, date=authority.now.replace(year=2024))
    else:
        pad = certified(make_pad, port, authority)
        node = json.loads(pad.disk.get("config/node.json"))
        node["broker"]["name"] = "another-gateway"
        pad.disk.put("config/node.json", json.dumps(node).encode())
    pad.start()
    log = tmp_path / "mosquitto.log"
    until(lambda: log.read_text().count(f"on port {port}") >= 3, "it goes on trying")
    assert pad.parts.display_text() == "----"
    assert "as w01-pad" not in log.read_text(), "it never came as far as MQTT"
    assert pad.processor.causes == [bootloader.POWER_ON]


def test_an_application_copied_by_mpremote_boots_and_finds_its_gateway(
    make_board: MakeBoard, mpremote: Any, hall: Any, until: Until, tmp_path: Path
) -> None:
    board = make_board("esp32-pad")
    board.flash_interpreter()
    board.start()
    until(lambda: board.console.endswith(">>> "), "MicroPython's prompt")
    files, _ = application("mpy")
    files |= configuration("esp32-pad", "w01-pad", ("127.0.0.1", hall.port))
    for name, content in files.items():
        path = tmp_path / "board" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    size = sum(len(content) for content in files.values())
    assert size > 60_000
    copied = mpremote(board, "fs", "cp", "-r", f"{tmp_path}/board/.", ":")
    assert copied.code == 0, copied.said
    assert {name: board.disk.get(name) for name in files} == files
    assert mpremote(board, "reset").code == 0
    sign_in(board, until)
    # The firmware that runs is interrupted like any other program, and leaves the technician time.
    asked = mpremote(board, "exec", "import firmware; print(firmware.VERSION)")
    assert asked.said.strip() == VERSION
    assert mpremote(board, "reset").code == 0
    until(shows(board, "   0"), "and works again after a reset")
