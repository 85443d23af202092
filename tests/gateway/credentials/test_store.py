"""The authority on disk: a cut anywhere leaves at most one certificate that counts."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from gateway.credentials import store as module
from gateway.credentials.authority import HostError
from gateway.credentials.store import CredentialError, CredentialStore, open_store, read_registry
from gateway.durable import replace_file

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def opened(data: Path):
    return open_store(data, "langfang", NOW)


def listed(store: CredentialStore) -> set[int]:
    """The serials on the list of the revoked."""
    found = x509.load_pem_x509_crl(store.crl_file.read_bytes())
    return {entry.serial_number for entry in found}


def test_files_are_closed_to_others_and_stay_over_a_second_opening(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        store.issue("w03-pad", "node", NOW)
        before = store.ca_file.read_bytes()
    files = [path for path in (tmp_path / "credentials").rglob("*") if path.is_file()]
    assert len(files) == 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    with opened(tmp_path) as store:
        assert store.ca_file.read_bytes() == before
        assert store.active("w03-pad") is not None


def test_a_second_certificate_ends_the_first_and_its_key(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        first = store.issue("w03-pad", "node", NOW)
        second = store.issue("w03-pad", "node", NOW)
        assert store.active("w03-pad") == second
        assert listed(store) == {first.entry.serial}
        assert not first.key_file.exists()
        assert second.key_file.exists()


def test_revoking_ends_all_an_identity_has(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        made = store.issue("w03-pad", "node", NOW)
        assert store.revoke("w03-pad")
        assert not store.revoke("w03-pad")
        assert store.active("w03-pad") is None
        assert listed(store) == {made.entry.serial}


def test_a_certificate_for_a_moment_never_counts_and_is_listed_after_it(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        mine = store.issue("w03-pad", "node", NOW)
        with store.for_a_moment("w03-pad", NOW) as other:
            assert store.active("w03-pad") == mine
            assert other.key_file.exists()
            assert other.entry.serial not in listed(store), "else it could not come in"
        assert listed(store) == {other.entry.serial}
        assert not other.key_file.exists()
        assert store.active("w03-pad") == mine


def test_a_second_command_waits_for_the_first(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(CredentialError, match="another hallkit command"):
        opened(tmp_path).__enter__()


@pytest.mark.parametrize("name", ["ca.key", "registry.json"])
def test_a_lost_file_is_named_and_nothing_is_made_anew(tmp_path: Path, name: str) -> None:
    with opened(tmp_path):
        pass
    (tmp_path / "credentials" / name).unlink()
    with pytest.raises(CredentialError, match=f"{name} is lost"), opened(tmp_path):
        pass


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    (tmp_path / "credentials" / "ca.key").chmod(0o644)
    with pytest.raises(CredentialError, match="chmod 600"), opened(tmp_path):
        pass


def test_the_folder_of_another_hall_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path):
        pass
    with (
        pytest.raises(CredentialError, match="belongs to hall 'langfang'"),
        open_store(tmp_path, "other", NOW),
    ):
        pass


def test_a_host_outside_the_hall_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        before = store.registry
        with pytest.raises(HostError, match=r"ends in \.langfang"):
            store.issue("gateway.langfang", "broker", NOW, ["gateway.example.com"])
        assert store.registry is before


class CutError(BaseException):
    """The power is gone."""


class Power:
    """Lets so many writes and deletions through, then cuts; remembers every signature."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left = -1
        self.signed: dict[int, str] = {}
        real_sign: Callable[..., Any] = module.sign
        real_unlink = Path.unlink

        def cut() -> None:
            if self.left == 0:
                raise CutError
            self.left -= 1

        def write(path: Path, data: bytes) -> None:
            cut()
            replace_file(path, data)

        def unlink(path: Path, missing_ok: bool = False) -> None:
            if "issued" in path.parts and path.suffix != ".part":
                cut()
            real_unlink(path, missing_ok)

        def sign(
            authority: Any, public_key: Any, identity: str, role: Any, serial: int, *more: Any
        ):
            self.signed[serial] = identity
            return real_sign(authority, public_key, identity, role, serial, *more)

        monkeypatch.setattr(module, "replace_file", write)
        monkeypatch.setattr(Path, "unlink", unlink)
        monkeypatch.setattr(module, "sign", sign)


def test_a_cut_at_any_write_leaves_one_that_counts_and_lists_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Provision and replace a pad, cut at the n-th write, for every n; then open again."""
    power = Power(monkeypatch)
    for cuts in range(40):
        data = tmp_path / str(cuts)
        power.signed.clear()
        power.left = cuts
        try:
            with opened(data) as store:
                store.issue("w03-pad", "node", NOW)
                store.issue("w03-pad", "node", NOW)
                with store.for_a_moment("w03-pad", NOW):
                    pass
            survived = True
        except CutError:
            survived = False
        power.left = -1
        with opened(data) as store:
            active = store.active("w03-pad")
            counting = set() if active is None else {active.entry.serial}
            assert listed(store) >= set(power.signed) - counting, f"cut {cuts}: one is not listed"
            assert not listed(store) & counting
            if active is not None:
                assert active.certificate_file.exists(), f"cut {cuts}: counts without its files"
                assert active.key_file.exists()
            left = {path.stem for path in (data / "credentials" / "issued").glob("*")}
            assert left == {f"{serial:x}" for serial in counting}, f"cut {cuts}"
            # And it goes on from there.
            again = store.issue("w03-pad", "node", NOW)
            assert listed(store) == set(power.signed) - {again.entry.serial}
        assert read_registry(data).active("w03-pad").serial == again.entry.serial
        if survived:
            assert cuts > 10
            return
    raise AssertionError("the sweep never came to its end")
