"""Which wants and jobs are to be published now: revisions, confirmation, resending.

Rules: a want gets a new revision when its content changes, never otherwise; it is sent again until
the node says that it shows this revision, and a job until it is settled, each ever more slowly.
Both are harmless to receive twice. All times are steady milliseconds.
"""

from dataclasses import dataclass

RESEND_MS = 2_000
RESEND_MS_MAX = 30_000
NEVER_MS = 1 << 62


@dataclass(slots=True)
class Resend:
    """When to send again; each time the pause doubles up to its limit."""

    at_ms: int
    interval_ms: int = RESEND_MS

    def sent(self, now_ms: int) -> None:
        self.at_ms = now_ms + self.interval_ms
        self.interval_ms = min(self.interval_ms * 2, RESEND_MS_MAX)


@dataclass(slots=True)
class WantedPicture:
    """What one node must show: its content without revision, and whether the node shows it."""

    content: object
    rev: int
    payload: bytes
    resend: Resend
    confirmed: bool = False


class Delivery:
    """What was published in this epoch."""

    def __init__(self) -> None:
        self.wants: dict[str, WantedPicture] = {}
        self.jobs: dict[str, tuple[str, Resend]] = {}
        # When the next want is due, or earlier; None: something happened since it was found.
        self._want_ms: int | None = None

    def next_rev(self, node: str, content: object) -> int | None:
        """The revision to publish `content` under, or None when the node has it already."""
        known = self.wants.get(node)
        if known is None:
            return 1
        return None if known.content == content else known.rev + 1

    def revise(self, node: str, content: object, rev: int, payload: bytes, now_ms: int) -> None:
        """Note a new picture of the node; it is due at once."""
        self.wants[node] = WantedPicture(content, rev, payload, Resend(now_ms))
        self._want_ms = None

    def confirm(self, node: str, rev: int) -> None:
        """The node says what it shows."""
        want = self.wants.get(node)
        if want is not None:
            want.confirmed = want.rev == rev
            self._want_ms = None

    def send_wants_again(self, now_ms: int) -> None:
        """Everything is due: the broker may have forgotten, or it is time for a refresh."""
        self._want_ms = None
        for want in self.wants.values():
            want.resend = Resend(now_ms)
            want.confirmed = False

    def wants_due(self, now_ms: int, online: set[str]) -> list[tuple[str, bytes]]:
        """(node, payload) to publish now; a node that is away is told when it comes."""
        due: list[tuple[str, bytes]] = []
        if now_ms < self._next_want_ms(online):
            return due
        self._want_ms = None
        for node, want in self.wants.items():
            first = want.resend.interval_ms == RESEND_MS
            if want.confirmed or now_ms < want.resend.at_ms or not (first or node in online):
                continue
            want.resend.sent(now_ms)
            due.append((node, want.payload))
        return due

    def jobs_due(self, now_ms: int, jobs: list[tuple[str, str]], online: set[str]) -> list[str]:
        """The ids to send now of all open `jobs`, (id, node); forgets those no longer open.

        A node that is believed away is tried slowly: its birth may have been lost.
        """
        due: list[str] = []
        kept: dict[str, tuple[str, Resend]] = {}
        for job, node in jobs:
            if job in self.jobs:
                resend = self.jobs[job][1]
            elif node in online:
                resend = Resend(now_ms)
            else:
                resend = Resend(now_ms + RESEND_MS_MAX, RESEND_MS_MAX)
            if now_ms >= resend.at_ms:
                resend.sent(now_ms)
                due.append(job)
            kept[job] = (node, resend)
        self.jobs = kept
        return due

    def put_off(self, job: str, now_ms: int) -> None:
        """The node has heard of this job and is at it: ask again only when it falls silent."""
        if job in self.jobs:
            self.jobs[job] = (self.jobs[job][0], Resend(now_ms + RESEND_MS_MAX, RESEND_MS_MAX))

    def node_is_back(self, node: str, now_ms: int) -> None:
        """The node is new on the network: it hears of its picture and its jobs at once."""
        self._want_ms = None
        want = self.wants.get(node)
        if want is not None:
            want.resend = Resend(now_ms)
            want.confirmed = False
        self.jobs = {job: entry for job, entry in self.jobs.items() if entry[0] != node}

    def wake_at(self, online: set[str]) -> int | None:
        """When something is due again, or None."""
        due = min([entry[1].at_ms for entry in self.jobs.values()], default=NEVER_MS)
        due = min(due, self._next_want_ms(online))
        return None if due == NEVER_MS else due

    def _next_want_ms(self, online: set[str]) -> int:
        """Kept until something happens: it is asked for with every message that arrives."""
        if self._want_ms is None:
            due = [
                want.resend.at_ms
                for node, want in self.wants.items()
                if not want.confirmed and (node in online or want.resend.interval_ms == RESEND_MS)
            ]
            self._want_ms = min(due, default=NEVER_MS)
        return self._want_ms
