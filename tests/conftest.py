"""One real browser for all pages; and a hall with certificates, a real Mosquitto over TLS."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from gateway.credentials.broker import conf_file, ensure_credentials, reload_mosquitto, write_files
from gateway.credentials.site import Site, save_site
from gateway.credentials.store import CredentialStore, open_store

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# A busy machine is no fault of ours: time is measured in `make bench` only.
settings.register_profile("hallkit", deadline=None)
settings.load_profile("hallkit")

DEADLINE_S = 20.0
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class SecureHall:
    """A data folder with an authority, and the Mosquitto that runs with it."""

    def __init__(self, data: Path, hall: str) -> None:
        self.data, self.hall = data, hall
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.site = Site("127.0.0.1", self.port, "127.0.0.1", getpass.getuser())
        self._process: subprocess.Popen[bytes] | None = None
        save_site(data, self.site)
        self.change(lambda store: None)

    def store(self) -> AbstractContextManager[CredentialStore]:
        """Opened, to be closed again."""
        return open_store(self.data, self.hall, NOW)

    def change(self, step: Callable[[CredentialStore], object]) -> None:
        """Do something with the store and tell Mosquitto."""
        with self.store() as store:
            ensure_credentials(store, self.site, NOW)
            step(store)
            write_files(store, self.data, self.site)
        reload_mosquitto(self.data)

    def issue(self, node: str) -> tuple[Path, Path]:
        """A new certificate for a node: copies of its files, which stay when it is revoked."""
        copies: list[Path] = []

        def step(store: CredentialStore) -> None:
            made = store.issue(node, "node", NOW)
            for path in (made.certificate_file, made.key_file):
                copies.append(self.data / f"{node}-{path.name}")
                shutil.copy(path, copies[-1])

        self.change(step)
        return copies[0], copies[1]

    def start(self) -> SecureHall:
        """Run Mosquitto until it listens."""
        program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        assert program, "mosquitto is missing; `make test` installs it"
        with (self.data / "mosquitto.log").open("ab") as log:
            self._process = subprocess.Popen([program, "-c", conf_file(self.data)], stderr=log)
        for _ in range(int(DEADLINE_S / 0.02)):
            assert self._process.poll() is None, (self.data / "mosquitto.log").read_text()
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            threading.Event().wait(0.02)
        raise AssertionError("mosquitto does not listen")

    def stop(self) -> None:
        """End Mosquitto."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(DEADLINE_S)
            self._process = None


@pytest.fixture(autouse=True, scope="session")
def always_the_same_priority() -> Iterator[None]:
    """`journal backup` lowers its own; run in this process, it would slow down all later tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "nice", lambda by: 0)
        yield


@pytest.fixture
def secure_hall(tmp_path: Path) -> Iterator[Callable[[str], SecureHall]]:
    """secure_hall(hall) makes one in a folder of its own; its Mosquitto is ended with the test."""
    made: list[SecureHall] = []

    def make(hall: str = "langfang") -> SecureHall:
        made.append(SecureHall(tmp_path / f"data-{len(made)}", hall))
        return made[-1]

    yield make
    for each in made:
        each.stop()


CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser a module, no longer: its event loop would be in the way of other tests here."""
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing; run: sudo apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=DEADLINE_S * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
