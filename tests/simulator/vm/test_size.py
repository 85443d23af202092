"""What a node keeps on its heap is known, and does not grow."""

from __future__ import annotations

import pytest

from firmware.logic.registry import KINDS
from simulator.vm import size as sizes
from simulator.vm.mount import rom_file_system
from simulator.vm.size import files, measure, over_budget
from simulator.vm.size_board import SHIMS_KIB, measure_board, shims_bytes
from simulator.vm.vm import Vm

pytestmark = pytest.mark.slow

# 64 is what an ESP32 begins with. Kiosk, wall and voice are Pi nodes; their logic is watched too.
ON_A_PI = ("ticket", "wall", "voice")
ROM_HEAPS_KIB = [(kind, 80 if kind in ON_A_PI else 64) for kind in KINDS]
# What an ESP32 has beside Wi-Fi, for .mpy files on the file system.
FLASH_HEAPS_KIB = [(kind, 128 if kind in ON_A_PI else 110) for kind in KINDS]


@pytest.mark.parametrize(("kind", "heap_kib"), FLASH_HEAPS_KIB)
def test_a_node_of_each_kind_lives_beside_wifi_as_compiled_files(kind: str, heap_kib: int) -> None:
    size = measure(kind, heap_kib, "mpy", duration_s=60)
    assert not size.failed, size
    assert size.imported < size.started


@pytest.mark.parametrize(("kind", "heap_kib"), ROM_HEAPS_KIB)
def test_heap_is_flat_over_hours_of_a_node_in_rom(kind: str, heap_kib: int) -> None:
    # Jobs are remembered up to a bound, which the first hour reaches.
    hour = measure(kind, heap_kib, "rom", duration_s=3600)
    longer = measure(kind, heap_kib, "rom", duration_s=2 * 3600)
    assert not hour.failed, hour
    assert not longer.failed, longer
    assert abs(longer.ended - hour.ended) < 512
    assert hour.ended - hour.started < 4096


@pytest.mark.parametrize(
    ("board", "heap_kib"), [("esp32-pad", 110), ("esp32-lamp", 72), ("esp32-sign", 80)]
)
def test_the_whole_program_of_a_board_lives_and_does_not_grow(board: str, heap_kib: int) -> None:
    size = measure_board(board, heap_kib, "rom", duration_s=60)
    assert size.is_flat, size
    assert 32 << 10 < size.kept < heap_kib << 10


def test_a_board_that_has_too_little_says_why() -> None:
    assert "MemoryError" in measure_board("esp32-sign", 48, "rom", duration_s=20).failed


def test_what_a_real_chip_has_built_in_is_not_counted() -> None:
    assert 0 <= (SHIMS_KIB << 10) - shims_bytes() < 2048


def test_a_heap_that_is_too_small_says_so() -> None:
    assert "MemoryError" in measure("sign", 40, "mpy", duration_s=3).failed


def test_modules_in_rom_take_less_heap_than_on_the_file_system() -> None:
    rom = measure("sign", 128, "rom", duration_s=3)
    flash = measure("sign", 128, "mpy", duration_s=3)
    assert rom.imported < flash.imported * 2 // 3


def test_a_rom_holds_folders_and_long_files() -> None:
    long = b"x" * 20_000
    rom = rom_file_system({"a/b/c.txt": long, "a/d.txt": b"", "窗.txt": b"1"})
    code = """
import os, rom
print(os.listdir("/rom"), os.listdir("/rom/a"), os.listdir("/rom/a/b"))
print(open("/rom/a/b/c.txt").read() == "x" * 20000, open("/rom/窗.txt").read())
"""
    vm = Vm(rom=rom, heap_kib=110)
    assert vm.run("-c", code) == 0, vm.stderr.decode()
    # The names as UTF-8, in the order of the image: files first.
    assert vm.stdout.decode() == "['\\u7a97.txt', 'a'] ['d.txt', 'b'] ['c.txt']\nTrue 1\n"


def test_compiled_application_takes_less_flash_than_its_source() -> None:
    source = sum(len(content) for content in files("py").values())
    assert sum(len(content) for content in files("mpy").values()) < source // 2


def test_every_kind_is_within_its_budget() -> None:
    said: list[str] = []
    broken = over_budget(said.append)
    assert broken == [], "".join(said)


def test_a_broken_budget_is_named_and_ends_with_exit_code_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sizes, "APPLICATION_BUDGET", 1000)
    monkeypatch.setattr(sizes, "HEAP_BUDGETS", {"lamp": (1000, 1 << 20)})
    with pytest.raises(SystemExit, match=r"over budget \(.*\): application, lamp from mpy$"):
        sizes.main()


def test_a_node_imports_the_logic_of_its_kind_and_of_no_other() -> None:
    modules = measure("lamp", 110, "mpy", duration_s=3).modules
    assert "firmware.logic.lamp" in modules
    assert "protocols.messages.lamp" in modules
    for kind in ("pad", "sign", "rating", "ticket"):
        assert f"firmware.logic.{kind}" not in modules
        assert f"protocols.messages.{kind}" not in modules
