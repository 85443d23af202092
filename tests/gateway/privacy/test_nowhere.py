"""A card and a phone come in with a ticket: where they are found, which is nowhere but at the desk.

All that a hall says is caught and searched: every message on the broker, the log, every page and
view, the journal, its copies, the audit log, the whole data folder. All numbers are made up.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.journal.verify import verify
from gateway.privacy.vault import Vault

OnHall = Callable[..., None]
CARD, PHONE = "11010519491231002X", "13800138000"
BODY = {"service": "filing", "kiosk": "kiosk-1", "id_number": CARD, "phone": PHONE}
# Any part of them that would still say who it is.
TELLING = [CARD, CARD.lower(), CARD[:17], CARD[:14], CARD[6:14], PHONE, PHONE[:9], PHONE[3:]]
PAGES = (
    "/api/v1/queue",
    "/api/v1/services",
    "/api/v1/hall",
    "/api/v1/windows",
    "/api/v1/nodes",
    "/metrics",
    "/readyz",
)


async def post(client: Any, url: str, body: Any, key: str = "k1") -> Any:
    return await client.post(url, json=body, headers={"Idempotency-Key": key})


def assert_tells_nothing(where: str, content: bytes) -> None:
    for text in TELLING:
        assert text.encode() not in content, f"{text} in {where}"


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()


class Listener:
    """Hears everything on the embedded broker of the bench, which lets anybody in."""

    def __init__(self, port: int) -> None:
        self.heard: list[bytes] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="listener")
        self._client.on_connect = lambda client, *_: client.subscribe("#", 1)
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_message(self, _: Any, __: Any, message: Any) -> None:
        self.heard.append(message.topic.encode() + b" " + message.payload)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def test_a_card_and_a_phone_are_on_no_wire_no_page_and_in_no_file(
    on_hall: OnHall, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scenario(hall: Any) -> None:
        listener = Listener(hall.port)
        pad = await hall.pad("w01")
        await hall.until(lambda: listener.heard)
        desk, public = hall.client("chief"), hall.client()
        issued = await post(desk, "/api/v1/tickets", BODY)
        assert issued.status_code == 201, issued.text
        ticket, number = issued.json()["ticket"], issued.json()["number"]
        # It is called, so that wall, window and voice speak of it.
        sign_in = {"staff_number": hall.config.officer[0].staff_number}
        assert (await post(desk, "/api/v1/windows/w01/sign-in", sign_in, "k2")).status_code == 200
        await post(desk, "/api/v1/windows/w01/commands", {"command": "next"}, "k3")
        await hall.until(lambda: pad.number == number)
        await hall.until(lambda: any(number.encode() in each for each in listener.heard))
        answers = [issued.content]
        for url in (*PAGES, f"/api/v1/tickets/{ticket}"):
            answers.append((await hall.client("admin").get(url)).content)
        page = f"/t/{issued.json()['token']}"
        for url in (page, page + "/now"):
            answers.append((await public.get(url)).content)
        assert_tells_nothing("an answer", b"\n".join(answers))
        # What is wrong is not repeated either.
        for field, value in (("id_number", CARD[:17] + "1"), ("phone", PHONE + "x")):
            wrong = await post(desk, "/api/v1/tickets", BODY | {field: value}, f"wrong-{field}")
            assert (wrong.status_code, wrong.json()["reason"]) == (422, "invalid")
            assert field in wrong.text
            assert_tells_nothing("a refusal", wrong.content)
        await asyncio.sleep(0.3)
        listener.close()
        assert len(listener.heard) > 20
        assert_tells_nothing("a message", b"\n".join(listener.heard))
        assert not any(b"hkp1:" in each for each in listener.heard), "not even sealed"
        assert all(b"hkp1:" not in answer for answer in answers)
        # The one place where it is read, and who read it is kept.
        holder = await desk.get(f"/api/v1/tickets/{ticket}/holder")
        assert holder.json() == {"ticket": ticket, "id_last4": "002X", "phone": PHONE}
        log = hall.server._server.config.app.state.audit
        acts = [(act.actor, act.action, act.target) for act in log.read()]
        assert acts == [("chief-1", "holder looked up", ticket)]

    on_hall(scenario)
    printed = capfd.readouterr()
    assert_tells_nothing("the log", (printed.out + printed.err).encode())
    seen = 0
    for path, content in files_of(tmp_path):
        assert_tells_nothing(path, content)
        seen += b"hkp1:" in content
    assert seen, "the journal has it, sealed"


def test_who_may_not_look_is_told_nothing_and_nothing_is_noted(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        issued = (await post(hall.client("kiosk"), "/api/v1/tickets", BODY)).json()
        url = f"/api/v1/tickets/{issued['ticket']}/holder"
        for role in ("kiosk", "technician", None):
            assert (await hall.client(role).get(url)).status_code in (401, 403)
        assert (await hall.client("officer").get(url + "x")).status_code == 404
        unknown = await hall.client("officer").get("/api/v1/tickets/20200101-A001/holder")
        assert unknown.status_code == 404

    on_hall(scenario)


def test_the_same_call_again_gives_the_same_ticket_and_another_person_is_another_call(
    on_hall: OnHall,
) -> None:
    async def scenario(hall: Any) -> None:
        kiosk = hall.client("kiosk")
        first, again = [await post(kiosk, "/api/v1/tickets", BODY) for _ in range(2)]
        assert first.json() == again.json()
        assert again.headers["idempotent-replay"] == "true"
        other = await post(kiosk, "/api/v1/tickets", BODY | {"id_number": "440524188001010014"})
        assert (other.status_code, other.json()["reason"]) == (422, "key_reused")
        without = await post(kiosk, "/api/v1/tickets", {"service": "filing"}, "k2")
        url = f"/api/v1/tickets/{without.json()['ticket']}/holder"
        holder = await hall.client("chief").get(url)
        assert (holder.json()["id_last4"], holder.json()["phone"]) == (None, None)

    on_hall(scenario)


def test_what_is_erased_is_gone_from_a_running_hall_its_journal_and_its_copies(
    on_hall: OnHall, tmp_path: Path, hall_file: Path
) -> None:
    data, copies = tmp_path / "data", tmp_path / "copies"
    copies.mkdir()
    tickets: list[str] = []

    async def before(hall: Any) -> None:
        issued = await post(hall.client("kiosk"), "/api/v1/tickets", BODY)
        tickets.append(issued.json()["ticket"])
        arguments = ["journal", "backup", str(data / "journal.sqlite"), "--to", str(copies)]
        made = await asyncio.to_thread(
            CliRunner().invoke, app, [*arguments, "--same-disk", "--json"]
        )
        assert made.exit_code == 0, made.output
        erased = await asyncio.to_thread(
            CliRunner().invoke, app, ["privacy", "erase", "--data", str(data)], CARD + "\n"
        )
        assert erased.exit_code == 0, erased.output
        assert CARD not in erased.output
        await gone(hall)

    async def gone(hall: Any) -> None:
        url = f"/api/v1/tickets/{tickets[0]}/holder"
        found = (await hall.client("chief").get(url)).json()
        assert (found["id_last4"], found["phone"]) == (None, None)

    # And after a restart, from snapshot and journal.
    on_hall(before, gone)
    assert verify(data / "journal.sqlite").sound
    [copy] = copies.glob("*.sqlite")
    assert verify(copy).sound
    assert b"hkp1:" in copy.read_bytes(), "sealed for ever"
    assert not list(copies.glob("*key*")), "keys are in no copy"
    run = CliRunner().invoke
    told = run(app, ["journal", "replay", str(data / "journal.sqlite"), "--hall", str(hall_file)])
    assert told.exit_code == 0, told.output
    again = run(app, ["privacy", "erase", "--data", str(data)], CARD + "\n")
    assert again.exit_code == 1
    counts = json.loads(run(app, ["privacy", "list", "--data", str(data), "--json"]).output)
    assert counts["id_number"]["persons"] == counts["phone"]["persons"] == 0
    noted = (data / "audit.jsonl").read_text()
    assert '"personal data erased", "target": "id_number"' in noted
    assert_tells_nothing("the audit log", noted.encode())


def test_neither_card_nor_phone_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["privacy", "erase", "--data", str(tmp_path)], "12\n")
    assert told.exit_code == 3
    assert list(tmp_path.iterdir()) == []


def test_a_hall_without_its_keys_issues_tickets_to_nobody_in_particular(on_hall: OnHall) -> None:
    async def scenario(hall: Any) -> None:
        kiosk = hall.client("kiosk")
        assert (await post(kiosk, "/api/v1/tickets", BODY)).status_code == 201
        (hall.data / "privacy" / "master.key").unlink()
        refused = await post(kiosk, "/api/v1/tickets", BODY, "k2")
        assert (refused.status_code, refused.json()["reason"]) == (503, "privacy")
        assert (
            await post(kiosk, "/api/v1/tickets", {"service": "filing"}, "k3")
        ).status_code == 201

    on_hall(scenario)


def test_a_running_hall_forgets_by_itself_what_is_due(on_hall: OnHall, tmp_path: Path) -> None:
    data = tmp_path / "data"
    vault = Vault(data, {"id_number": 30, "phone": 15})
    _, texts = vault.seal({"id_number": CARD, "phone": PHONE}, 0)  # of 1970
    assert vault.open(texts)

    async def scenario(hall: Any) -> None:
        log = hall.server._server.config.app.state.audit
        await hall.until(lambda: [act.action for act in log.read()] == ["personal data expired"])
        assert vault.open(texts) == {}

    on_hall(scenario)
