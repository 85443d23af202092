"""The lines of nodes: numbered over the hall, the newest of each kept, risen after a restart."""

from gateway.core.allowance import Allowance
from gateway.core.lines import LINES_PER_NODE, Lines


def told(lines: Lines, *entries: tuple[str, str]) -> None:
    for node, text in entries:
        lines.add(node, 1000, "info", text)


def test_lines_of_one_node_and_of_all_come_in_the_order_they_were_told() -> None:
    lines = Lines()
    told(lines, ("a", "1"), ("b", "2"), ("a", "3"))
    assert [line.text for line in lines.after(0)] == ["1", "2", "3"]
    assert [line.text for line in lines.after(0, "a")] == ["1", "3"]
    assert [line.text for line in lines.after(1)] == ["2", "3"]
    assert lines.after(lines.last) == []
    assert lines.after(0, "nobody") == []


def test_a_node_that_says_much_pushes_out_its_own_lines_only() -> None:
    lines = Lines()
    told(lines, ("a", "first"))
    told(lines, *[("b", str(n)) for n in range(LINES_PER_NODE + 50)])
    assert len(lines.after(0, "b")) == LINES_PER_NODE
    assert lines.after(0, "b")[0].text == "50"
    assert [line.text for line in lines.after(0, "a")] == ["first"]


def test_numbers_go_on_rising_after_a_restart_whatever_was_told_before() -> None:
    before, after = Lines(), Lines()
    before.begin(epoch=1_795_393_800)
    told(before, *[("a", str(n)) for n in range(1000)])
    after.begin(epoch=1_795_393_801)
    told(after, ("a", "new life"))
    assert [line.text for line in after.after(before.last)] == ["new life"]
    assert after.last < 1 << 53, "a browser counts no further"


def test_an_allowance_is_a_burst_and_then_one_in_its_time() -> None:
    allowance = Allowance(burst=3, every_ms=100)
    assert [allowance.take(1000) for _ in range(4)] == [True, True, True, False]
    assert [allowance.take(1000 + 25 * n) for n in range(9)] == [
        *[False] * 4,
        True,
        *[False] * 3,
        True,
    ]
    assert [allowance.take(10_000) for _ in range(4)] == [True, True, True, False]
