"""The prints of a ticket: which kiosk, under which job, and again."""

from gateway.config import HallConfig
from gateway.systems.calling import events as e
from gateway.systems.calling.state import CallingState, Ticket


def is_kiosk(config: HallConfig, node: str) -> bool:
    """Whether this node prints tickets."""
    found = config.node_by_id.get(node)
    return found is not None and found.kind == "ticket"


def print_job_id(attempt: int, number: str, token: str) -> str:
    """The id of a ticket's print, counted from 1."""
    # The token makes it unique even when a new journal gives the same number on the same day: a
    # kiosk never prints an id twice.
    return f"p{attempt}-{number}-{token[:12]}"


def print_again(state: CallingState, ticket: Ticket, kiosk: str, copy: int) -> e.PrintQueued:
    """One more print; from `copy` 1 on it is marked 补打."""
    ahead = sum(entry < (ticket.rank, ticket.id) for entry in state.line.get(ticket.service, ()))
    job = print_job_id(ticket.prints + 1, ticket.number, ticket.token)
    return e.PrintQueued(job, ticket.id, kiosk, copy, ahead)
