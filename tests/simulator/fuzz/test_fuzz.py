"""Every parser stands bytes by chance; and the checks themselves can fail."""

import importlib
import random
import sys
from pathlib import Path
from typing import Any

import pytest

from protocols.peripherals.escpos import StatusParser
from simulator.fuzz import __main__ as fuzzing
from simulator.fuzz.targets import BY_NAME, TARGETS, Target

CI_RUNS, CI_BLIND = 3000, 6000


def _damaged(rng: random.Random, good: bytes) -> bytes:
    data = bytearray(good)
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(data) + 1)
        what = rng.randrange(3)
        if what == 0 and place < len(data):
            data[place] = rng.randrange(256)
        elif what == 1:
            data[place:place] = rng.randbytes(rng.randint(1, 4))
        else:
            del data[place : place + rng.randint(1, 8)]
    return bytes(data)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_parser_stands_good_bytes_and_damaged_ones(target: Target) -> None:
    rng = random.Random(target.name)
    seeds = list(target.seeds())
    for seed in seeds:
        target.check(seed)
    for _ in range(150):
        target.check(_damaged(rng, rng.choice(seeds)))
        target.check(rng.randbytes(rng.randrange(80)))


def test_a_parser_that_minds_how_bytes_are_cut_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    real = StatusParser.feed

    def feed(self: Any, data: bytes) -> Any:
        return real(self, data[:5])

    monkeypatch.setattr(StatusParser, "feed", feed)
    with pytest.raises(AssertionError):
        BY_NAME["printer_status"].check(b"\x12" * 4 + b"\x14\x00\x00\x0f" * 4)


def test_a_number_with_an_exponent_alone_is_no_fault() -> None:
    """Found by fuzzing: the check took it for one."""
    BY_NAME["json"].check(b"4e4")


def test_an_unknown_parser_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        fuzzing.main(["nonsense"])
    assert "there is no parser 'nonsense'" in capsys.readouterr().err


def test_blind_inputs_are_changes_of_everything_that_was_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["one", "blind"])
    one = importlib.import_module("simulator.fuzz.one")
    monkeypatch.setattr(one.atheris, "Mutate", lambda data, _: data + b"!")
    change = one.changer([b"a", b"b", b"c"])
    made = {change(b"", 9, seed) for seed in range(3 * one.CHANGES_MAX)}
    assert made == {kept + b"!" * times for kept in (b"a", b"b", b"c") for times in range(1, 6)}


@pytest.mark.slow
def test_inputs_guided_by_coverage_and_blind_ones_find_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzzing, "FOLDER", tmp_path)
    status = fuzzing.main(["--runs", str(CI_RUNS), "--blind", str(CI_BLIND)])
    told = capsys.readouterr().out
    assert status == 0, told
    assert f"{(CI_RUNS + CI_BLIND) * len(TARGETS)} inputs, 0 parsers failed" in told
