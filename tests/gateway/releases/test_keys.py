"""An index of the signing key is used once: over kills, copies, backups and two at a time."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.releases import keys
from gateway.releases.keys import KeyFolderError, KeyMustNotSignError, make_key, sign, take_index
from gateway.releases.signing import SigningKey
from protocols.lms import LEAVES, verify

# Every call by which taking an index touches the disk.
CALLS = ("open", "write", "fsync", "rename", "close")


@pytest.fixture(scope="module", autouse=True)
def _each_tree_once() -> Iterator[None]:
    """A tree takes a second; these tests have few keys."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keys, "SigningKey", functools.cache(keys.SigningKey))
        yield


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key folder; a test works on one of its own."""
    folder = tmp_path_factory.mktemp("made") / "key"
    make_key(folder)
    return folder


@pytest.fixture
def key(made: Path, tmp_path: Path) -> Path:
    """A fresh key folder that has signed nothing and is no copy."""
    folder = tmp_path / "key"
    shutil.copytree(made, folder)
    birth = (folder / keys.PRIVATE).stat().st_ctime_ns
    (folder / keys.NEXT).write_text(json.dumps({"next": 0, "of": birth}))
    return folder


def test_a_new_key_signs_and_its_public_key_verifies(tmp_path: Path) -> None:
    public_key = make_key(tmp_path / "key")
    signature, index = sign(tmp_path / "key", b"message")
    assert index == 0
    assert verify(hashlib.sha256, public_key, signature, [b"message"])
    assert keys.read_public_key(tmp_path / "key") == public_key
    assert (tmp_path / "key" / keys.PRIVATE).stat().st_mode & 0o777 == 0o600
    assert sign(tmp_path / "key", b"message")[1] == 1


def test_a_key_is_never_written_over(key: Path) -> None:
    with pytest.raises(KeyFolderError, match="is there already"):
        make_key(key)


def test_the_index_is_on_the_disk_before_anything_is_signed(
    key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []

    def noted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def do(*args: Any, **options: Any) -> Any:
            steps.append(name)
            return call(*args, **options)

        return do

    for name in ("fsync", "rename"):
        monkeypatch.setattr(os, name, noted(name, getattr(os, name)))
    monkeypatch.setattr(SigningKey, "sign", lambda *_: steps.append("sign"))
    sign(key, b"message")
    # The new count, its place, the folder that names it; only then a signature.
    assert steps == ["fsync", "rename", "fsync", "sign"]


@pytest.mark.slow
def test_a_kill_at_any_step_uses_no_index_twice(key: Path) -> None:
    """A process of its own each time, killed at its n-th call; what it got out counts."""
    program = """
import os, signal, sys
from gateway.releases.keys import take_index
at, folder = int(sys.argv[1]), sys.argv[2]
count = 0
def counted(call):
    def do(*args, **options):
        global count
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args, **options)
        count += 1
        if count == at:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return do
from pathlib import Path
folder = Path(folder)
for name in sys.argv[3:]:
    setattr(os, name, counted(getattr(os, name)))
print(take_index(folder), flush=True)
"""
    given: list[int] = []
    kills = 0
    for at in range(1, 60):
        run = subprocess.run(
            [sys.executable, "-c", program, str(at), str(key), *CALLS],
            capture_output=True,
            timeout=60,
        )
        given += [int(word) for word in run.stdout.split()]
        kills += run.returncode == -signal.SIGKILL
        if run.returncode == 0:
            break
        assert run.returncode == -signal.SIGKILL, run.stderr.decode()
    assert kills >= 16
    given.append(take_index(key))
    assert len(given) == len(set(given)), given


@pytest.mark.slow
def test_two_at_once_never_get_the_same_index(key: Path) -> None:
    program = """
import sys
from pathlib import Path
from gateway.releases.keys import take_index
for _ in range(40):
    print(take_index(Path(sys.argv[1])))
"""
    runs = [
        subprocess.Popen([sys.executable, "-c", program, str(key)], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    given = [int(word) for run in runs for word in run.communicate(timeout=60)[0].split()]
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert sorted(given) == list(range(120))


def test_a_copy_of_the_key_does_not_sign(key: Path, tmp_path: Path) -> None:
    take_index(key)
    copy = tmp_path / "copy"
    shutil.copytree(key, copy)  # with its times, as `cp -a` or a backup would
    with pytest.raises(KeyMustNotSignError, match="copied here or restored from a backup"):
        take_index(copy)
    assert take_index(copy, from_index=7) == 7
    assert take_index(copy) == 8, "it knows from now on"
    assert take_index(key) == 1, "the original goes on"


def test_a_backup_put_back_over_the_key_does_not_sign(key: Path, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    shutil.copytree(key, backup)
    assert [take_index(key) for _ in range(3)] == [0, 1, 2]
    shutil.rmtree(key)
    shutil.copytree(backup, key)
    with pytest.raises(KeyMustNotSignError, match="--from-index"):
        take_index(key)


def test_an_old_count_is_found_out_by_a_signature_that_is_there(key: Path) -> None:
    """The whole machine was put back, times and all: the releases beside it know better."""
    with pytest.raises(KeyMustNotSignError, match="counts from 0, but there is a signature with"):
        take_index(key, seen=4)
    with pytest.raises(KeyMustNotSignError, match="Say --from-index 5"):
        take_index(key, seen=4, from_index=4)
    assert take_index(key, seen=4, from_index=5) == 5


def test_no_index_below_the_count_can_be_asked_for(key: Path) -> None:
    assert take_index(key, from_index=3) == 3
    with pytest.raises(KeyMustNotSignError, match="up to 3 all are used"):
        take_index(key, from_index=2)


def test_a_count_that_is_gone_or_torn_is_no_zero(key: Path) -> None:
    for text in (None, "", '{"next": 1', "[]"):
        (key / keys.NEXT).unlink(missing_ok=True)
        if text is not None:
            (key / keys.NEXT).write_text(text)
        with pytest.raises(KeyMustNotSignError):
            take_index(key)


def test_a_key_is_used_up_after_its_last_signature(key: Path) -> None:
    assert take_index(key, from_index=LEAVES - 1) == LEAVES - 1
    with pytest.raises(KeyMustNotSignError, match="all 1024 signatures are used up"):
        take_index(key)


def test_a_disk_that_does_not_take_the_count_signs_nothing(
    key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(KeyFolderError, match=r"release\.next: cannot be written: No space left"):
        sign(key, b"message")


def test_what_is_no_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFolderError, match="cannot be read"):
        sign(tmp_path / "none", b"")
    (tmp_path / keys.PRIVATE).write_text("{}")
    with pytest.raises(KeyFolderError, match="is no key"):
        sign(tmp_path, b"")
    (tmp_path / "short.pub").write_bytes(b"x")
    with pytest.raises(KeyFolderError, match="is no public key: one has 56 bytes"):
        keys.read_public_key(tmp_path / "short.pub")
