"""Generated files are fresh, and a stale, missing or left-over one is named with its remedy."""

from pathlib import Path

import pytest

from gateway.contract.__main__ import main
from gateway.contract.generate import generated_files, stale_files, write_all
from gateway.contract.registry import ContractError
from gateway.contract.samples import typical
from protocols.wire import Message

ROOT = Path(__file__).parents[3]


def test_every_generated_file_in_the_tree_is_fresh() -> None:
    assert stale_files(ROOT) == [], "run: make generate"


def test_writing_makes_all_fresh_and_a_second_time_touches_nothing(tmp_path: Path) -> None:
    assert len(write_all(tmp_path)) == len(generated_files())
    assert stale_files(tmp_path) == []
    assert write_all(tmp_path) == []


def test_stale_missing_and_left_over_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_all(tmp_path)
    golden = tmp_path / "tests" / "golden" / "wire"
    (golden / "ack.json").write_bytes((golden / "ack.json").read_bytes() + b" ")
    (golden / "shown.json").unlink()
    (golden / "gone.json").write_text("[]")
    (tmp_path / "protocols" / "messages" / "gone.pyi").write_text("")
    assert main(["--check", "--root", str(tmp_path)]) == 1
    errors = capsys.readouterr().err
    assert "tests/golden/wire/ack.json: stale" in errors
    assert "tests/golden/wire/shown.json: missing" in errors
    assert "tests/golden/wire/gone.json: left over" in errors
    assert "protocols/messages/gone.pyi: left over" in errors
    assert "make generate" in errors
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0


def test_kind_without_a_typical_sample_is_refused_by_name() -> None:
    class Unheard(Message):
        """A message nobody wrote a sample for."""

    with pytest.raises(ContractError, match="Unheard has no typical sample"):
        typical(Unheard)
