"""The technician's commands against a real gateway: login, identify, logs, fleet, doctor."""

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.core.releases import ReleaseInfo
from gateway.technician.login import load_login, login_file
from gateway.web.tokens import TokenStore
from protocols.messages.node import NodeLog
from protocols.messages.service import Identify, NodeHealth, UpdateOffer, UpdateState
from protocols.topics import LOG

OnHall = Callable[..., None]


@pytest.fixture(autouse=True)
def own_login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's own user is read or written."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


async def hallkit(*arguments: object) -> Result:
    """The command beside the gateway that runs in this process."""
    return await asyncio.to_thread(run, *arguments)


def token_file(hall: Any, tmp_path: Path, role: str) -> Path:
    path = tmp_path / f"{role}.token"
    path.write_text(TokenStore(hall.data).first_texts()[f"{role}-1"] + "\n")
    return path


async def log_in(hall: Any, tmp_path: Path, role: str = "technician") -> None:
    file = token_file(hall, tmp_path, role)
    result = await hallkit("login", "--gateway", hall.server.address, "--token-file", file)
    assert result.exit_code == 0, result.output


# ---- login ----


def test_at_the_halls_computer_a_login_needs_no_token(
    on_hall: OnHall, hall_file: Path, tmp_path: Path
) -> None:
    async def scenario(hall: Any) -> None:
        address = hall.server.address
        said = await hallkit(
            "login", "--hall", hall_file, "--data", hall.data, "--gateway", address, "--json"
        )
        assert json.loads(said.output)["role"] == "technician"
        assert login_file().stat().st_mode & 0o777 == 0o600
        assert load_login().token not in said.output
        first = load_login()
        await hallkit("login", "--hall", hall_file, "--data", hall.data)
        assert load_login() == first, "said again, no second token is made"
        assert (await hallkit("fleet", "status")).exit_code == 0

    on_hall(scenario)


def test_from_elsewhere_a_login_takes_a_token_and_says_its_role(
    on_hall: OnHall, tmp_path: Path
) -> None:
    async def scenario(hall: Any) -> None:
        file = token_file(hall, tmp_path, "chief")
        said = await hallkit("login", "--gateway", hall.server.address + "/", "--token-file", file)
        assert said.output.splitlines()[-1] == f"{hall.server.address}: chief"
        # What needs the data folder says so.
        flash = await hallkit("flash", "w03-pad")
        assert flash.exit_code == 3
        assert "hallkit login --hall FILE --data FOLDER" in flash.output

    on_hall(scenario)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "say where the hall is"),
        (("--gateway", "hall:8080"), "give http://HOST:PORT"),
        (("--hall", "none.toml", "--data", "x"), "none.toml"),
        (("--gateway", "http://127.0.0.1:9", "--token-file", "none"), "cannot be read"),
    ],
)
def test_a_wrong_login_is_one_sentence(arguments: tuple[str, ...], words: str) -> None:
    said = run("login", *arguments)
    assert said.exit_code == 3
    assert words in said.output
    assert not login_file().exists()


def test_without_a_login_each_command_names_it() -> None:
    for command in (("identify", "w01-pad"), ("fleet", "status"), ("logs", "w01-pad")):
        said = run(*command)
        assert said.exit_code == 3
        assert "hallkit login --gateway" in said.output


# ---- one node ----


def test_identify_reaches_the_node_and_a_node_that_is_away_is_told(
    on_hall: OnHall, tmp_path: Path
) -> None:
    async def scenario(hall: Any) -> None:
        await log_in(hall, tmp_path)
        pad = await hall.pad("w01")
        said = await hallkit("identify", "w01-pad", "--seconds", 7)
        assert said.exit_code == 0
        await hall.until(lambda: pad.jobs)
        assert isinstance(pad.jobs[0], Identify)
        assert pad.jobs[0].seconds == 7
        away = await hallkit("identify", "w02-pad")
        assert away.exit_code == 14
        assert "不在线" in away.output
        assert "is away: check its power" in away.output
        unknown = await hallkit("identify", "w99-pad", "--json")
        assert json.loads(unknown.output)["ok"] is False

    on_hall(scenario)


def test_a_token_of_another_role_is_refused_with_its_own_code(
    on_hall: OnHall, tmp_path: Path
) -> None:
    async def scenario(hall: Any) -> None:
        await log_in(hall, tmp_path, "officer")
        said = await hallkit("fleet", "status")
        assert said.exit_code == 14
        assert "role" in said.output

    on_hall(scenario)


@pytest.mark.slow
def test_logs_are_read_and_followed(on_hall: OnHall, tmp_path: Path) -> None:
    async def scenario(hall: Any) -> None:
        await log_in(hall, tmp_path)
        pad = await hall.pad("w01")
        pad.say(LOG, NodeLog(level="info", text="start 7: power on"))
        lines = hall.process.engine.service.lines
        await hall.until(lambda: lines.after(0, "w01-pad"))
        said = await hallkit("logs", "w01-pad")
        assert "info" in said.output
        assert "start 7: power on" in said.output
        # Followed by a process of its own, which is ended as by Ctrl-C.
        follower = await asyncio.create_subprocess_exec(
            *(sys.executable, "-u", "-m", "gateway.cli.main"),
            *("logs", "w01-pad", "--follow", "--json"),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert follower.stdout is not None
        first = json.loads(await asyncio.wait_for(follower.stdout.readline(), 20))
        assert first["text"] == "start 7: power on"
        pad.say(LOG, NodeLog(level="warning", text="key 3 is down"))
        second = json.loads(await asyncio.wait_for(follower.stdout.readline(), 20))
        assert (second["level"], second["text"]) == ("warning", "key 3 is down")
        follower.send_signal(signal.SIGINT)
        _, errors = await asyncio.wait_for(follower.communicate(), 20)
        assert follower.returncode == 130
        assert b"Traceback" not in errors

    on_hall(scenario)


# ---- the fleet ----


class Releases:
    """12 and 13, as the gateway has them."""

    def newest_first(self) -> list[ReleaseInfo]:
        return [ReleaseInfo(13, "0.2.1", 6, 1000), ReleaseInfo(12, "0.2.0", 6, 1000)]

    def offer(self, release: int) -> UpdateOffer:
        return UpdateOffer(release=release, name="0.2.1", manifest_bytes=100, signature_bytes=100)

    def answer(self, wanted: Any) -> None:
        raise AssertionError("these nodes say what they do, they fetch nothing")


class Board:
    """A pad that takes an update at its next look, or refuses it."""

    def __init__(self, pad: Any, order: list[str], refuses: bool = False) -> None:
        self.pad, self.release, self.refuses = pad, 12, refuses
        self._order, self._taken = order, False
        self.tell()

    def tell(self) -> None:
        self.pad.say(
            LOG,
            NodeHealth(
                uptime_s=4000,
                signal_dbm=-60,
                heap_free_bytes=40_000,
                release=self.release,
                slot="a",
                trial=False,
                faults=0,
                fault="",
            ),
        )

    def look(self) -> None:
        if not self._taken and any(isinstance(job, UpdateOffer) for job in self.pad.jobs):
            self._taken = True
            self._order.append(self.pad.name)
            self.say("refused" if self.refuses else "confirmed")
            if not self.refuses:
                self.release = 13
                self.tell()

    def say(self, state: str) -> None:
        told = UpdateState(
            release=13, state=state, done_bytes=1000, total_bytes=1000, why="no room"
        )
        self.pad.say(LOG, told)


async def with_boards(boards: list[Board], work: Any) -> Result:
    """Run a command while the boards live."""
    task = asyncio.create_task(work)
    while not task.done():
        for board in boards:
            board.look()
        await asyncio.sleep(0.02)
    return task.result()


async def three_boards(hall: Any, order: list[str], refuses: int = -1) -> list[Board]:
    hall.process.engine.service.releases = Releases()
    made = []
    for number in range(3):
        pad = await hall.pad(f"w0{number + 1}")
        made.append(Board(pad, order, number == refuses))
    service = hall.process.engine.service
    for board in made:
        await hall.until(lambda name=board.pad.name: service.runs(name, 12))
    return made


UPDATE = ("fleet", "update", "--outdated", "--canary", 1, "--at-once", 2, "--watch", 60)


@pytest.mark.slow
def test_a_fleet_is_updated_canary_first_and_a_second_run_has_nothing_to_do(
    on_hall: OnHall, tmp_path: Path
) -> None:
    async def scenario(hall: Any) -> None:
        await log_in(hall, tmp_path)
        order: list[str] = []
        boards = await three_boards(hall, order)
        said = await with_boards(boards, hallkit(*UPDATE, "w01-pad"))
        assert said.exit_code == 3, "either nodes or --outdated"
        said = await with_boards(boards, hallkit(*UPDATE))
        # The other 29 ESP32 of the hall are away and cannot be updated: told, and code 1.
        assert "w04-pad: 离线 · away" in said.output
        assert "3/32 → release 13" in said.output
        assert said.exit_code == 1
        assert order[0] == "w01-pad"
        assert sorted(order) == ["w01-pad", "w02-pad", "w03-pad"]
        named = [f"w0{number}-pad" for number in (1, 2, 3)]
        again = await hallkit("fleet", "update", *named)
        assert again.exit_code == 0
        assert "3/3 → release 13" in again.output
        status = await hallkit("fleet", "status")
        assert "release 13" in status.output
        assert "35 个节点" in status.output

    on_hall(scenario)


@pytest.mark.slow
def test_the_first_failure_stops_the_rest_and_a_new_run_goes_on_from_there(
    on_hall: OnHall, tmp_path: Path
) -> None:
    async def scenario(hall: Any) -> None:
        await log_in(hall, tmp_path)
        order: list[str] = []
        boards = await three_boards(hall, order, refuses=0)
        said = await with_boards(boards, hallkit(*UPDATE, "--json"))
        assert said.exit_code == 1
        end = json.loads(said.output.splitlines()[-1])
        states = {row["node"]: row["state"] for row in end["nodes"]}
        assert (states["w01-pad"], states["w02-pad"]) == ("failed", "old")
        assert order == ["w01-pad"], "the canary failed: nobody else was touched"
        # The technician made room on it: the same command, the same canary.
        boards[0].refuses, boards[0]._taken = False, False
        boards[0].pad.jobs.clear()
        again = await with_boards(boards, hallkit(*UPDATE, "--json"))
        end = json.loads(again.output.splitlines()[-1])
        steady = [row["node"] for row in end["nodes"] if row["state"] == "steady"]
        assert steady == ["w01-pad", "w02-pad", "w03-pad"]

    on_hall(scenario)


# ---- doctor ----


def test_doctor_finds_what_is_wrong_and_says_what_to_do(on_hall: OnHall, tmp_path: Path) -> None:
    async def scenario(hall: Any) -> None:
        nobody = await hallkit("doctor", "--json")
        checks = {row["name"]: row for row in json.loads(nobody.output)["checks"]}
        assert checks["gateway"]["remedy"] == "hallkit login"
        await log_in(hall, tmp_path)
        await hall.pad("w01")
        said = await hallkit("doctor", "--json")
        assert said.exit_code == 1
        checks = {row["name"]: row for row in json.loads(said.output)["checks"]}
        assert checks["esptool"]["state"] == "ok"
        assert checks["token"]["found"] == "technician"
        assert checks["clock"]["state"] == "ok"
        assert checks["nodes away"]["found"].startswith("34: w01-sign")
        assert checks["nodes away"]["remedy"]
        assert all(row["remedy"] for row in checks.values() if row["state"] == "problem")
        await log_in(hall, tmp_path, "chief")
        role = json.loads((await hallkit("doctor", "--json")).output)["checks"]
        [token] = [row for row in role if row["name"] == "token"]
        assert (token["state"], token["found"]) == ("problem", "角色 · role chief")

    on_hall(scenario)
