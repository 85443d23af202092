"""Which ticket a window calls next: the one seam where policies plug in.

Policy now: oldest first within skills. A ticket is never bound to a window before it is called:
measured worse than any rule that decides at the call.
"""

from gateway.config import HallConfig
from gateway.systems.calling.state import CallingState


def skills(config: HallConfig, state: CallingState, window: str) -> tuple[str, ...]:
    """The services this window may call now: its own, narrowed by the officer's, if any."""
    services = config.windows[window].services
    officer = config.officers.get(state.window(window).officer or "")
    if officer is None or not officer.services:
        return services
    return tuple(service for service in services if service in officer.services)


def choose(config: HallConfig, state: CallingState, window: str) -> str | None:
    """The id of the ticket to call next at this window, or None when nobody it may serve waits."""
    heads = [line[0] for code in skills(config, state, window) if (line := state.line.get(code))]
    return min(heads)[1] if heads else None
