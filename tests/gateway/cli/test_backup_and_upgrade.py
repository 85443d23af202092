"""Backup, restore, upgrade and rollback in the middle of a day, with real processes."""

import hashlib
import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.journal.backup import back_up, copies_in
from gateway.web.tokens import TokenStore

pytestmark = pytest.mark.slow

HALLKIT = (sys.executable, "-m", "gateway.cli.main")
LATER = (sys.executable, str(Path(__file__).with_name("later_hallkit.py")))
DEADLINE_S = 30.0


class Site:
    """A hall's folder and medium; `start` runs a gateway on it, of this version or a later one."""

    def __init__(self, folder: Path, hall_file: Path) -> None:
        self.data, self.medium = folder / "data", folder / "the medium"
        self.medium.mkdir()
        self.journal = self.data / "journal.sqlite"
        self._hall_file = hall_file
        self.running: subprocess.Popen[str] | None = None
        self.address = ""

    def start(self, hallkit: tuple[str, ...] = HALLKIT, *more: str) -> dict[str, Any]:
        """What it says first; it is running when that is `ok`."""
        self.running = subprocess.Popen(
            [
                *(*hallkit, "gateway", "--json", "--hall", str(self._hall_file)),
                *("--data", str(self.data), "--broker", "127.0.0.1:1", "--http", "127.0.0.1:0"),
                *more,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.running.stdout is not None
        said: dict[str, Any] = json.loads(self.running.stdout.readline())
        self.address = said.get("address", "")
        return said

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.running is not None
        if self.running.poll() is None:
            self.running.send_signal(number)
        code = self.running.wait(DEADLINE_S)
        assert self.running.stdout is not None
        self.running.stdout.close()
        self.running = None
        return code

    def refused(self, *hallkit: str) -> tuple[int, str]:
        said = self.start(hallkit or HALLKIT)
        assert not said["ok"]
        return self.end(0), said["error"]

    def issue(self, key: str) -> tuple[str, bool]:
        """The number for this key, and whether it had been given before."""
        token = TokenStore(self.data).first_texts()["kiosk-1"]
        answer = httpx.post(
            f"{self.address}/api/v1/tickets",
            json={"service": "filing"},
            headers={"Idempotency-Key": key, "Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=DEADLINE_S,
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["number"], "idempotent-replay" in answer.headers

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """A command as an operator types it."""
        words = shlex.split(command)
        assert words[0] == "hallkit"
        return subprocess.run([*HALLKIT, *words[1:]], capture_output=True, text=True)

    def flip(self, text: bytes) -> None:
        content = bytearray(self.journal.read_bytes())
        content[content.index(text)] ^= 1
        self.journal.write_bytes(content)

    def contents(self) -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in self.data.iterdir()
            if not path.name.endswith((".lock", "-shm"))
        }


@pytest.fixture
def site(tmp_path: Path, hall_file: Path) -> Iterator[Site]:
    site = Site(tmp_path, hall_file)
    yield site
    if site.running is not None:
        site.end(signal.SIGKILL)


def until(holds: Any, what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def test_the_command_of_the_refusal_brings_everything_back(site: Site) -> None:
    site.start(HALLKIT, "--backup", str(site.medium), "--backup-same-disk")
    issued = {f"k{n}": site.issue(f"k{n}")[0] for n in range(5)}
    until(lambda: copies_in(site.medium), "the first copy is made soon after the start")
    issued |= {f"k{n}": site.issue(f"k{n}")[0] for n in range(5, 10)}
    running = site.run(f"hallkit restore --from '{site.medium}' --data {site.data}")
    assert running.returncode == 5
    assert "one gateway per hall" in running.stderr
    site.end(signal.SIGKILL)
    # Started and stopped once, so that all of it is in the file and a snapshot is there...
    site.start()
    site.end()
    site.flip(b'"number":"A003"')
    damaged = site.journal.read_bytes()
    verify = site.run(f"hallkit journal verify {site.journal}")
    assert verify.returncode == 6
    command = verify.stdout.partition("`")[2].partition("`")[0]
    assert command == f"hallkit restore --from '{site.medium}' --data {site.data}"
    restored = site.run(command)
    assert restored.returncode == 0, restored.stderr
    assert "brought over" in restored.stdout
    assert any(path.read_bytes() == damaged for path in site.data.glob("*.damaged-*"))
    assert site.start()["ok"]
    assert {key: site.issue(key) for key in issued} == {k: (n, True) for k, n in issued.items()}
    assert site.issue("new") == ("A011", False)


def test_a_torn_middle_stops_the_start_with_code_6_and_that_command(site: Site) -> None:
    site.start()
    for number in range(3):
        site.issue(f"k{number}")
    back_up(site.journal, site.medium, same_disk=True)
    site.end(signal.SIGKILL)
    log = site.journal.with_name("journal.sqlite-wal")
    content = bytearray(log.read_bytes())
    content[content.index(b'"number":"A001"')] ^= 1
    log.write_bytes(content)
    code, error = site.refused()
    assert code == 6
    command = f"hallkit restore --from '{site.medium}' --data {site.data}"
    assert f"`{command}`" in error
    assert "Traceback" not in error
    assert site.run(command).returncode == 0
    assert site.start()["ok"]
    assert site.issue("k2") == ("A003", True)


def test_an_upgrade_in_the_middle_of_a_day_loses_nothing_and_the_way_back_is_refused_untouched(
    site: Site,
) -> None:
    site.start()
    issued = {f"k{n}": site.issue(f"k{n}")[0] for n in range(5)}
    site.end(signal.SIGKILL)
    assert site.start(LATER)["ok"]
    (copy,) = site.data.glob("*.before-schema-*")
    assert site.run(f"hallkit journal verify {copy}").returncode == 0
    issued |= {f"k{n}": site.issue(f"k{n}")[0] for n in range(5, 8)}
    for ending in (signal.SIGKILL, signal.SIGTERM):
        site.end(ending)
        before = site.contents()
        code, error = site.refused()
        assert code == 3
        assert "hallkit 9.0.0" in error
        assert "Nothing was changed" in error
        assert site.contents() == before
        assert site.start(LATER)["ok"]
    assert {key: site.issue(key) for key in issued} == {k: (n, True) for k, n in issued.items()}
    assert site.issue("new") == ("A009", False)


def test_a_gateway_with_a_missing_medium_says_so_and_goes_on(site: Site) -> None:
    site.medium.rmdir()
    site.start(HALLKIT, "--backup", str(site.medium), "--backup-same-disk")

    def reasons() -> str:
        ready = httpx.get(f"{site.address}/readyz", trust_env=False)
        assert ready.status_code == 503
        return " ".join(ready.json()["reasons"])

    until(lambda: "backup: " in reasons(), "the missing medium is not told")
    assert "is the second medium mounted?" in reasons()
    assert site.issue("k1") == ("A001", False)
    token = TokenStore(site.data).first_texts()["technician-1"]
    metrics = httpx.get(
        f"{site.address}/metrics", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    ).text
    assert 'hallkit_backups_total{end="failed"} 1.0' in metrics
    assert site.end() == 0
