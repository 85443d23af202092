"""People who sign in with a name and a password: their roles, and the second factor.

Rules:
- a password is kept as Argon2id only, and has PASSWORD_LENGTH_MIN characters or more; a name that
  does not exist costs as long to refuse as one that does;
- technician and admin need a second factor (RFC 6238, six digits, thirty seconds); each code counts
  once, also when the gateway was started anew in between;
- nobody has an account by default, and none is made with a password that others could know.
The file is secret_file.py's.
"""

import re
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gateway.web.secret_file import SecretFile
from gateway.web.tokens import Role

FILE_NAME = "people.json"
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 200
PERSON_ROLES: tuple[Role, ...] = ("officer", "chief", "technician", "admin")
TWO_FACTOR_ROLES: tuple[Role, ...] = ("technician", "admin")
STEP_S = 30
# A phone's clock may be off by this many steps.
STEPS_OFF = 1
_VERSION = 1
_NAME = re.compile(r"^[a-z][a-z0-9.-]{1,31}$")


class PersonError(ValueError):
    """The account cannot be made or changed as asked; the text names what and the fix."""


@dataclass(frozen=True, slots=True)
class Person:
    """One account. `last_step` is the newest time step whose code was used."""

    name: str
    role: Role
    password: str
    secret: str
    last_step: int = 0
    disabled: bool = False

    @property
    def needs_code(self) -> bool:
        return self.role in TWO_FACTOR_ROLES


class PeopleStore:
    """The accounts of one hall, in the folder of its journal. Raises SecretFileError."""

    def __init__(self, folder: Path, hasher: PasswordHasher | None = None) -> None:
        self._file = SecretFile(folder / FILE_NAME, _VERSION)
        self._hasher = hasher or PasswordHasher()
        self._people: dict[str, Person] = {}
        # One at a time: each takes 64 MB, and a crowd of guesses must not take the gateway's.
        self._lock = threading.Lock()
        self._nobody = self._hasher.hash(secrets.token_urlsafe(16))

    def list(self) -> Sequence[Person]:
        """All accounts, by name."""
        self._refresh()
        return [self._people[name] for name in sorted(self._people)]

    def find(self, name: str) -> Person | None:
        """The account of this name that is not disabled."""
        self._refresh()
        person = self._people.get(name)
        return None if person is None or person.disabled else person

    def add(self, name: str, role: Role, password: str) -> Person:
        """A new account, with a new secret for its second factor. Raises PersonError."""
        if not _NAME.match(name):
            raise PersonError(f"name {name!r}: 2 to 32 of a-z 0-9 . - and a letter first")
        if role not in PERSON_ROLES:
            raise PersonError(f"role {role!r}: there are {', '.join(PERSON_ROLES)}")
        self._refresh()
        if name in self._people:
            raise PersonError(f"name {name!r} is taken: change it, or choose another")
        secret = pyotp.random_base32() if role in TWO_FACTOR_ROLES else ""
        person = Person(name, role, self._hash(password), secret)
        self._keep(person)
        return person

    def change_password(self, name: str, password: str) -> None:
        """Raises PersonError."""
        self._keep(replace(self._known(name), password=self._hash(password)))

    def renew_second_factor(self, name: str) -> Person:
        """A new secret; the phone with the old one is useless from now on. Raises PersonError."""
        person = self._known(name)
        if not person.needs_code:
            raise PersonError(f"{name} is {person.role} and signs in without a second factor")
        person = replace(person, secret=pyotp.random_base32(), last_step=0)
        self._keep(person)
        return person

    def disable(self, name: str, disabled: bool = True) -> None:
        """End an account, or let it be used again. Raises PersonError."""
        self._keep(replace(self._known(name), disabled=disabled))

    def check_password(self, name: str, password: str) -> Person | None:
        """The account, when the password is right. Takes as long when there is none."""
        person = self.find(name)
        expected = self._nobody if person is None else person.password
        with self._lock:
            try:
                self._hasher.verify(expected, password)
            except (VerificationError, InvalidHashError):
                return None
        return person

    def use_code(self, person: Person, code: str, now_s: float | None = None) -> bool:
        """Whether this code of the second factor is right and was not used before."""
        now_step = int(time.time() if now_s is None else now_s) // STEP_S
        one_time = pyotp.TOTP(person.secret, interval=STEP_S)
        for step in range(now_step - STEPS_OFF, now_step + STEPS_OFF + 1):
            right = secrets.compare_digest(one_time.generate_otp(step), code)
            if right and step > self._known(person.name).last_step:
                self._keep(replace(self._known(person.name), last_step=step))
                return True
        return False

    @staticmethod
    def otpauth_uri(person: Person, hall: str) -> str:
        """What an authenticator app reads from a QR code."""
        one_time = pyotp.TOTP(person.secret, interval=STEP_S)
        return one_time.provisioning_uri(name=person.name, issuer_name=f"hallkit {hall}")

    def _known(self, name: str) -> Person:
        self._refresh()
        person = self._people.get(name)
        if person is None:
            raise PersonError(f"there is no account {name!r}: see `hallkit person list`")
        return person

    def _hash(self, password: str) -> str:
        if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
            raise PersonError(
                f"password: {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters, "
                f"not {len(password)}"
            )
        return self._hasher.hash(password)

    def _refresh(self) -> None:
        if self._file.exists() and self._file.changed():
            self._people = {row["name"]: Person(**row) for row in self._file.load()["people"]}

    def _keep(self, person: Person) -> None:
        people = self._people | {person.name: person}
        self._file.save({"people": [asdict(people[name]) for name in sorted(people)]})
        self._refresh()
