"""MicroPython's prompt: what is printed and what is run, byte by byte."""

from __future__ import annotations

from simulator.board.repl import Repl, Request, Run, SoftReset


class Line:
    """A prompt, what it printed and what it wants done."""

    def __init__(self) -> None:
        self.printed = b""
        self.repl = Repl("MicroPython v1", self._print)
        self.repl.begin()

    def _print(self, data: bytes) -> None:
        self.printed += data

    def type(self, data: bytes) -> list[Request]:
        """Requests; `printed` is what came since."""
        self.printed = b""
        found = [self.repl.feed(byte) for byte in data]
        return [request for request in found if request is not None]


def test_the_friendly_prompt_echoes_and_runs_a_line() -> None:
    line = Line()
    assert line.printed == b'MicroPython v1\r\nType "help()" for more information.\r\n>>> '
    assert line.type(b"1 +\x7f+ 1\r") == [Run(b"1 + 1\n", True)]
    assert line.printed == b"1 +\b \b+ 1\r\n"
    line.repl.finished(False)
    assert line.printed.endswith(b">>> ")


def test_a_block_goes_on_until_an_empty_line() -> None:
    line = Line()
    assert line.type(b"if x:\r    f(\r1)\r") == []
    assert line.type(b"\r") == [Run(b"if x:\n    f(\n1)\n\n", True)]


def test_ctrl_c_forgets_what_was_typed() -> None:
    line = Line()
    assert line.type(b"if x:\r  y\x03z\r") == [Run(b"z\n", True)]


def test_the_raw_prompt_takes_a_program_and_frames_its_answer() -> None:
    line = Line()
    assert line.type(b"\x01") == []
    assert line.printed == b"\r\nraw REPL; CTRL-B to exit\r\n>"
    assert line.type(b"print(1)\r\nx\x04") == [Run(b"print(1)\r\nx", False)]
    assert line.printed == b"OK"
    line.printed = b""
    line.repl.finished(False)
    assert line.printed == b"\x04\x04>"
    line.type(b"1/0\x04")
    line.printed = b""
    line.repl.failing()
    line.repl.finished(True)
    assert line.printed == b"\x04\x04>"
    line.type(b"\x02")
    assert line.printed.startswith(b"\r\nMicroPython v1")


def test_raw_paste_is_declined_and_the_program_comes_plain() -> None:
    line = Line()
    line.type(b"\x01")
    assert line.type(b"\x05A\x01") == []
    assert line.printed == b"R\x00"
    assert line.type(b"x\x04") == [Run(b"x", False)]


def test_ctrl_d_is_a_soft_reset_that_keeps_the_kind_of_prompt() -> None:
    line = Line()
    assert line.type(b"\x04") == [SoftReset()]
    line.type(b"\x01")
    assert line.type(b"\x04") == [SoftReset()]
    assert line.printed == b"OK\r\n"
    line.printed = b""
    line.repl.begin()
    assert line.printed == b"raw REPL; CTRL-B to exit\r\n>"


def test_a_program_of_two_lines_is_pasted() -> None:
    line = Line()
    line.type(b"\x05")
    assert line.printed.endswith(b"Ctrl-D to finish\r\n=== ")
    assert line.type(b"a\rb\x04") == [Run(b"a\nb", False)]
