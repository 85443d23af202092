"""What the auditor checks of calls to the REST API, each promise broken on paper."""

from typing import Any

import pytest

from gateway.core.effects import Answer
from simulator.auditor_requests import RequestAuditor
from simulator.broken import PromiseBroken


@pytest.fixture
def requests(witness: Any) -> RequestAuditor:
    auditor: RequestAuditor = witness.auditor.requests
    auditor.asked("desk-1", "return", "", None)
    auditor.asked("chief-1", "start", "w01", ("called", "A001"))
    witness.issue("A001")
    witness.happens("calling.officer_signed_in", window="w01", officer="1111")
    witness.call("A001", "w01")
    return auditor


def settled(witness: Any, key: str, status: str = "done", **body: Any) -> None:
    witness.happens("core.request_settled", f"api:{key}", key=key, status=status, body=body)


def test_a_call_answered_before_it_is_durable_breaks_p1(
    witness: Any, requests: RequestAuditor
) -> None:
    refused = Answer(1, "refused", {"reason": "not_missed"}, repeated=False)
    with pytest.raises(PromiseBroken, match=r"P1: desk-1 answered refused .*, durable is nothing"):
        requests.answered("desk-1", refused)
    settled(witness, "desk-1", "refused", reason="not_missed")
    requests.answered("desk-1", refused)


def test_a_number_told_that_is_not_the_durable_one_breaks_p1(
    witness: Any, requests: RequestAuditor
) -> None:
    requests.asked("phone-1", "issue", "", None)
    data = {"ticket": "20261123-A002", "number": "A002", "service": "filing", "kiosk": None}
    witness.happens("calling.ticket_issued", "api:phone-1", **data)
    settled(witness, "phone-1", number="A002")
    requests.answered("phone-1", Answer(1, "done", {"number": "A002"}, repeated=True))
    with pytest.raises(PromiseBroken, match=r"P1: phone-1 .* done .*A003.*, durable is done"):
        requests.answered("phone-1", Answer(1, "done", {"number": "A003"}, repeated=True))


def test_a_call_repeated_with_its_key_that_acts_again_breaks_p3(
    witness: Any, requests: RequestAuditor
) -> None:
    del requests
    data = {"ticket": "20261123-A001", "window": "w01", "implicit": True}
    witness.happens("calling.service_started", "api:chief-1", **data)
    settled(witness, "chief-1")
    with pytest.raises(PromiseBroken, match="P3: chief-1 has a second effect"):
        witness.happens("calling.service_started", "api:chief-1", **data)


@pytest.mark.parametrize(
    ("status", "problem"),
    [("refused", "P3: chief-1 was refused, yet made"), ("done", r"P3: chief-1 \(start\) made")],
)
def test_a_call_with_another_effect_than_it_says_breaks_p3(
    witness: Any, requests: RequestAuditor, status: str, problem: str
) -> None:
    del requests
    witness.happens("calling.help_asked", "api:chief-1", window="w01")
    with pytest.raises(PromiseBroken, match=problem):
        settled(witness, "chief-1", status)


def test_a_call_that_acts_on_more_than_the_page_showed_breaks_p3(
    witness: Any, requests: RequestAuditor
) -> None:
    del requests
    data = {"ticket": "20261123-A001", "window": "w01", "implicit": True}
    witness.happens("calling.service_started", **data)
    with pytest.raises(PromiseBroken, match=r"P3: chief-1 \(start\) saw .* and acted on"):
        witness.happens("calling.service_finished", "api:chief-1", **data)


def test_an_effect_nobody_asked_for_breaks_p3(witness: Any, requests: RequestAuditor) -> None:
    del requests
    with pytest.raises(PromiseBroken, match="P3: desk-9 has an effect, but nobody asked for it"):
        witness.happens("calling.help_asked", "api:desk-9", window="w01")
