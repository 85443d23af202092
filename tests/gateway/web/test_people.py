"""Accounts of people: nothing readable is kept, each code counts once, guessing is slow."""

import stat
from pathlib import Path

import pyotp
import pytest
from argon2 import PasswordHasher

from gateway.web.attempts import ATTEMPTS_PER_MINUTE, FAILURES_FREE, LOCK_S, LOCK_S_MAX, Attempts
from gateway.web.people import STEP_S, PeopleStore, PersonError
from gateway.web.secret_file import SecretFileError
from gateway.web.sessions import IDLE_S, LIFE_S, SESSIONS_MAX, Sessions

PASSWORD = "correct horse battery"  # a made-up one
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def people(tmp_path: Path) -> PeopleStore:
    return PeopleStore(tmp_path, CHEAP)


def test_there_is_nobody_until_somebody_is_added(people: PeopleStore) -> None:
    assert people.list() == []
    assert people.check_password("admin", "admin") is None


def test_a_password_is_kept_as_argon2_only_and_for_its_owner_only(
    people: PeopleStore, tmp_path: Path
) -> None:
    people.add("li.wei", "chief", PASSWORD)
    path = tmp_path / "people.json"
    assert PASSWORD not in path.read_text()
    assert "$argon2id$" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    person = people.check_password("li.wei", PASSWORD)
    assert person is not None
    assert person.role == "chief"
    assert people.check_password("li.wei", PASSWORD + "x") is None


@pytest.mark.parametrize(
    ("name", "role", "password", "problem"),
    [
        ("Li Wei", "chief", PASSWORD, "name 'Li Wei'"),
        ("li", "king", PASSWORD, "role 'king'"),
        ("li", "chief", "short", "12 to 200 characters"),
    ],
)
def test_a_bad_account_is_refused_with_the_fix(
    people: PeopleStore, name: str, role: str, password: str, problem: str
) -> None:
    with pytest.raises(PersonError, match=problem):
        people.add(name, role, password)
    assert people.list() == []


def test_a_name_is_taken_once(people: PeopleStore) -> None:
    people.add("li", "chief", PASSWORD)
    with pytest.raises(PersonError, match="taken"):
        people.add("li", "admin", PASSWORD)


def test_a_disabled_account_is_as_if_it_were_not_there(people: PeopleStore) -> None:
    people.add("li", "chief", PASSWORD)
    people.disable("li")
    assert people.check_password("li", PASSWORD) is None
    people.disable("li", False)
    assert people.check_password("li", PASSWORD) is not None


def test_what_another_process_changes_counts_at_once(people: PeopleStore, tmp_path: Path) -> None:
    people.add("li", "chief", PASSWORD)
    PeopleStore(tmp_path, CHEAP).change_password("li", PASSWORD + "2")
    assert people.check_password("li", PASSWORD) is None
    assert people.check_password("li", PASSWORD + "2") is not None


def test_a_file_others_can_read_is_refused(people: PeopleStore, tmp_path: Path) -> None:
    people.add("li", "chief", PASSWORD)
    (tmp_path / "people.json").chmod(0o644)
    with pytest.raises(SecretFileError, match="chmod 600"):
        PeopleStore(tmp_path, CHEAP).list()


# ---- second factor ----


def test_admin_and_technician_need_a_second_factor(people: PeopleStore) -> None:
    needs = {
        role: people.add(f"p{n}", role, PASSWORD).needs_code
        for n, role in enumerate(("officer", "chief", "technician", "admin"))
    }
    assert needs == {"officer": False, "chief": False, "technician": True, "admin": True}
    with pytest.raises(PersonError, match="without a second factor"):
        people.renew_second_factor("p0")


def test_each_code_counts_once_even_after_a_restart(people: PeopleStore, tmp_path: Path) -> None:
    person = people.add("li", "admin", PASSWORD)
    now_s = 1_795_400_000
    code = pyotp.TOTP(person.secret).at(now_s)
    assert people.use_code(person, code, now_s)
    assert not people.use_code(person, code, now_s)
    assert not PeopleStore(tmp_path, CHEAP).use_code(person, code, now_s + 5)
    later = pyotp.TOTP(person.secret).at(now_s + STEP_S)
    assert people.use_code(person, later, now_s + STEP_S)


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_a_phone_may_be_off_by_one_step(people: PeopleStore, steps: int, good: bool) -> None:
    person = people.add("li", "admin", PASSWORD)
    now_s = 1_795_400_000
    code = pyotp.TOTP(person.secret).at(now_s + steps * STEP_S)
    assert people.use_code(person, code, now_s) is good


def test_a_renewed_second_factor_ends_the_old_phone(people: PeopleStore) -> None:
    old = people.add("li", "admin", PASSWORD)
    new = people.renew_second_factor("li")
    now_s = 1_795_400_000
    assert old.secret != new.secret
    assert not people.use_code(new, pyotp.TOTP(old.secret).at(now_s), now_s)
    assert "hallkit%20langfang" in people.otpauth_uri(new, "langfang")


# ---- attempts ----


def test_a_name_is_locked_after_failures_in_a_row_longer_each_time() -> None:
    attempts = Attempts(attempts_per_minute=1000)
    waits = []
    for _ in range(FAILURES_FREE + 3):
        attempts.failed("li", 0)
        waits.append(attempts.wait_s("li", "10.0.0.9", 0))
    assert waits[: FAILURES_FREE - 1] == [0] * (FAILURES_FREE - 1)
    assert waits[FAILURES_FREE - 1 :] == [LOCK_S, 2 * LOCK_S, 4 * LOCK_S, 8 * LOCK_S]
    for _ in range(20):
        attempts.failed("li", 0)
    assert attempts.wait_s("li", "10.0.0.9", 0) == LOCK_S_MAX
    assert attempts.wait_s("li", "10.0.0.9", LOCK_S_MAX) == 0
    assert attempts.wait_s("wang", "10.0.0.9", 0) == 0


def test_a_success_forgets_the_failures() -> None:
    attempts = Attempts()
    for _ in range(FAILURES_FREE - 1):
        attempts.failed("li", 0)
    attempts.succeeded("li")
    attempts.failed("li", 0)
    assert attempts.wait_s("li", "10.0.0.9", 0) == 0


def test_one_address_may_try_so_often_whatever_the_names() -> None:
    attempts = Attempts()
    waits = [attempts.wait_s(f"n{n}", "10.0.0.9", 0) for n in range(ATTEMPTS_PER_MINUTE + 1)]
    assert waits == [0] * ATTEMPTS_PER_MINUTE + [60]
    assert attempts.wait_s("li", "10.0.0.10", 0) == 0


def test_names_nobody_has_do_not_fill_the_memory() -> None:
    attempts = Attempts()
    for number in range(10_050):
        attempts.failed(f"n{number}", 0)
    assert len(attempts._failures) == 10_000


# ---- sessions ----


def test_a_session_ends_by_idling_by_age_by_sign_out_and_with_its_account(
    people: PeopleStore,
) -> None:
    person = people.add("li", "chief", PASSWORD)
    sessions = Sessions(people)
    text = sessions.begin(person, 0)
    assert sessions.find(text, IDLE_S) is not None
    assert sessions.find(text, 2 * IDLE_S + 1) is None
    text = sessions.begin(person, 0)
    kept = all(sessions.find(text, at_s) for at_s in range(0, LIFE_S, IDLE_S))
    assert kept
    assert sessions.find(text, LIFE_S + 1) is None
    text = sessions.begin(person, 0)
    assert sessions.end(text)
    assert sessions.find(text, 1) is None
    text = sessions.begin(person, 0)
    people.change_password("li", PASSWORD + "2")
    assert sessions.find(text, 1) is None
    person = people.find("li")
    assert person is not None
    text = sessions.begin(person, 0)
    people.disable("li")
    assert sessions.find(text, 1) is None


def test_a_person_has_so_many_sessions_the_oldest_ends(people: PeopleStore) -> None:
    person = people.add("li", "chief", PASSWORD)
    sessions = Sessions(people)
    texts = [sessions.begin(person, 0) for _ in range(SESSIONS_MAX + 2)]
    found = [sessions.find(text, 1) is not None for text in texts]
    assert found == [False, False] + [True] * SESSIONS_MAX
