"""Models on real ports: bytes both ways, time passing by itself, unplugged and plugged again."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import serial

from protocols.peripherals import escpos, sam_idcard, syn6288
from simulator.devices.id_reader import IdReader, resident
from simulator.devices.printer import Printer
from simulator.devices.tts_chip import TtsChip
from simulator.ports.pty_port import PtyPort
from simulator.ports.tcp_port import TcpPort

DEADLINE_S = 20.0


def read_until(file: int, ending: bytes) -> bytes:
    data = b""
    deadline = time.monotonic() + DEADLINE_S
    while not data.endswith(ending):
        ready, _, _ = select.select([file], [], [], deadline - time.monotonic())
        assert ready, f"not in time; so far {data!r}"
        data += os.read(file, 4096)
    return data


def test_a_printer_on_tcp_is_asked_and_prints() -> None:
    printer = Printer()
    port = TcpPort(printer)
    port.start()
    with socket.create_connection(("127.0.0.1", port.port)) as host:
        host.sendall(escpos.realtime_status(1))
        assert read_until(host.fileno(), b"\x12") == b"\x12"
        host.sendall(b"A023\n" + escpos.cut(True, 0) + escpos.process_id_request(b"abcd"))
        assert read_until(host.fileno(), b"\x00") == b"\x37\x22abcd\x00"
    assert port.change(lambda _: [ticket.text for ticket in printer.tickets]) == ["A023"]
    port.stop()


def test_a_printer_unplugged_resets_its_host_and_comes_back_on_the_same_port() -> None:
    port = TcpPort(Printer())
    port.start()
    with socket.create_connection(("127.0.0.1", port.port)) as host:
        host.sendall(escpos.realtime_status(1))
        read_until(host.fileno(), b"\x12")
        port.unplug()
        with pytest.raises(ConnectionResetError):
            host.recv(1)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port.port))
    port.plug()
    with socket.create_connection(("127.0.0.1", port.port)) as host:
        host.sendall(escpos.realtime_status(1))
        read_until(host.fileno(), b"\x12")
    assert port.connections == 2
    port.stop()


def test_a_second_host_is_served_when_the_first_has_gone() -> None:
    port = TcpPort(Printer())
    port.start()
    first = socket.create_connection(("127.0.0.1", port.port))
    first.sendall(escpos.realtime_status(1))
    read_until(first.fileno(), b"\x12")
    with socket.create_connection(("127.0.0.1", port.port)) as second:
        second.sendall(escpos.realtime_status(1))
        assert select.select([second], [], [], 0.05)[0] == []
        first.close()
        read_until(second.fileno(), b"\x12")
    port.stop()


def test_a_chip_on_a_pty_says_idle_by_itself() -> None:
    chip = TtsChip()
    chip.ms_per_character = 20
    port = PtyPort(chip)
    port.start()
    with serial.Serial(port.path, syn6288.BAUD, timeout=DEADLINE_S) as line:
        line.write(syn6288.speak(b"A023", syn6288.GB2312))
        assert line.read(2) == b"\x41\x4f"
    # Another program may open it afterwards.
    with serial.Serial(port.path, syn6288.BAUD, timeout=DEADLINE_S) as line:
        line.write(syn6288.status())
        assert line.read(1) == b"\x4f"
    port.stop()


def test_a_line_pulled_out_is_an_error_and_the_link_finds_the_new_one(tmp_path: Path) -> None:
    reader = IdReader()
    port = PtyPort(reader, tmp_path / "reader")
    port.start()
    port.change(lambda now_ms: reader.insert(resident(1), now_ms))
    line = serial.Serial(port.path, timeout=DEADLINE_S)
    line.write(sam_idcard.find())
    assert line.read(15)[9] == sam_idcard.CARD_FOUND
    port.unplug()
    with pytest.raises((serial.SerialException, OSError)):
        line.read(1)
    line.close()
    assert not (tmp_path / "reader").exists()
    port.plug()
    with serial.Serial(port.path, timeout=DEADLINE_S) as line:
        line.write(sam_idcard.find())
        assert line.read(15)[9] == sam_idcard.CARD_FOUND
    port.stop()


def test_the_command_puts_a_part_on_a_port_and_ends_in_order(tmp_path: Path) -> None:
    link = tmp_path / "voice"
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator.ports", "syn6288", "--pty", str(link)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert str(link) in process.stdout.readline()
    with serial.Serial(str(link), timeout=DEADLINE_S) as line:
        line.write(syn6288.status())
        assert line.read(1) == b"\x4f"
    process.send_signal(signal.SIGTERM)
    assert process.wait(DEADLINE_S) == 0
    process.stdout.close()
    assert not link.exists()
