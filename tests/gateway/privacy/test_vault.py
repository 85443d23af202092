"""Personal data sealed, opened, found again, expired and erased. All numbers are made up."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit import FILE_NAME, AuditLog
from gateway.privacy.keys import CREDENTIAL, PrivacyError
from gateway.privacy.retention import forget_what_is_due
from gateway.privacy.sealed import PersonalDataError, read_sealed
from gateway.privacy.vault import DAY_MS, Vault

NOW_MS = 1_795_000_000_000
CARD, OTHER = "11010519491231002X", "440524188001010014"  # the examples of GB 11643
PHONE = "13800138000"
DAYS = {"id_number": 30, "phone": 15}


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(tmp_path, DAYS)  # type: ignore[arg-type]  # a literal of kinds


def test_of_a_card_a_keyed_hash_and_four_characters_are_kept_and_a_phone_whole(
    vault: Vault,
) -> None:
    _, texts = vault.seal({"id_number": CARD, "phone": "138 0013-8000"}, NOW_MS)
    opened = vault.open(texts)
    assert set(opened) == {"id_hmac", "id_last4", "phone"}
    assert (opened["id_last4"], opened["phone"]) == ("002X", PHONE)
    assert len(opened["id_hmac"]) == 64


def test_neither_the_sealed_text_nor_any_file_holds_the_number_or_its_hash(
    vault: Vault, tmp_path: Path
) -> None:
    person, texts = vault.seal({"id_number": CARD, "phone": PHONE}, NOW_MS)
    secret = vault.open(texts)["id_hmac"]
    kept = "".join(texts).encode() + person.encode()
    kept += b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for text in (CARD, CARD[:10], CARD[6:14], PHONE, PHONE[3:], "002X", secret):
        assert text.encode() not in kept, text
    assert bytes.fromhex(secret) not in "".join(texts).encode()


def test_two_halls_make_different_hashes_of_one_number(tmp_path: Path) -> None:
    found = set()
    for name in ("a", "b"):
        vault = Vault(tmp_path / name, DAYS)  # type: ignore[arg-type]  # as above
        found.add(vault.open(vault.seal({"id_number": CARD}, NOW_MS)[1])["id_hmac"])
    assert len(found) == 2


def test_the_same_card_or_phone_is_the_same_person_and_another_is_not(vault: Vault) -> None:
    first, texts = vault.seal({"id_number": CARD, "phone": PHONE}, NOW_MS)
    again, texts_again = vault.seal({"id_number": CARD.lower()}, NOW_MS + DAY_MS)
    by_phone, _ = vault.seal({"phone": PHONE}, NOW_MS)
    other, _ = vault.seal({"id_number": OTHER}, NOW_MS)
    assert first == again == by_phone != other
    assert texts[0] != texts_again[0], "who reads the journal cannot tell what is the same"


def test_a_shared_phone_does_not_make_two_cards_one_person(vault: Vault) -> None:
    first, _ = vault.seal({"id_number": CARD, "phone": PHONE}, NOW_MS)
    second, _ = vault.seal({"id_number": OTHER, "phone": PHONE}, NOW_MS)
    assert first != second
    assert vault.erase("phone", PHONE) == 4, "both of them, with all that is kept"


def test_what_was_erased_opens_for_nobody_and_others_stay(vault: Vault) -> None:
    person, mine = vault.seal({"id_number": CARD, "phone": PHONE}, NOW_MS)
    _, others = vault.seal({"id_number": OTHER}, NOW_MS)
    assert vault.erase("id_number", CARD) == 2
    assert vault.open(mine) == {}
    assert vault.open(others)["id_last4"] == "0014"
    assert vault.erase("phone", PHONE) == 0, "nothing finds him any more"
    assert vault.seal({"id_number": CARD}, NOW_MS)[0] != person
    assert vault.open(mine) == {}, "a new key does not open what the old one closed"


def test_a_deleted_key_is_overwritten_in_its_file(vault: Vault, tmp_path: Path) -> None:
    vault.seal({"id_number": OTHER}, NOW_MS)
    person, _ = vault.seal({"id_number": CARD}, NOW_MS)
    path = tmp_path / "privacy" / "keys.sqlite"
    assert person.encode() in path.read_bytes()
    vault.erase("id_number", CARD)
    assert person.encode() not in path.read_bytes()
    assert {file.name for file in path.parent.iterdir()} == {"keys.sqlite", "master.key"}


def test_each_kind_is_forgotten_on_its_day_counted_from_its_last_use(vault: Vault) -> None:
    _, texts = vault.seal({"id_number": CARD, "phone": PHONE}, NOW_MS)
    vault.keys.expire(NOW_MS + 15 * DAY_MS - 1)
    assert "phone" in vault.open(texts)
    assert vault.keys.expire(NOW_MS + 15 * DAY_MS) == {"id_number": 0, "phone": 1}
    assert set(vault.open(texts)) == {"id_hmac", "id_last4"}
    vault.seal({"id_number": CARD}, NOW_MS + 20 * DAY_MS)
    vault.keys.expire(NOW_MS + 31 * DAY_MS)
    assert vault.open(texts), "used again on the twentieth day"
    vault.keys.expire(NOW_MS + 50 * DAY_MS)
    assert vault.open(texts) == {}
    assert vault.keys.counts() == {"id_number": (0, None), "phone": (0, None)}


def test_retention_is_noted_without_a_number_and_prunes_the_audit_log(
    vault: Vault, tmp_path: Path
) -> None:
    audit = AuditLog(tmp_path)
    vault.seal({"id_number": CARD, "phone": PHONE}, NOW_MS)
    forget_what_is_due(vault, audit, NOW_MS)
    assert list(audit.read()) == []
    forget_what_is_due(vault, audit, NOW_MS + 40 * DAY_MS)
    [act] = audit.read()
    assert (act.action, act.target) == ("personal data expired", "1 id_number, 1 phone")
    forget_what_is_due(vault, audit, NOW_MS + 4000 * DAY_MS)
    assert list(audit.read()) == [], "and after half a year that goes, too"
    assert "pruned" in (tmp_path / FILE_NAME).read_text()


def test_retention_that_cannot_be_done_is_told_and_stops_nothing(
    vault: Vault, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    vault.seal({"id_number": CARD}, NOW_MS)
    (tmp_path / "privacy" / "master.key").unlink()
    forget_what_is_due(vault, AuditLog(tmp_path), NOW_MS)
    told = capsys.readouterr()
    # Another test in the same process may have sent the log to standard error.
    assert "retention_failed" in told.out + told.err


def test_a_lost_or_other_master_key_is_named_and_not_made_anew(
    vault: Vault, tmp_path: Path
) -> None:
    vault.seal({"id_number": CARD}, NOW_MS)
    master = tmp_path / "privacy" / "master.key"
    assert stat.S_IMODE(master.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "privacy" / "keys.sqlite").stat().st_mode) == 0o600
    key = master.read_bytes()
    master.unlink()
    with pytest.raises(PrivacyError, match="bring it back"):
        vault.seal({"id_number": OTHER}, NOW_MS)
    assert not master.exists()
    master.write_bytes(bytes(32))
    with pytest.raises(PrivacyError, match="is not the key"):
        vault.seal({"id_number": OTHER}, NOW_MS)
    master.write_bytes(key)
    vault.seal({"id_number": OTHER}, NOW_MS)


def test_a_key_that_systemd_hands_in_is_used_and_none_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed = tmp_path / "run"
    handed.mkdir()
    (handed / CREDENTIAL).write_bytes(bytes(range(32)))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(handed))
    vault = Vault(tmp_path, DAYS)  # type: ignore[arg-type]  # as above
    _, texts = vault.seal({"phone": PHONE}, NOW_MS)
    assert vault.open(texts) == {"phone": PHONE}
    assert not (tmp_path / "privacy" / "master.key").exists()


@pytest.mark.parametrize(
    "number", ["110105194912310021", "1101051949123100", "11010519491231002XX", "", "X" * 18]
)
def test_a_wrong_number_is_refused_and_not_repeated(vault: Vault, number: str) -> None:
    with pytest.raises(PersonalDataError) as caught:
        vault.seal({"id_number": number}, NOW_MS)
    assert not number or number not in str(caught.value) + repr(caught.value)


@pytest.mark.parametrize("number", ["12345", "1" * 16, "138x0138000", "", "＋8613800138000"])
def test_a_wrong_phone_is_refused(vault: Vault, number: str) -> None:
    with pytest.raises(PersonalDataError):
        vault.seal({"phone": number}, NOW_MS)


def test_a_sealed_text_that_was_changed_or_moved_to_somebody_else_stays_shut(vault: Vault) -> None:
    mine, [text] = vault.seal({"phone": PHONE}, NOW_MS)
    other, _ = vault.seal({"phone": "13900139000"}, NOW_MS)
    assert vault.open([text.replace(mine, other)]) == {}
    assert vault.open([text.replace("phone", "id_number")]) == {}
    assert vault.open([text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB")]) == {}
    assert vault.open([text]) == {"phone": PHONE}


def test_a_text_of_a_length_that_no_bytes_have_is_nothing() -> None:
    """Found by fuzzing."""
    assert read_sealed("hkp1:p" + "0" * 32 + ":phone:" + "A" * 37) is None


@given(st.text(max_size=200))
def test_any_text_is_sealed_or_nothing(text: str) -> None:
    found = read_sealed(text)
    assert found is None or found.kind in ("id_number", "phone")
