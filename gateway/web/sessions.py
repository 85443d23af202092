"""Sessions of people who have signed in: random texts in a cookie, kept as SHA-256 in memory.

Rules: a session ends after IDLE_S without a call, LIFE_S after it began, when its holder signs out,
when the account is disabled or its password changed, and with the gateway. At most SESSIONS_MAX a
person: the oldest ends.
"""

import hashlib
import secrets
from dataclasses import dataclass

from gateway.web.people import PeopleStore, Person
from gateway.web.tokens import Role

IDLE_S = 30 * 60
LIFE_S = 12 * 3600
SESSIONS_MAX = 5
PREFIX = "hs_"


@dataclass(slots=True)
class Session:
    """One browser of one person. `password` is the hash it was opened under."""

    name: str
    role: Role
    password: str
    began_s: float
    seen_s: float


class Sessions:
    """All open sessions; `now_s` is a clock that only goes forward."""

    def __init__(self, people: PeopleStore) -> None:
        self._people = people
        self._open: dict[str, Session] = {}

    def begin(self, person: Person, now_s: float) -> str:
        """The text of a new session."""
        mine = [key for key, session in self._open.items() if session.name == person.name]
        for key in mine[: max(0, len(mine) + 1 - SESSIONS_MAX)]:
            del self._open[key]
        text = PREFIX + secrets.token_urlsafe(32)
        self._open[_key(text)] = Session(person.name, person.role, person.password, now_s, now_s)
        return text

    def find(self, text: str, now_s: float) -> Session | None:
        """The open session with this text; being asked for keeps it open."""
        session = self._open.get(_key(text))
        if session is None:
            return None
        person = self._people.find(session.name)
        too_old = now_s - session.began_s > LIFE_S or now_s - session.seen_s > IDLE_S
        changed = person is None or (person.password, person.role) != (
            session.password,
            session.role,
        )
        if too_old or changed:
            self.end(text)
            return None
        session.seen_s = now_s
        return session

    def end(self, text: str) -> bool:
        """Close it; False when there is none."""
        return self._open.pop(_key(text), None) is not None


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
