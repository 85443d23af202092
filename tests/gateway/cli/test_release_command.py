"""`hallkit release`, as a technician uses it."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.cli import release as command
from gateway.cli.main import app
from gateway.releases import keys
from gateway.releases.build import make_release
from gateway.releases.release import FILES, Release


def small(number: int) -> Release:
    return make_release(number, {"firmware/__init__.mpy": b"M\x06" + b"x" * 600}, "0.9.0")


@pytest.fixture(scope="module", autouse=True)
def _each_tree_once() -> Iterator[None]:
    """A tree takes a second; these tests have few keys."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "SigningKey", functools.cache(keys.SigningKey))
        yield


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "key"
    assert CliRunner().invoke(app, ["release", "keygen", str(folder)]).exit_code == 0
    return folder


class Desk:
    """A terminal in a folder of its own."""

    def __init__(self, folder: Path, key: Path) -> None:
        self.folder, self.key = folder, key
        self.stderr = ""

    def run(self, *arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["release", *arguments])
        self.stderr = done.stderr
        return done.exit_code, done.stdout

    def json(self, *arguments: str) -> tuple[int, Any]:
        code, text = self.run(*arguments, "--json")
        return code, json.loads(text)

    def built(self, number: int) -> str:
        """An unsigned release."""
        releases = str(self.folder / "releases")
        code, found = self.json("build", "--releases", releases, "--number", str(number))
        assert code == 0, found
        return str(found["folder"])


@pytest.fixture
def desk(tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(command, "build_release", small)
    return Desk(tmp_path, key)


def test_a_release_is_built_signed_listed_and_verified(desk: Desk) -> None:
    folder = desk.built(4)
    assert desk.json("verify", folder, "--public", str(desk.key))[0] == 1
    code, text = desk.run("sign", folder, "--key", str(desk.key))
    assert code == 0
    assert "signatures are left" in text
    assert "Write it down beside your backup of the key: the next index is" in text
    code, found = desk.json("verify", folder, "--public", str(desk.key / "release.pub"))
    assert (code, found["ok"], found["release"], found["files"]) == (0, True, 4, 1)
    releases = str(desk.folder / "releases")
    code, found = desk.json("list", "--releases", releases, "--public", str(desk.key))
    assert code == 0
    assert [(row["release"], row["signed_with_key"]) for row in found["releases"]] == [(4, True)]


def test_signing_twice_uses_one_index(desk: Desk) -> None:
    folder = desk.built(4)
    first = desk.json("sign", folder, "--key", str(desk.key))[1]
    again = desk.json("sign", folder, "--key", str(desk.key))[1]
    assert first["index"] is not None
    assert again["index"] is None
    other = desk.json("sign", desk.built(5), "--key", str(desk.key))[1]
    assert other["index"] == first["index"] + 1


def test_a_copy_of_the_key_is_refused_with_a_code_of_its_own(desk: Desk) -> None:
    folder = desk.built(4)
    copy = desk.folder / "copy"
    shutil.copytree(desk.key, copy)
    code, _ = desk.run("sign", folder, "--key", str(copy))
    assert code == 7
    assert "Say --from-index" in desk.stderr
    assert not (Path(folder) / "manifest.sig").exists()
    code, found = desk.json("sign", folder, "--key", str(copy))
    assert (code, found["ok"]) == (7, False)
    assert desk.json("sign", folder, "--key", str(copy), "--from-index", "40")[1]["index"] == 40


def test_a_damaged_release_is_named_and_never_signed(desk: Desk) -> None:
    folder = desk.built(4)
    (Path(folder) / FILES / "firmware" / "__init__.mpy").write_bytes(b"M\x06")
    assert desk.run("sign", folder, "--key", str(desk.key))[0] == 3
    assert "__init__.mpy: is not what the manifest says" in desk.stderr
    code, found = desk.json("list", "--releases", str(desk.folder / "releases"))
    assert (code, found["ok"]) == (1, False)
    assert "is not what the manifest says" in found["releases"][0]["problem"]
    assert desk.run("verify", folder, "--public", str(desk.key))[0] == 1


def test_mistakes_are_one_sentence_and_a_code(desk: Desk) -> None:
    desk.built(4)
    releases = str(desk.folder / "releases")
    assert desk.run("build", "--releases", releases, "--number", "4")[0] == 3
    assert "numbers only rise: take 5" in desk.stderr
    assert desk.run("keygen", str(desk.key))[0] == 3
    assert "a key is never written over" in desk.stderr
    assert desk.run("sign", str(desk.folder / "none"), "--key", str(desk.key))[0] == 3
    assert "manifest.json: cannot be read" in desk.stderr
    code, text = desk.run("list", "--releases", str(desk.folder / "elsewhere"))
    assert (code, text) == (0, "")


def test_the_number_is_one_above_the_highest_unless_it_is_given(desk: Desk) -> None:
    desk.built(4)
    code, found = desk.json("build", "--releases", str(desk.folder / "releases"))
    assert (code, found["release"]) == (0, 5)


def test_a_release_signed_with_another_key_is_not_good(desk: Desk) -> None:
    folder = desk.built(4)
    other = desk.folder / "other"
    assert desk.run("keygen", str(other))[0] == 0
    assert desk.run("sign", folder, "--key", str(other))[0] == 0
    assert desk.run("verify", folder, "--public", str(other))[0] == 0
    assert desk.run("verify", folder, "--public", str(desk.key))[0] == 1
    assert "is not signed with this key" in desk.stderr
