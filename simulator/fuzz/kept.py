"""More of what is fuzzed: what was kept or fetched, and comes back as bytes nobody vouches for.

As in `targets`: each takes any bytes and raises only when something is wrong with us.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator

from firmware.logic.jobs import Jobs
from firmware.shell import manifest
from firmware.shell.boot_state import BootState, decode_boot_state
from gateway.audit import parse_line
from gateway.credentials.registry import Registry, RegistryError, from_json, to_json
from gateway.privacy.sealed import (
    KEY_BYTES,
    KINDS,
    PersonalDataError,
    normalised,
    read_sealed,
    seal,
    unseal,
)
from gateway.releases.release import ReleaseError, make_manifest, parse_manifest
from protocols import lms
from protocols.topics import parse

_RELEASE = make_manifest(13, "0.2.0", 6, {"firmware/a.mpy": b"a", "protocols/b.mpy": b"bb"})


class _OneFile:
    """A slot that holds one file."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def size(self, _: str) -> int:
        return len(self._data)

    def line(self, _: str, at: int) -> bytes:
        end = self._data.find(b"\n", at)
        return self._data[at:] if end < 0 else self._data[at : end + 1]

    def pieces(self, _: str) -> Iterator[bytes]:
        yield self._data


def check_manifest(data: bytes) -> None:
    """What the gateway takes the node reads alike; the node ends with any other."""
    try:
        ours = parse_manifest(data, "manifest.json")
    except ReleaseError:
        ours = None
    files = _OneFile(data)
    rows: list[tuple[str, int, str]] = []
    try:
        release, name, mpy, at = manifest.read_head(files, "")
        while (row := manifest.read_row(files, "", at)) is not None:
            assert row[3] > at, "a row without end"
            rows.append(row[:3])
            at = row[3]
    except manifest.ManifestError:
        return  # the node is the stricter one: paths, sizes, hashes
    if ours is not None:
        theirs = (release, name, mpy, tuple(rows))
        assert (ours.release, ours.name, ours.mpy, ours.files) == theirs
    assert manifest.is_listed(files, "", "no/such") in (True, False)


def check_boot_state(data: bytes) -> None:
    """Nothing, or a state that is the same when written and read again."""
    state = decode_boot_state(data)
    if state is not None:
        again = decode_boot_state(state.encode())
        assert again is not None
        assert again.encode() == state.encode()
        assert state.slot_to_boot() in ("a", "b")


def check_jobs(data: bytes) -> None:
    """Job ids kept over a restart, or refused."""
    try:
        Jobs(4).restore(data, [])
    except UnicodeError:
        return
    except ValueError as error:
        if "erase" not in str(error):
            raise


def check_topic(data: bytes) -> None:
    """A topic of ours is exactly the one that would be written for its parts."""
    topic = data.decode("utf-8", "replace")
    found = parse(topic)
    if found is not None:
        hall, node, channel = found
        assert topic == f"hk1/{hall}/{node}/{channel.name}"


def check_audit_line(data: bytes) -> None:
    """Only a line that carries its own hash is one."""
    body = parse_line(data)
    assert body is None or data.endswith(b"\n")


def check_certificate_book(data: bytes) -> None:
    """A book, or what is wrong with it; what was read can be written and read again."""
    try:
        registry = from_json(data)
    except RegistryError:
        return
    assert from_json(to_json(registry)) == registry


def check_signature(data: bytes) -> None:
    """No bytes are a signature of a key nobody has; no key is one that says nothing."""
    key = lms.TREE_TYPE + lms.CHAIN_TYPE + bytes(lms.KEY_ID_BYTES + lms.HASH_BYTES)
    assert not lms.verify(hashlib.sha256, key, data, [b"message"])
    assert not lms.verify(hashlib.sha256, data[: lms.PUBLIC_KEY_BYTES], data, [b"message"])


def check_sealed(data: bytes) -> None:
    """What is no sealed text opens nothing; what is one is written the same again."""
    text = data.decode("utf-8", "replace")
    found = read_sealed(text)
    if found is not None:
        assert read_sealed(str(found)) == found
        assert unseal(found, bytes(KEY_BYTES)) is None, "opened by a key nobody has"


def check_personal(data: bytes) -> None:
    """A number of a card or a phone, written in one way, or refused without being repeated."""
    text = data.decode("utf-8", "replace")
    for kind in KINDS:
        try:
            value = normalised(kind, text)
        except PersonalDataError as error:
            told = str(error)
            assert len(text) < 7 or text not in told
            continue
        assert normalised(kind, value) == value


def manifest_seeds() -> Iterable[bytes]:
    """Good ones, as for the others below."""
    yield _RELEASE.encode()


def boot_state_seeds() -> Iterable[bytes]:
    """See above."""
    yield BootState("a", 0, 0, 12, 0).encode()
    yield b"b 14 3 12 13 later"


def job_seeds() -> Iterable[bytes]:
    """See above."""
    yield b"\x00\x03p-1\x01\x03p-2"


def topic_seeds() -> Iterable[bytes]:
    """See above."""
    yield b"hk1/lf/w03-pad/up/ev"


def audit_seeds() -> Iterable[bytes]:
    """See above."""
    body = {"at": "", "actor": "a", "action": "pruned", "target": "", "result": ""}
    yield json.dumps(body | {"after": "0", "hash": "0"}).encode() + b"\n"


def book_seeds() -> Iterable[bytes]:
    """See above."""
    book = Registry("lf").reserve(7, "w03-pad", "node", 1).activate(7)
    yield to_json(book.reserve(9, "gw", "gateway", 2))


def signature_seeds() -> Iterable[bytes]:
    """See above."""
    index = bytes(4)
    head = index + lms.CHAIN_TYPE + bytes(lms.HASH_BYTES * (1 + lms.CHAINS))
    yield head + lms.TREE_TYPE + bytes(lms.HASH_BYTES * lms.TREE_HEIGHT)


def sealed_seeds() -> Iterable[bytes]:
    """See above."""
    for kind in KINDS:
        yield str(seal("p" + "0" * 32, kind, bytes([1] * KEY_BYTES), {"phone": "1"})).encode()


def personal_seeds() -> Iterable[bytes]:
    """See above; made up."""
    yield b"11010519491231002X"
    yield b"+86 138-0013-8000"
    yield b"CHN110105000001"
