"""Hands a release out to nodes, block by block. Pure: what it gives is in memory."""

import binascii
from collections.abc import Iterable

from gateway.releases.release import Release
from protocols.messages.service import BLOCK_BYTES_MAX, Block, BlockWanted, UpdateOffer


class Blocks:
    """The releases that nodes can fetch. An unsigned one is not handed out: no node takes it."""

    def __init__(self, releases: Iterable[Release]) -> None:
        self._releases = {release.number: release for release in releases if release.signature}
        self._files = {
            number: (
                release.manifest_bytes,
                release.signature,
                *(release.contents[path] for path, _, _ in release.manifest.files),
            )
            for number, release in self._releases.items()
        }

    def numbers(self) -> list[int]:
        """What there is, lowest first."""
        return sorted(self._releases)

    def offer(self, number: int) -> UpdateOffer:
        """What to tell a node that shall have this release. Raises KeyError when it is not here."""
        release = self._releases[number]
        return UpdateOffer(
            release=number,
            name=release.manifest.name,
            manifest_bytes=len(release.manifest_bytes),
            signature_bytes=len(release.signature),
        )

    def answer(self, wanted: BlockWanted) -> Block | None:
        """What a node asked for; `data` "" behind the end of a file. None: no such file here."""
        files = self._files.get(wanted.release, ())
        if wanted.file >= len(files):
            return None
        data = files[wanted.file][wanted.at : wanted.at + BLOCK_BYTES_MAX]
        return Block(
            release=wanted.release,
            file=wanted.file,
            at=wanted.at,
            data=binascii.b2a_base64(data, newline=False).decode(),
        )
