"""The schedule of faults comes from the seed and nothing else."""

import random

from simulator.faults import ROUGH, schedule

NODES = ("w01-pad", "w02-pad", "kiosk-1")


def test_same_seed_gives_the_same_faults_and_all_of_the_mix() -> None:
    first = schedule(ROUGH, random.Random("7/faults"), NODES, ("kiosk-1",), 1000, 9000)
    again = schedule(ROUGH, random.Random("7/faults"), NODES, ("kiosk-1",), 1000, 9000)
    other = schedule(ROUGH, random.Random("8/faults"), NODES, ("kiosk-1",), 1000, 9000)
    assert first == again
    assert first != other
    kinds = [fault.kind for fault in first]
    assert kinds.count("gateway") + kinds.count("broker") == 5
    assert kinds.count("cable") == ROUGH.cable_pulls
    assert all(1000 <= fault.at_ms < 9000 for fault in first)
    assert [fault.at_ms for fault in first] == sorted(fault.at_ms for fault in first)


def test_a_hall_without_printers_has_no_printer_faults() -> None:
    faults = schedule(ROUGH, random.Random(1), NODES, (), 0, 10)
    assert not [fault for fault in faults if fault.kind in ("paper", "cover")]
