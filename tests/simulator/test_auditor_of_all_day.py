"""What the auditor checks all day, each broken on paper: order, time, history, kiosk, gateway."""

import json
from typing import Any

import pytest

from protocols.mqtt import encode_publish
from simulator.auditor import Auditor
from simulator.auditor_gateway import GatewayAuditor
from simulator.auditor_history import History
from simulator.broken import PromiseBroken
from simulator.plan import hall_of
from simulator.virtual_devices import FaceDevice, PadDevice, SignDevice, WallDevice
from simulator.virtual_printer import KioskDevice

FILING_MINUTES = 12


def publication(topic: str, body: dict[str, Any]) -> bytes:
    return encode_publish(f"hk1/langfang/{topic}", json.dumps(body).encode(), 1, packet_id=1)


# ---- P14 ----


def test_a_window_that_calls_a_later_ticket_breaks_p14(witness: Any) -> None:
    witness.issue("A001")
    witness.timeline.run(1000)
    witness.issue("A002")
    with pytest.raises(PromiseBroken, match="P14: w01 calls 20261123-A002 though 20261123-A001"):
        witness.call("A002", "w01")


def test_what_a_window_cannot_serve_does_not_bind_it(witness: Any) -> None:
    witness.issue("C001", "registration")
    witness.timeline.run(1000)
    witness.issue("A001")
    witness.call("A001", "w01")


def test_who_comes_back_stands_behind_three_others_and_before_the_fourth(witness: Any) -> None:
    for number in ("A001", "A002", "A003", "A004", "A005"):
        witness.issue(number)
        witness.timeline.run(witness.timeline.now_ms + 1000)
    witness.call("A001", "w01")
    witness.at_window("ticket_missed", "A001", "w01")
    witness.happens("calling.ticket_returned", ticket="20261123-A001", rank=0)
    for number in ("A002", "A003", "A004", "A001", "A005"):
        witness.call(number, "w01")
        witness.at_window("ticket_missed", number, "w01")


def test_a_transferred_ticket_keeps_its_place(witness: Any) -> None:
    witness.issue("A001")
    witness.timeline.run(1000)
    witness.issue("B001", "invoice")
    witness.call("A001", "w01")
    witness.at_window("ticket_transferred", "A001", "w01", service="invoice")
    with pytest.raises(PromiseBroken, match="P14: w02 calls 20261123-B001 though 20261123-A001"):
        witness.call("B001", "w02")


# ---- P8 ----


def test_hall_time_that_jumps_breaks_p8(witness: Any) -> None:
    witness.shift_ms = 400
    with pytest.raises(PromiseBroken, match="P8: hall time is 400 ms off at record 2"):
        witness.issue("A001")


@pytest.mark.parametrize(("minutes", "good"), [(10.8, False), (11, True)])
def test_overtime_that_is_reached_too_early_breaks_p8(
    witness: Any, minutes: float, good: bool
) -> None:
    witness.issue("A001")
    witness.call("A001", "w01")
    # A minute to walk, then 80 percent of twelve minutes: 10.6; counted from the call.
    witness.timeline.run(round(minutes * 60_000) - (0 if good else 30_000))
    if good:
        witness.at_window("overtime_reached", "A001", "w01", level="amber")
    else:
        with pytest.raises(PromiseBroken, match="P8: 20261123-A001 is amber 18000 ms too early"):
            witness.at_window("overtime_reached", "A001", "w01", level="amber")


def test_a_rating_that_closes_too_early_breaks_p8(witness: Any) -> None:
    witness.issue("A001")
    witness.call("A001", "w01")
    witness.happens("calling.rating_opened", visit="20261123-A001", window="w01")
    witness.timeline.run(59_000)
    with pytest.raises(PromiseBroken, match="P8: the rating of 20261123-A001 closes 1000 ms"):
        witness.happens("calling.rating_closed", visit="20261123-A001", window="w01")


# ---- P11 ----


def test_a_history_finds_what_was_so_and_not_what_was_before() -> None:
    history = History(("a",))
    for truth in ("b", "c", "b"):
        history.add((truth,))
    assert history.find(("a",), 0) == 0
    assert history.find(("b",), 0) == 1
    assert history.find(("b",), 2) == 3
    assert history.find(("a",), 1) == -1


class Shower:
    """A node as the auditor sees it."""

    def __init__(self, name: str, device: Any) -> None:
        self.name, self.device = name, device
        self.running = self.link_up = True
        self.linked_ms = self.told_ms = self.beat_ms = 0


def test_a_sign_that_goes_back_to_an_older_call_breaks_p11(witness: Any) -> None:
    sign = SignDevice(witness.timeline, lambda event: None)
    node = Shower("w01-sign", sign)
    sign.on_change = lambda: witness.auditor.display_changed(node)
    witness.happens("calling.officer_signed_in", window="w01", officer="1111")
    for number in ("A001", "A002"):
        witness.issue(number)
        witness.call(number, "w01")
        sign.apply(("sign", "called", number, "1"))
        witness.at_window("ticket_missed", number, "w01")
    sign.apply(("sign", "stale", "----", "1"))
    with pytest.raises(PromiseBroken, match=r"P11: w01-sign shows \('called', 'A001'\)"):
        sign.apply(("sign", "called", "A001", "1"))


def test_a_wall_and_a_pad_that_go_back_break_p11(witness: Any) -> None:
    wall = Shower("wall-1", WallDevice(witness.timeline, lambda event: None))
    wall.device.on_change = lambda: witness.auditor.display_changed(wall)
    witness.issue("A001")
    witness.issue("A002")
    witness.happens("calling.officer_signed_in", window="w01", officer="1111")
    witness.call("A001", "w01")
    wall.device.apply(("rows", "live", (("A001", "1", True, False),), "", 1))
    witness.at_window("ticket_missed", "A001", "w01")
    witness.call("A002", "w01")
    wall.device.apply(
        ("rows", "live", (("A002", "1", True, False), ("A001", "1", True, False)), "", 0)
    )
    with pytest.raises(PromiseBroken, match="P11: wall-1 shows"):
        wall.device.apply(("rows", "live", (("A001", "1", True, False),), "", 1))


def test_a_node_that_starts_anew_may_be_told_old_news_once_more(witness: Any) -> None:
    sign = Shower("w01-sign", SignDevice(witness.timeline, lambda event: None))
    witness.happens("calling.officer_signed_in", window="w01", officer="1111")
    witness.issue("A001")
    witness.call("A001", "w01")
    sign.device.apply(("sign", "called", "A001", "1"))
    witness.auditor.display_changed(sign)
    sign.device.apply(("sign", "open", "", "1"))
    with pytest.raises(PromiseBroken, match="P11"):
        witness.auditor.display_changed(sign)
    witness.auditor.node_starts("w01-sign")
    witness.auditor.display_changed(sign)


# ---- P6 and P7 ----


def test_a_kiosk_that_does_nothing_about_a_touch_breaks_p6(witness: Any) -> None:
    kiosk = KioskDevice(witness.timeline, lambda event: None)
    kiosk.screen = "ready"
    witness.auditor.touched("kiosk-1", kiosk)
    with pytest.raises(PromiseBroken, match="P6: kiosk-1 shows ready and did nothing"):
        witness.timeline.run(5_000)


def test_a_kiosk_that_refuses_plainly_keeps_p6(witness: Any) -> None:
    kiosk = KioskDevice(witness.timeline, lambda event: None)
    node = Shower("kiosk-1", kiosk)
    kiosk.on_change = lambda: witness.auditor.display_changed(node)
    kiosk.screen = "ready"
    witness.auditor.touched("kiosk-1", kiosk)
    kiosk.apply(("screen", "refused", ("offline",)))
    kiosk.apply(("screen", "ready", ()))
    witness.timeline.run(5_000)


@pytest.mark.parametrize(("command", "kept"), [("ticket_requested", False), ("job_result", True)])
def test_a_kiosk_that_is_refused_a_ticket_and_invites_again_at_once_breaks_p6(
    witness: Any, command: str, kept: bool
) -> None:
    kiosk = KioskDevice(witness.timeline, lambda event: None)
    auditor = witness.auditor
    auditor.watch([Shower("kiosk-1", kiosk)])
    auditor.touched("kiosk-1", kiosk)
    report = {"k": command, "boot": 1, "seq": 1, "age_ms": 0}
    auditor.packet_up("kiosk-1", publication("kiosk-1/up/ev", report))
    kiosk.screen = "asking"
    settled = {"node": "kiosk-1", "boot": 1, "seq": 1, "result": "stale"}
    witness.happens("core.report_settled", "kiosk-1:1:1", **settled)
    ack = {"boot": 1, "seq": 1, "result": "dup", "first": "stale"}
    auditor.packet_down("kiosk-1", publication("kiosk-1/down/ack", ack))
    kiosk.screen = "ready"
    if kept:
        witness.timeline.run(10)
    else:
        with pytest.raises(PromiseBroken, match="P6: kiosk-1 was refused a ticket and says"):
            witness.timeline.run(10)


def test_a_print_settled_as_done_that_never_came_out_breaks_p7(witness: Any) -> None:
    for number in ("A001", "A002"):
        ticket = f"20261123-{number}"
        witness.issue(number)
        witness.happens("calling.print_queued", ticket=ticket, job=f"p1-{number}", copy=0)
        witness.happens("calling.print_settled", job=f"p1-{number}", result="done", why="")
    with pytest.raises(PromiseBroken, match=r"P7: .*'A001'.* settled as printed, but never came"):
        witness.auditor.paper_out("A002", False)


def test_a_ticket_of_a_kiosk_without_paper_breaks_p7_in_the_end(witness: Any) -> None:
    witness.issue("A001")
    with pytest.raises(PromiseBroken, match="P7: A001 was issued at a kiosk and never printed"):
        witness.auditor.kiosks.check_end()


# ---- P1 and P13 ----


def test_thanks_for_a_verdict_that_never_comes_breaks_p1(witness: Any) -> None:
    face = Shower("w01-rating", FaceDevice(witness.timeline, lambda event: None, None))  # type: ignore[arg-type]  # no finger
    face.device.on_change = lambda: witness.auditor.display_changed(face)
    face.device.apply(("face", "thanks", "", "", 5))
    with pytest.raises(PromiseBroken, match="P1: w01-rating said thanks 1 times, 0 verdicts came"):
        witness.auditor.presses.check_end()


def test_an_intruder_that_changes_another_window_breaks_p13(witness: Any) -> None:
    witness.auditor = Auditor(hall_of(8, spare=True), witness.timeline, ("spare-pad",))
    witness.seq = 0
    presses = witness.auditor.presses
    settled = {"node": "spare-pad", "boot": 1, "seq": 1, "result": "denied"}
    witness.happens("core.report_settled", "spare-pad:1:1", **settled)
    witness.happens("calling.help_asked", "spare-pad:1:2", window="spare")
    with pytest.raises(PromiseBroken, match="P13: the intruder at spare-pad made"):
        witness.happens("calling.help_asked", "spare-pad:1:3", window="w01")
    presses.intruder_heard("spare-pad", "hk1/langfang/spare-pad/down/want")
    with pytest.raises(PromiseBroken, match="P13: the intruder at spare-pad heard"):
        presses.intruder_heard("spare-pad", "hk1/langfang/w01-pad/down/want")


# ---- P9 and P10 ----


def test_a_gateway_that_lives_on_after_a_failed_write_breaks_p9() -> None:
    gateway = GatewayAuditor()
    gateway.started()
    gateway.write_failed(5_000)
    gateway.look(6_000)
    with pytest.raises(PromiseBroken, match="P9: the gateway lives on, 1001 ms after"):
        gateway.look(6_001)


def test_a_gateway_that_ends_without_an_alarm_breaks_p9() -> None:
    gateway = GatewayAuditor()
    gateway.started()
    gateway.write_failed(5_000)
    with pytest.raises(PromiseBroken, match="P9: a write failed and the gateway ended without"):
        gateway.died("failed")
    gateway.started()
    gateway.write_failed(5_000)
    gateway.alarm("cannot_go_on")
    gateway.died("failed")


def test_a_gateway_that_does_not_come_back_breaks_p9() -> None:
    gateway = GatewayAuditor()
    gateway.disk_in_trouble(True, 1_000)
    gateway.look(100_000)
    gateway.disk_in_trouble(False, 100_000)
    gateway.look(108_000)
    with pytest.raises(PromiseBroken, match="P9: the gateway does not come back"):
        gateway.look(108_001)


def test_a_start_on_a_damaged_journal_breaks_p10_and_so_does_silence_about_the_way_back() -> None:
    gateway = GatewayAuditor()
    gateway.journal_damaged(True, 1_000)
    gateway.refused("record 7: see `hallkit journal verify`")
    with pytest.raises(PromiseBroken, match="P10: a start was refused without naming the way"):
        gateway.refused("it is broken")
    with pytest.raises(PromiseBroken, match="P10: the gateway started on a damaged journal"):
        gateway.started()


def test_a_pad_that_shows_a_number_it_showed_long_ago_breaks_p11(witness: Any) -> None:
    pad = Shower("w01-pad", PadDevice(witness.timeline, lambda event: None, None))  # type: ignore[arg-type]  # no finger
    pad.device.on_change = lambda: witness.auditor.display_changed(pad)
    witness.happens("calling.officer_signed_in", window="w01", officer="1111")
    for number in ("A001", "A002"):
        witness.issue(number)
        witness.call(number, "w01")
        pad.device.apply(("display", number))
        witness.at_window("ticket_missed", number, "w01")
    with pytest.raises(PromiseBroken, match="P11: w01-pad shows 'A001', which is older"):
        pad.device.apply(("display", "A001"))
