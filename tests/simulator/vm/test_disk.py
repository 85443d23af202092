"""The disk of a VM keeps files as a board's flash does, through power cuts at any operation."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simulator.vm.disk import LITTLEFS, TORN, Disk, PowerCutError
from simulator.vm.vm import OutOfFuelError, Vm

Run = Callable[..., str]
# Counts as far as it gets: the last number printed is acknowledged.
JOURNAL = """
import os
def load():
    try:
        with open("/n") as file:
            return int(file.read())
    except OSError:
        return 0
n = load()
for i in range(COUNT):
    n += 1
    with open("/n.new", "w") as file:
        file.write("%d" % n)
    os.rename("/n.new", "/n")
    print(n)
"""


def acknowledged(vm: Vm) -> int:
    lines = vm.stdout.decode().split("\n")
    return int(lines[-2]) if len(lines) > 1 else 0


def stored(disk: Disk) -> int:
    vm = Vm(disk=disk)
    assert vm.run("-c", JOURNAL.replace("COUNT", "0") + "print(n)") == 0, vm.stderr
    return int(vm.stdout)


def test_files_and_folders_behave_as_on_a_board(run: Run) -> None:
    code = """
import os, errno
os.mkdir("/a")
with open("/a/x.txt", "w") as file:
    file.write("one\\ntwo\\n")
with open("/a/x.txt", "a") as file:
    file.write("three")
with open("/a/x.txt", "rb") as file:
    file.seek(4)
    print(file.read())
os.rename("/a/x.txt", "/a/y.txt")
print(os.listdir("/a"), os.stat("/a/y.txt")[6])
for wrong in (lambda: os.rmdir("/a"), lambda: open("/none"), lambda: os.mkdir("/a")):
    try:
        wrong()
    except OSError as error:
        print(error.errno in (errno.ENOENT, errno.EEXIST) or error.errno)
os.remove("/a/y.txt")
os.rmdir("/a")
print(os.listdir("/"))
"""
    assert run(code).split("\n") == [
        "b'two\\nthree'",
        "['y.txt'] 13",
        "55",  # not empty
        "True",
        "True",
        "['lib']",
        "",
    ]


def test_host_lays_files_down_and_reads_them_back(run: Run) -> None:
    disk = Disk({"/etc/node.json": b"{}"})
    code = "print(open('/etc/node.json').read())\nopen('/out', 'w').write('done')"
    assert run(code, disk=disk) == "{}\n"
    assert disk.get("out") == b"done"
    with pytest.raises(FileNotFoundError):
        disk.get("nothing")


def test_a_full_disk_refuses_the_write_and_keeps_the_rest(run: Run) -> None:
    disk = Disk({"kept": b"k"}, capacity_bytes=20_000)
    code = """
file = open("/big", "w")
try:
    file.write("x" * 30000)
except OSError as error:
    print("refused")
"""
    assert run(code, disk=disk) == "refused\n"
    assert disk.get("kept") == b"k"
    assert disk.get("big") == b""


@pytest.mark.parametrize("model", [LITTLEFS, TORN])
def test_a_journal_loses_nothing_when_power_fails_at_any_operation(model: str) -> None:
    code = JOURNAL.replace("COUNT", "5")
    whole = Disk(model=model)
    Vm(disk=whole).run("-c", code)
    assert whole.operations >= 15
    for cut_at in range(1, whole.operations + 1):
        disk = Disk(model=model, seed=cut_at)
        disk.cut_at = cut_at
        vm = Vm(disk=disk)
        with pytest.raises(PowerCutError):
            vm.run("-c", code)
        disk.power_on()
        assert acknowledged(vm) <= stored(disk) <= acknowledged(vm) + 1, cut_at


def test_a_journal_loses_nothing_when_power_fails_at_any_instruction() -> None:
    code = JOURNAL.replace("COUNT", "5")
    whole = Vm(disk=Disk())
    whole.run("-c", code)
    for part in range(1, 60):
        disk = Disk()
        vm = Vm(disk=disk, fuel=whole.fuel_used * part // 60)
        with pytest.raises(OutOfFuelError):
            vm.run("-c", code)
        disk.lose_power()
        assert acknowledged(vm) <= stored(disk) <= acknowledged(vm) + 1, part


def test_overwriting_in_place_is_caught_by_the_same_sweep() -> None:
    code = """
for n in range(1, 21):
    with open("/n", "w") as file:
        file.write("%d" % n)
    print(n)
"""
    whole = Disk(model=TORN)
    assert Vm(disk=whole).run("-c", code) == 0
    damaged = 0
    for cut_at in range(1, whole.operations + 1):
        disk = Disk(model=TORN, seed=cut_at)
        disk.cut_at = cut_at
        vm = Vm(disk=disk)
        with pytest.raises(PowerCutError):
            vm.run("-c", code)
        text = disk.files().get("n", b"0")
        damaged += not text or int(text) < acknowledged(vm)
    assert damaged > 0


def test_littlefs_keeps_the_old_contents_until_the_file_is_closed() -> None:
    disk = Disk({"a": b"old"})
    disk.truncate("a")
    disk.write("a", 0, b"newer")
    disk.lose_power()
    assert disk.get("a") == b"old"
    disk.write("a", 0, b"new")
    disk.sync("a")
    disk.lose_power()
    assert disk.get("a") == b"new"


def test_torn_write_leaves_a_part_by_chance() -> None:
    left = set()
    for seed in range(40):
        disk = Disk({"a": b""}, model=TORN, seed=seed)
        disk.cut_at = 1
        with pytest.raises(PowerCutError):
            disk.write("a", 0, b"1234")
        left.add(disk.get("a"))
    assert left == {b"", b"1", b"12", b"123", b"1234"}
