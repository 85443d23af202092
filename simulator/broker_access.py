"""Who may connect to the embedded broker, and what they may read and write.

`AccessRules` is what the broker asks; `PatternRules` answers as Mosquitto's password file and
pattern ACLs do, so that one set of rules can be given to either broker. Pure.
"""

from dataclasses import dataclass
from hmac import compare_digest
from typing import Literal, Protocol

from protocols.mqtt_topics import check_filter, topic_matches

Access = Literal["read", "write"]


class AccessRules(Protocol):
    """Answers must depend on the arguments only: the broker keeps them until `rules_changed()`."""

    def authenticate(
        self, client_id: str, username: str | None, password: bytes | None
    ) -> str | None:
        """The identity this client proves, or None: the connection is refused."""

    def may(self, identity: str, access: Access, topic: str) -> bool:
        """Whether `identity` may receive ("read") or publish ("write") on `topic`."""


@dataclass(frozen=True)
class Grant:
    """Filters one may read from and write to; "%u" stands for the user name in `everyone`."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()


class PatternRules:
    """Passwords by user name, one grant for everyone with "%u", and grants by user name.

    What no filter allows is forbidden. The identity is the user name. Names holding '/', '+' or
    '#' are refused, for they would widen the pattern they are put into.
    """

    def __init__(
        self, passwords: dict[str, bytes], everyone: Grant, named: dict[str, Grant] | None = None
    ) -> None:
        named = named or {}
        unknown = [name for name in named if name not in passwords]
        if unknown:
            raise ValueError(f"named: {unknown[0]!r} has no password; add it to passwords")
        self._passwords = dict(passwords)
        self._read: dict[str, tuple[str, ...]] = {}
        self._write: dict[str, tuple[str, ...]] = {}
        for name in passwords:
            if not name or "/" in name or "+" in name or "#" in name:
                raise ValueError(f"passwords: user name {name!r} must not hold '/', '+' or '#'")
            own = named.get(name, Grant())
            self._read[name] = self._filled(everyone.read, name) + own.read
            self._write[name] = self._filled(everyone.write, name) + own.write
            for pattern in self._read[name] + self._write[name]:
                check_filter(pattern)

    @staticmethod
    def _filled(patterns: tuple[str, ...], name: str) -> tuple[str, ...]:
        return tuple(pattern.replace("%u", name) for pattern in patterns)

    def authenticate(
        self,
        client_id: str,  # noqa: ARG002  # part of AccessRules; these rules go by user name
        username: str | None,
        password: bytes | None,
    ) -> str | None:
        """The user name, if its password is right."""
        if username is None or password is None:
            return None
        known = self._passwords.get(username)
        if known is None or not compare_digest(known, password):
            return None
        return username

    def may(self, identity: str, access: Access, topic: str) -> bool:
        """Whether one filter of the identity takes the topic."""
        patterns = (self._read if access == "read" else self._write).get(identity, ())
        return any(topic_matches(pattern, topic) for pattern in patterns)
