"""The two minutes: a broken pad is replaced by one command, and the window works again."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

NODE = "w03-pad"
NEXT, KEYS = 0, 9
STAFF_NUMBER, NOBODY_WAITS = "1122", "   0"
# As long as a finger may lie on a key without meaning more: a busy machine sees no shorter press.
FINGER_MS = 500
PATIENCE_S = 8
ARTIFACT = Path(__file__).parents[3] / "build" / "artifacts" / "replace-a-pad.txt"
# Somebody's hands: finding the cable, reading a line and pressing, sticking the label on.
CABLE_S, PRESS_S, LOOK_S, TYPE_S, LABEL_S = 10, 2, 5, 10, 10


def sign_in(board: Any, eventually: Callable[..., Any]) -> None:
    """At a closed window keys are digits, shown as they are typed; who sees that a press was not
    taken, or that all was forgotten since the gateway was not heard, goes on from what is shown."""

    def signed_in() -> bool:
        shown = board.parts.display_text()
        typed = shown.rstrip()
        if len(typed) < len(STAFF_NUMBER) and STAFF_NUMBER.startswith(typed):
            digit = STAFF_NUMBER[len(typed)]
            board.parts.press(int(digit) - 1, FINGER_MS)
            after = typed + digit if typed + digit != STAFF_NUMBER else NOBODY_WAITS
            with suppress(AssertionError):
                eventually(lambda: board.parts.display_text().startswith(after), "", PATIENCE_S)
        return bool(board.parts.display_text() == NOBODY_WAITS)

    eventually(lambda: board.parts.display_text() == "    ", "the pad of a closed window is dark")
    eventually(signed_in, "signed in, nobody waits")


def table_of(ended: Any) -> str:
    """What it took, by machine and by hand."""
    lines = [f"hallkit replace {NODE}: {ended.last['total_seconds']} s on a virtual board"]
    for step, seconds in ended.last["seconds"].items():
        lines.append(f"  {step:12} {seconds:6.1f} s")
    presses, looks = len(ended.acts("press")), 1
    by_hand = [
        ("the cable into the new board", CABLE_S),
        (f"typing `hallkit replace {NODE}`", TYPE_S),
        (f"{presses} keys, each as it is asked for", presses * PRESS_S),
        ("one question about lights and sounds", looks * LOOK_S),
        ("the board into its case, the label onto it", LABEL_S),
    ]
    lines += [f"  by hand {number}: {text}" for number, (text, _) in enumerate(by_hand, 1)]
    lines.append(f"  {len(by_hand)} steps by hand, about {sum(s for _, s in by_hand)} s of them")
    return "\n".join(lines) + "\n"


@pytest.mark.slow
def test_a_broken_pad_is_replaced_and_its_window_works_again(
    hall: Any,
    wall: Any,
    make_board: Callable[..., Any],
    eventually: Callable[..., Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    # The pad that will break.
    old = make_board(1)
    first = hall.run("flash", NODE, "--port", old.address, *hall.image_options(), "--no-self-test")
    assert first.code == 0, (first.last, first.rest)
    assert hall.node(NODE)["online"]
    old_boot = hall.node(NODE)["boot"]
    old.air.switch(False)  # it is off the network, but not dead

    # A new one, as it comes from the shop.
    new = make_board(2, empty=True)
    ended = hall.run("replace", NODE, "--port", new.address, board=new)
    assert ended.code == 0, (ended.last, ended.rest, new.console[-2000:])
    assert len(ended.acts("press")) == KEYS
    assert ended.last["renewed"] is True
    label = Path(ended.last["label"])
    assert label.read_bytes().startswith(b"\x89PNG")
    ARTIFACT.parent.mkdir(parents=True, exist_ok=True)
    ARTIFACT.write_text(table_of(ended), encoding="utf-8")
    with capsys.disabled():
        sys.stdout.write("\n" + table_of(ended))

    # The officer signs in, a ticket waits, NEXT is pressed: the wall calls it to window 3.
    sign_in(new, eventually)
    issued = hall.issue_ticket()
    eventually(lambda: new.parts.display_text() == "   1", "the pad shows that one waits")
    new.parts.press(NEXT, FINGER_MS)
    wall.until_it_shows(issued, "3")
    eventually(lambda: new.parts.display_text() == issued, "the pad shows the number it called")

    # The old board comes back onto the network: the broker does not let it in.
    refused = hall.log.count("certificate verify failed")
    old.air.switch(True)
    eventually(
        lambda: hall.log.count("certificate verify failed") > refused,
        "the old board was never refused",
    )
    node = hall.node(NODE)
    assert node["online"]
    assert node["boot"] > old_boot
    assert new.parts.display_text() == issued
