"""What was settled is remembered, newest first kept, within its bounds."""

from gateway.core.dedupe import REPORTS_PER_NODE_MAX, REQUESTS_MAX, Dedupe
from gateway.core.events import ReportSettled, RequestSettled
from protocols.outbox import Outbox


def settle(dedupe, node, seq, boot=1, result="ok", why=""):
    dedupe.note_report(ReportSettled(node, boot, seq, result, why))


def test_report_is_known_by_node_boot_and_number_together():
    dedupe = Dedupe()
    settle(dedupe, "w01-pad", 5, boot=2, result="denied", why="empty")
    known = dedupe.report("w01-pad", 2, 5)
    assert (known.result, known.why) == ("denied", "empty")
    assert dedupe.report("w02-pad", 2, 5) is None
    assert dedupe.report("w01-pad", 1, 5) is None
    assert dedupe.report("w01-pad", 2, 4) is None
    # 2:5 and 25 must not meet.
    assert dedupe.report("w01-pad", 25, 5) is None


def test_oldest_reports_of_a_node_go_first_and_other_nodes_lose_nothing():
    dedupe = Dedupe()
    settle(dedupe, "w02-pad", 1)
    for seq in range(1, REPORTS_PER_NODE_MAX + 3):
        settle(dedupe, "w01-pad", seq)
    assert dedupe.report("w01-pad", 1, 1) is None
    assert dedupe.report("w01-pad", 1, 2) is None
    assert dedupe.report("w01-pad", 1, 3) is not None
    assert len(dedupe.reports["w01-pad"]) == REPORTS_PER_NODE_MAX
    assert dedupe.report("w02-pad", 1, 1) is not None


def test_more_is_remembered_of_a_node_than_it_can_have_unsettled():
    assert 4 * Outbox(1).capacity <= REPORTS_PER_NODE_MAX


def test_oldest_requests_go_first():
    dedupe = Dedupe()
    for number in range(REQUESTS_MAX + 1):
        dedupe.note_request(RequestSettled(f"key-{number}", "desk", "f", "done", {"n": number}))
    assert len(dedupe.requests) == REQUESTS_MAX
    assert dedupe.request("key-0") is None
    assert dedupe.request("key-1").body == {"n": 1}
    assert dedupe.request(f"key-{REQUESTS_MAX}").body == {"n": REQUESTS_MAX}
