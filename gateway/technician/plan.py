"""What is to be done so that a board holds exactly what it should. Pure: survey in, plan out.

Rules:
- what the board shows decides, by its hashes; nothing on the laptop is believed about it;
- main.py starts the application, so it goes first when anything else is to change and comes back
  last, after the self-test: a board that holds it is finished, a board cut before is not started;
- what a node keeps (/store) stays as long as the board stays the same node, and goes when it
  becomes another; whatever else is on the board and should not be is removed.
"""

import hashlib
from dataclasses import dataclass

from gateway.technician.remote import Survey

STARTER = "/main.py"
STORE = "/store"


@dataclass(frozen=True)
class Plan:
    """`remove` and `write` are in order; `starter`: main.py is to be written at last."""

    remove: tuple[str, ...]
    write: tuple[str, ...]
    starter: bool

    @property
    def is_finished(self) -> bool:
        """Whether the board holds everything already."""
        return not (self.remove or self.write or self.starter)


def make_plan(survey: Survey, expected: dict[str, bytes], same_node: bool) -> Plan:
    """`expected`: path -> contents of all that belongs on the board, but for the store."""
    write = [
        path
        for path, data in expected.items()
        if path != STARTER and survey.files.get(path) != sha256(data)
    ]
    remove = [path for path in survey.files if path not in expected and not _in_store(path)]
    if not same_node and any(_in_store(path) for path in survey.files):
        remove.append(STORE)
    starts_right = survey.files.get(STARTER) == sha256(expected[STARTER])
    if write or remove or not starts_right:
        if STARTER in survey.files:
            remove.insert(0, STARTER)
        starts_right = False
    return Plan(tuple(remove), tuple(write), starter=not starts_right)


def differences(survey: Survey, expected: dict[str, bytes]) -> list[str]:
    """Paths that are missing, other, or too many; what verifying looks at."""
    wrong = [path for path, data in expected.items() if survey.files.get(path) != sha256(data)]
    return wrong + [p for p in survey.files if p not in expected and not _in_store(p)]


def has_counted_a_boot(survey: Survey) -> bool:
    """Whether the node on this board has ever started: its count goes on from there."""
    return any(path.startswith(f"{STORE}/boot.") for path in survey.files)


def sha256(data: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _in_store(path: str) -> bool:
    return path.startswith(f"{STORE}/")
