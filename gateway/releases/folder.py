"""The releases in the gateway's data folder, as it hands them out: `<data>/releases/<number>/`.

Rules: whatever is asked for between presses is in memory. The folder is looked at when somebody
asks what there is, so a release that was just built needs no restart; only what changed is read
again. One that is damaged or not signed is left out, told once in the log, and keeps the others
from nobody. The newest RELEASES_MAX are offered.
"""

from collections.abc import Sequence
from pathlib import Path

import structlog

from gateway.core.releases import ReleaseInfo
from gateway.releases.blocks import Blocks
from gateway.releases.release import (
    MANIFEST,
    SIGNATURE,
    Release,
    ReleaseError,
    load_release,
    release_numbers,
)
from protocols.messages.service import Block, BlockWanted, UpdateOffer

RELEASES_MAX = 16
Stamp = tuple[int, ...]  # when manifest and signature were written

_log = structlog.get_logger("hallkit.releases")


class ReleaseFolder:
    """What a running gateway offers; an empty or missing folder offers nothing."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[int, tuple[Stamp, Release | None]] = {}
        self._blocks = Blocks(())
        self._infos: tuple[ReleaseInfo, ...] = ()
        self._look()

    def newest_first(self) -> Sequence[ReleaseInfo]:
        """What there is now."""
        self._look()
        return self._infos

    def offer(self, release: int) -> UpdateOffer:
        """What to tell a node that shall have this release. Raises KeyError when it is not here."""
        return self._blocks.offer(release)

    def answer(self, wanted: BlockWanted) -> Block | None:
        """What a node asked for, from memory; None when there is no such file."""
        return self._blocks.answer(wanted)

    def _look(self) -> None:
        numbers = release_numbers(self._folder)[-RELEASES_MAX:]
        stamps = {number: self._stamp(number) for number in numbers}
        before = self._known
        if stamps == {number: stamp for number, (stamp, _) in before.items()}:
            return
        self._known = {
            number: before[number]
            if number in before and before[number][0] == stamp
            else (stamp, self._load(number))
            for number, stamp in stamps.items()
        }
        found = [release for _, release in self._known.values() if release is not None]
        self._blocks = Blocks(found)
        infos = {release.number: _info(release) for release in found}
        self._infos = tuple(infos[number] for number in reversed(self._blocks.numbers()))

    def _stamp(self, number: int) -> Stamp:
        paths = [self._folder / str(number) / name for name in (MANIFEST, SIGNATURE)]
        return tuple(path.stat().st_mtime_ns for path in paths if path.exists())

    def _load(self, number: int) -> Release | None:
        try:
            release = load_release(self._folder / str(number))
        except ReleaseError as error:
            _log.warning("release_left_out", release=number, reason=str(error))
            return None
        if not release.signature:
            reason = (
                f"release {number} is not signed: hallkit release sign {self._folder / str(number)}"
            )
            _log.warning("release_left_out", release=number, reason=reason)
        return release


def _info(release: Release) -> ReleaseInfo:
    manifest = release.manifest
    total_bytes = sum(size for _, size, _ in manifest.files)
    return ReleaseInfo(release.number, manifest.name, manifest.mpy, total_bytes)
