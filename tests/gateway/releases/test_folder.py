"""The folder of releases as a running gateway offers it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.core.releases import ReleaseInfo
from gateway.releases import folder as folder_module
from gateway.releases.build import write_release
from gateway.releases.folder import RELEASES_MAX, ReleaseFolder
from gateway.releases.release import SIGNATURE, Release
from protocols.messages.service import BlockWanted

Make = Callable[..., Release]


def put(releases: Path, release: Release) -> Path:
    """Built, then signed."""
    folder = write_release(releases, release)
    (folder / SIGNATURE).write_bytes(release.signature)
    return folder


def numbers(folder: ReleaseFolder) -> list[int]:
    return [info.release for info in folder.newest_first()]


def test_an_empty_or_missing_folder_offers_nothing(tmp_path: Path) -> None:
    assert numbers(ReleaseFolder(tmp_path / "releases")) == []
    assert numbers(ReleaseFolder(tmp_path)) == []
    with pytest.raises(KeyError):
        ReleaseFolder(tmp_path).offer(13)


def test_a_release_that_was_just_built_is_offered_without_a_restart(
    tmp_path: Path, signed_release: Make
) -> None:
    folder = ReleaseFolder(tmp_path)
    release = signed_release(12)
    put(tmp_path, release)
    put(tmp_path, signed_release(13))
    assert numbers(folder) == [13, 12]
    total = sum(len(data) for data in release.contents.values())
    assert folder.newest_first()[1] == ReleaseInfo(12, "0.0.12", 6, total)
    assert folder.offer(12).manifest_bytes == len(release.manifest_bytes)
    block = folder.answer(BlockWanted(release=12, file=0, at=0))
    assert block is not None
    assert block.data
    shutil.rmtree(tmp_path / "13")
    assert numbers(folder) == [12]


def test_one_that_is_damaged_or_unsigned_is_left_out_and_the_others_are_not(
    tmp_path: Path, signed_release: Make
) -> None:
    folders = [put(tmp_path, signed_release(number)) for number in (10, 11)]
    write_release(tmp_path, signed_release(12))  # and not signed
    damaged = next((folders[0] / "files").rglob("*.mpy"))
    damaged.write_bytes(b"worn")
    with capture_logs() as told:
        folder = ReleaseFolder(tmp_path)
        assert [numbers(folder), numbers(folder)] == [[11], [11]]
    assert [(line["event"], line["release"]) for line in told] == [
        ("release_left_out", 10),
        ("release_left_out", 12),
    ], "told once"
    assert "hallkit release sign" in told[1]["reason"]


def test_only_what_changed_is_read_again(
    tmp_path: Path, signed_release: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, signed_release(10))
    folder = ReleaseFolder(tmp_path)
    read: list[str] = []
    load = folder_module.load_release

    def listen(path: Path) -> Release:
        read.append(path.name)
        return load(path)

    monkeypatch.setattr(folder_module, "load_release", listen)
    assert numbers(folder) == [10]
    put(tmp_path, signed_release(11))
    assert numbers(folder) == [11, 10]
    assert read == ["11"]


def test_the_newest_few_are_offered(tmp_path: Path, signed_release: Make) -> None:
    for number in range(1, RELEASES_MAX + 3):
        put(tmp_path, signed_release(number))
    found = numbers(ReleaseFolder(tmp_path))
    assert found == list(range(RELEASES_MAX + 2, 2, -1))
