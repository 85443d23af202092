"""The auditor by itself: each promise broken on paper is called by its name."""

import json
from typing import Any

import pytest

from gateway.journal.records import Record
from simulator.auditor_presses import PressAuditor
from simulator.broken import PromiseBroken
from simulator.virtual_devices import SignDevice, VoiceDevice, WallDevice

PAD = "w01-pad"
DAY_MS = 86_400_000


def report(seq: int, command: str = "next", age_ms: int = 25) -> bytes:
    body = {"k": "pad_pressed", "boot": 1, "seq": seq, "age_ms": age_ms, "command": command}
    return json.dumps(body | {"argument": 0, "seen": 3}).encode()


def ack(seq: int, result: str, first: str | None = None) -> bytes:
    return json.dumps({"boot": 1, "seq": seq, "result": result, "first": first}).encode()


def test_a_number_issued_twice_breaks_p2(witness: Any) -> None:
    witness.issue("A001")
    with pytest.raises(PromiseBroken, match="P2: number A001 issued twice"):
        witness.issue("A001")


def test_a_ticket_called_by_two_windows_breaks_p2(witness: Any) -> None:
    witness.issue("A001")
    witness.call("A001", "w01")
    with pytest.raises(PromiseBroken, match="P2: A001 called at w02 while it is called at w01"):
        witness.call("A001", "w02")


def test_a_served_ticket_called_again_breaks_p2(witness: Any) -> None:
    witness.issue("A001")
    witness.call("A001", "w01")
    witness.at_window("service_started", "A001", "w01", implicit=False)
    witness.at_window("service_finished", "A001", "w01")
    with pytest.raises(PromiseBroken, match="P2: A001 called at w02 though served"):
        witness.call("A001", "w02")


def test_a_number_may_come_again_the_next_day(witness: Any) -> None:
    witness.issue("A001")
    witness.timeline.run(DAY_MS)
    witness.happens("calling.day_opened", date="20261124")
    witness.issue("A001")
    assert witness.auditor.model.waiting() == 1


def test_a_gap_in_the_journal_breaks_p1(witness: Any) -> None:
    witness.seq += 1
    with pytest.raises(PromiseBroken, match="P1: record 3 follows 1"):
        witness.issue("A001")


def test_paper_before_the_journal_breaks_p7(witness: Any) -> None:
    with pytest.raises(PromiseBroken, match="P7: paper shows 'A001'"):
        witness.auditor.paper_out("A001", False)


def test_a_second_unmarked_paper_breaks_p7_and_a_marked_one_does_not(witness: Any) -> None:
    witness.issue("A001")
    witness.auditor.paper_out("A001", False)
    witness.auditor.paper_out("A001", True)
    with pytest.raises(PromiseBroken, match="P7: A001 came out twice"):
        witness.auditor.paper_out("A001", False)


def speak(witness: Any, voice: VoiceDevice, job: str, number: str, window: str) -> None:
    voice.apply(("speak", job, number, window, False))
    witness.auditor.speech_begins(voice, job, number, window)


@pytest.fixture
def voice(witness: Any) -> VoiceDevice:
    for number, window in (("A001", "w01"), ("A002", "w02")):
        witness.issue(number)
        witness.call(number, window)
        witness.at_window("announcement_queued", number, window, job=f"v1-{number}")
    return VoiceDevice(witness.timeline, lambda event: None)


def test_an_announcement_that_cuts_another_off_breaks_p15(witness: Any, voice: VoiceDevice) -> None:
    speak(witness, voice, "v1-A001", "A001", "1")
    witness.timeline.run(1000)
    with pytest.raises(PromiseBroken, match="P15: v1-A001 was cut off by v1-A002"):
        speak(witness, voice, "v1-A002", "A002", "2")


def test_announcements_one_after_the_other_keep_p15(witness: Any, voice: VoiceDevice) -> None:
    speak(witness, voice, "v1-A001", "A001", "1")
    witness.timeline.run(20_000)
    speak(witness, voice, "v1-A002", "A002", "2")
    assert witness.auditor.spoken == ["v1-A001", "v1-A002"]


def test_an_announcement_out_of_order_breaks_p15(witness: Any, voice: VoiceDevice) -> None:
    speak(witness, voice, "v1-A002", "A002", "2")
    witness.timeline.run(20_000)
    with pytest.raises(PromiseBroken, match="P15: v1-A001 is said after v1-A002"):
        speak(witness, voice, "v1-A001", "A001", "1")


def test_only_a_new_board_may_say_again_what_was_not_settled(
    witness: Any, voice: VoiceDevice
) -> None:
    witness.auditor.gateway.started()
    witness.auditor.watch([Shower("voice-1", voice)])
    speak(witness, voice, "v1-A001", "A001", "1")
    witness.timeline.run(20_000)
    with pytest.raises(PromiseBroken, match="P15: v1-A001 is said twice"):
        speak(witness, voice, "v1-A001", "A001", "1")
    witness.timeline.run(40_000)
    witness.auditor.board_replaced("voice-1")
    speak(witness, voice, "v1-A001", "A001", "1")
    witness.timeline.run(60_000)
    witness.happens("calling.announcement_settled", job="v1-A001", result="done")
    witness.auditor.board_replaced("voice-1")
    with pytest.raises(PromiseBroken, match="P15: v1-A001 is said twice"):
        speak(witness, voice, "v1-A001", "A001", "1")


def test_an_announcement_of_the_wrong_window_breaks_p15(witness: Any, voice: VoiceDevice) -> None:
    with pytest.raises(PromiseBroken, match="P15: v1-A001 says A001 at 2"):
        speak(witness, voice, "v1-A001", "A001", "2")


def settle(presses: PressAuditor, seq: int, result: str, *effects: str, now_ms: int = 200) -> None:
    cause = f"{PAD}:1:{seq}"
    data = {"node": PAD, "boot": 1, "seq": seq, "result": result}
    ticket = {"ticket": "20261123-A001"}
    for kind in effects:
        presses.record_durable(Record(1, 1, f"calling.{kind}", 1, ticket, cause, b""), now_ms)
    presses.record_durable(Record(2, 1, "core.report_settled", 1, data, cause, b""), now_ms)


@pytest.fixture
def presses() -> PressAuditor:
    auditor = PressAuditor(10_000, lambda window: ("open", ""))
    auditor.pressed(PAD, 0, 100, "3")
    auditor.report_sent(PAD, report(1), 125)
    return auditor


def test_an_accepted_press_with_one_effect_keeps_p3(presses: PressAuditor) -> None:
    settle(presses, 1, "ok", "ticket_called", "announcement_queued")
    presses.ack_heard(PAD, ack(1, "ok"))
    presses.ack_heard(PAD, ack(1, "dup", "ok"))
    assert presses.reports[f"{PAD}:1:1"].heard


def test_a_second_settlement_breaks_p3(presses: PressAuditor) -> None:
    settle(presses, 1, "ok", "ticket_called")
    with pytest.raises(PromiseBroken, match="P3: w01-pad:1:1 settled twice"):
        settle(presses, 1, "ok")


def test_a_refused_press_with_an_effect_breaks_p3(presses: PressAuditor) -> None:
    with pytest.raises(PromiseBroken, match="P3: w01-pad:1:1 was denied, yet made"):
        settle(presses, 1, "denied", "ticket_called")


def test_an_accepted_press_without_effect_breaks_p3(presses: PressAuditor) -> None:
    with pytest.raises(PromiseBroken, match=r"P3: w01-pad:1:1 \(next\) made \[\]"):
        settle(presses, 1, "ok")


def test_an_acknowledgement_of_something_else_than_happened_breaks_p3(
    presses: PressAuditor,
) -> None:
    settle(presses, 1, "denied")
    with pytest.raises(PromiseBroken, match="P3: w01-pad:1:1 acknowledged as ok"):
        presses.ack_heard(PAD, ack(1, "ok"))


def test_an_acknowledgement_before_the_commit_breaks_p1(presses: PressAuditor) -> None:
    with pytest.raises(PromiseBroken, match="P1: w01-pad:1:1 acknowledged as ok, but nothing"):
        presses.ack_heard(PAD, ack(1, "ok"))


def test_a_report_nobody_pressed_breaks_p3(presses: PressAuditor) -> None:
    with pytest.raises(PromiseBroken, match="P3: w01-pad:1:2: a report of key 0"):
        presses.report_sent(PAD, report(2), 160)


def test_a_verdict_kept_over_a_restart_is_one_that_was_pressed(presses: PressAuditor) -> None:
    face = "w01-rating"
    body = {"k": "rating_given", "boot": 1, "seq": 6, "age_ms": 1 << 29, "grade": 5}
    presses.pressed(face, 4, 1_000, "A001")
    presses.report_sent(face, json.dumps(body).encode(), 60_000)
    assert presses.reports[f"{face}:1:6"].made_ms == 1_000
    with pytest.raises(PromiseBroken, match="P3: w01-rating:1:7: a report of key 4"):
        presses.report_sent(face, json.dumps(body | {"seq": 7}).encode(), 60_000)


def test_what_is_kept_and_never_settled_breaks_p1_in_the_end(presses: PressAuditor) -> None:
    result = {"k": "job_result", "boot": 1, "seq": 1, "age_ms": 5}
    presses.report_sent("voice", json.dumps(result).encode(), 60_000)
    with pytest.raises(PromiseBroken, match=r"P1: voice:1:1 \(job_result\) was kept, but never"):
        presses.check_end()
    presses.board_replaced("voice")  # it is gone with the board
    presses.check_end()


def test_a_press_that_acts_on_another_ticket_than_was_shown_breaks_p3(
    presses: PressAuditor,
) -> None:
    with pytest.raises(PromiseBroken, match="P3: w01-pad:1:1 was pressed at '3' and made"):
        settle(presses, 1, "ok", "service_finished")


@pytest.mark.parametrize(
    ("shown", "picture", "kept"),
    [
        ("3", ("open", ""), True),
        ("3", ("called", "A001"), False),
        ("PAU5", ("paused", ""), True),
        ("PAU5", ("open", ""), False),
        ("A001", ("serving", "A001"), True),
        ("A001", ("called", "A002"), False),
        ("T -", ("serving", "A001"), True),
    ],
)
def test_a_press_that_acts_on_another_picture_than_was_shown_breaks_p3(
    shown: str, picture: tuple[str, str], kept: bool
) -> None:
    auditor = PressAuditor(10_000, lambda window: picture)
    auditor.pressed(PAD, 0, 100, shown)
    auditor.report_sent(PAD, report(1), 125)
    if kept:
        settle(auditor, 1, "ok", "ticket_called")
    else:
        with pytest.raises(PromiseBroken, match=r"P3: w01-pad:1:1 \(next\) was pressed at"):
            settle(auditor, 1, "ok", "ticket_called")


def test_a_press_executed_too_late_breaks_p3(presses: PressAuditor) -> None:
    with pytest.raises(PromiseBroken, match="executed 11900 ms late"):
        settle(presses, 1, "ok", "ticket_called", now_ms=12_000)


class Shower:
    """A node as the auditor sees it."""

    def __init__(self, name: str, device: Any) -> None:
        self.name = name
        self.device = device
        self.running = True
        self.link_up = True
        self.linked_ms = 0
        self.told_ms = self.beat_ms = 0


def test_a_sign_that_shows_something_else_breaks_p4(witness: Any) -> None:
    sign = SignDevice(witness.timeline, lambda event: None)
    node = Shower("w01-sign", sign)
    sign.apply(("sign", "closed", "", "1"))
    witness.auditor.pictures.check_truth(node)
    witness.happens("calling.officer_signed_in", window="w01", officer="1111")
    with pytest.raises(PromiseBroken, match="P4: w01-sign shows"):
        witness.auditor.pictures.check_truth(node)


def test_a_wall_that_claims_to_know_without_a_beat_breaks_p5(witness: Any) -> None:
    wall = WallDevice(witness.timeline, lambda event: None)
    node = Shower("wall-1", wall)
    wall.apply(("rows", "live", (("A001", "1", True, False),), "", 0, ""))
    witness.auditor.pictures.check_lease(node, 10_000)
    with pytest.raises(PromiseBroken, match="P5: wall-1 claims live"):
        witness.auditor.pictures.check_lease(node, 10_500)
    wall.apply(("rows", "stale", (), "", 0, ""))
    witness.auditor.pictures.check_lease(node, 10_500)
