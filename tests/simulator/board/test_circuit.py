"""The auto-reset circuit: what DTR, RTS and two fingers do to EN and IO0."""

import pytest

from simulator.board.circuit import EN_RISE_MS, ResetCircuit

OFF, ON = False, True


def played(*lines: tuple[bool, bool], connected: bool = True) -> list[str]:
    """What becomes of the chip while a host sets (DTR, RTS)."""
    circuit = ResetCircuit(connected)
    found = [circuit.lines(dtr, rts, 10 * at) for at, (dtr, rts) in enumerate(lines)]
    return [each for each in found if each is not None]


def test_the_classic_sequence_of_esptool_leads_into_the_loader() -> None:
    # classic_bootloader_reset: one line at a time, through both on.
    assert played((OFF, OFF), (OFF, ON), (ON, ON), (ON, OFF), (OFF, OFF)) == ["hold", "loader"]


def test_a_pulse_of_rts_starts_the_program() -> None:
    assert played((OFF, OFF), (OFF, ON), (OFF, OFF)) == ["hold", "run"]


@pytest.mark.parametrize(
    "lines",
    [
        ((ON, OFF), (ON, ON)),  # a terminal opens: DTR first, then RTS
        ((ON, ON), (ON, OFF), (OFF, OFF)),  # mpremote closes: RTS first
        ((ON, ON), (OFF, OFF)),  # a host goes away
    ],
)
def test_opening_and_closing_a_terminal_resets_nothing(
    lines: tuple[tuple[bool, bool], ...],
) -> None:
    assert played(*lines) == []


def test_both_lines_left_on_let_the_chip_go_when_the_capacitor_is_full() -> None:
    circuit = ResetCircuit()
    assert circuit.lines(OFF, ON, 0) == "hold"
    assert circuit.lines(ON, ON, 100) is None
    assert circuit.step(99 + EN_RISE_MS) is None
    assert circuit.wake_at_ms() == 100 + EN_RISE_MS
    assert circuit.step(100 + EN_RISE_MS) == "run"
    assert circuit.wake_at_ms() is None


def test_a_board_without_the_circuit_has_its_buttons() -> None:
    assert played((OFF, ON), (ON, OFF), connected=False) == []
    circuit = ResetCircuit(connected=False)
    assert [circuit.en_button(down, 0) for down in (ON, OFF)] == ["hold", "run"]
    circuit.boot_button = True
    assert [circuit.en_button(down, 0) for down in (ON, OFF)] == ["hold", "loader"]
