"""Takes personal data in, gives sealed texts for the journal, opens them, and forgets.

Rules:
- somebody who comes again with the same card is the same person for as long as anything of him is
  kept, and so is who comes again with a phone and no card. A family shares a phone: one that is
  known says nothing about a card that is not. Who wants to be forgotten is asked for both;
- every kind has its own time to be kept, counted from the last use, and its own key: the phone can
  be gone while the rest is still there;
- erasing is deleting the keys: what stands in the journal and in every copy of it stays as it is,
  chained and proven, and opens for nobody any more.
"""

from collections.abc import Mapping
from pathlib import Path

from gateway.privacy.keys import KeyStore
from gateway.privacy.sealed import (
    KINDS,
    Kind,
    contents_of,
    keyed_hash,
    new_person,
    normalised,
    read_sealed,
    seal,
    unseal,
)

DAY_MS = 86_400_000


class Vault:
    """Of one hall. `days`: how long each kind is kept. Everything raises PrivacyError."""

    def __init__(self, data: Path, days: Mapping[Kind, int]) -> None:
        self.keys = KeyStore(data)
        self._days = days

    def seal(self, given: Mapping[Kind, str], now_ms: int) -> tuple[str, list[str]]:
        """(the person, a sealed text for each value). Raises PersonalDataError."""
        values = {kind: normalised(kind, given[kind]) for kind in KINDS if kind in given}
        assert values, "nothing was given"
        hash_key = self.keys.hash_key()
        marks = {kind: keyed_hash(hash_key, kind, value) for kind, value in values.items()}
        telling = marks.get("id_number") or marks["phone"]
        person = next(iter(self.keys.persons(telling)), "") or new_person()
        texts = []
        for kind, value in values.items():
            until_ms = now_ms + self._days[kind] * DAY_MS
            key = self.keys.key(person, kind, until_ms)
            self.keys.mark(marks[kind], kind, person)
            texts.append(str(seal(person, kind, key, contents_of(kind, value, hash_key))))
        return person, texts

    def open(self, texts: list[str]) -> dict[str, str]:
        """What is still there of these: `id_last4`, `id_hmac`, `phone`; nothing of what is gone."""
        found: dict[str, str] = {}
        for text in texts:
            sealed = read_sealed(text)
            key = None if sealed is None else self.keys.known_key(sealed.person, sealed.kind)
            if sealed is not None and key is not None:
                found |= unseal(sealed, key) or {}
        return found

    def erase(self, kind: Kind, value: str) -> int:
        """Forget all with this card or phone; how many keys went. Raises PersonalDataError."""
        mark = keyed_hash(self.keys.hash_key(), kind, normalised(kind, value))
        return sum(self.keys.forget(person) for person in self.keys.persons(mark))
