"""Calling's side of the wire: reports become commands, the state becomes wants and jobs.

Rules: the only file of calling that knows `protocols`; a want is computed whole from the state,
without epoch and revision, which the engine adds; no clock but the one passed in.
"""

from typing import Literal

from gateway.config import HallConfig, Node
from gateway.systems.calling import commands as c
from gateway.systems.calling.allocation import skills
from gateway.systems.calling.state import CallingState
from gateway.systems.calling.timing import DAY_MS, business_date
from protocols.messages.lamp import LampWant
from protocols.messages.node import JobResult
from protocols.messages.pad import PadPressed, PadSignedIn, PadWant
from protocols.messages.rating import RatingGiven, RatingWant
from protocols.messages.sign import SignWant
from protocols.messages.ticket import (
    KioskService,
    KioskWant,
    PrinterChanged,
    ReserveJob,
    ReserveRow,
    ReserveTicket,
    ReserveWanted,
    TicketJob,
    TicketRequested,
)
from protocols.messages.voice import VoiceJob
from protocols.messages.wall import WallRow, WallWant

# Not a limit of its own: a print waits for paper as long as people stand there.
PRINT_TTL_MS = 86_400_000
# The pad has two digits for it.
HELD_SHOWN_MAX = 99
# Jobs a kiosk is told about at once; its own queue holds eight.
PRINTS_SENT_MAX = 4

Report = (
    PadPressed
    | PadSignedIn
    | TicketRequested
    | PrinterChanged
    | ReserveWanted
    | ReserveTicket
    | RatingGiven
    | JobResult
)
Want = PadWant | SignWant | LampWant | WallWant | KioskWant | RatingWant
Job = TicketJob | ReserveJob | VoiceJob
# The kinds of node that may send each report.
SENDERS: dict[type[Report], tuple[str, ...]] = {
    PadPressed: ("pad",),
    PadSignedIn: ("pad",),
    TicketRequested: ("ticket",),
    PrinterChanged: ("ticket",),
    ReserveWanted: ("ticket",),
    ReserveTicket: ("ticket",),
    RatingGiven: ("rating",),
    JobResult: ("ticket", "voice"),
}
# What somebody has just done: too late is worse than never, so its age has to be known.
DATED = (PadPressed, PadSignedIn, TicketRequested)


def command_of(config: HallConfig, node: Node, report: Report, age_ms: int) -> c.Command | None:
    """The command a report asks for, or None when this node may not send it.

    `age_ms` is the most the report can be old.
    """
    if node.kind not in SENDERS[type(report)]:
        return None
    window = node.window or ""
    if isinstance(report, PadPressed):
        argument = ""
        if report.command == "transfer" and 1 <= report.argument <= len(config.service):
            argument = config.service[report.argument - 1].code
        return c.CommandWindow(window, report.command, argument, report.seen, age_ms)
    if isinstance(report, PadSignedIn):
        return c.SignIn(window, report.staff_number, report.seen, age_ms)
    if isinstance(report, RatingGiven):
        return c.GiveRating(report.visit, report.grade, window)
    if isinstance(report, JobResult):
        return c.SettleJob(report.id, report.state, report.why, node.id)
    return _command_of_kiosk(node.id, report, age_ms)


def _command_of_kiosk(
    kiosk: str,
    report: TicketRequested | PrinterChanged | ReserveWanted | ReserveTicket,
    age_ms: int,
) -> c.Command:
    if isinstance(report, TicketRequested):
        return c.IssueTicket(report.service, kiosk, age_ms=age_ms)
    if isinstance(report, PrinterChanged):
        return c.NotePrinter(kiosk, report.paper, report.cover, report.fault)
    if isinstance(report, ReserveWanted):
        assert report.stamp is not None, "decode stamps every report"
        return c.AskReserve(kiosk, report.reserve, f"{report.stamp.boot}-{report.stamp.seq}")
    return c.MergeTicket(
        kiosk, report.reserve, report.service, report.number, report.issued_ms, report.printed
    )


def want(config: HallConfig, state: CallingState, node: Node, epoch: int, rev: int) -> Want | None:
    """What the node must show now, or None for a kind that shows nothing."""
    if node.kind == "wall":
        return _wall(config, state, epoch, rev)
    if node.kind == "ticket":
        return _kiosk(config, state, epoch, rev)
    if node.window is None:
        return None
    if node.kind == "pad":
        return _pad(config, state, node.window, epoch, rev)
    if node.kind == "sign":
        return SignWant(
            epoch=epoch,
            rev=rev,
            mode=state.mode(node.window),
            number=_number(state, node.window),
            window=config.windows[node.window].label,
        )
    if node.kind == "lamp":
        return _lamp(state, node.window, epoch, rev)
    if node.kind == "rating":
        return _rating(config, state, node.window, epoch, rev)
    return None


def _number(state: CallingState, window: str) -> str:
    ticket = state.window(window).ticket
    return "" if ticket is None else state.tickets[ticket].number


def _pad(config: HallConfig, state: CallingState, window: str, epoch: int, rev: int) -> PadWant:
    of_window = state.window(window)
    return PadWant(
        epoch=epoch,
        rev=rev,
        turn=of_window.turn,
        mode=state.mode(window),
        number=_number(state, window),
        waiting=state.waiting(skills(config, state, window)),
        held=min(HELD_SHOWN_MAX, len(of_window.held)),
        help=of_window.help,
        services=len(config.service),
    )


def _lamp(state: CallingState, window: str, epoch: int, rev: int) -> LampWant:
    ticket = state.window(window).ticket
    level = state.tickets[ticket].overtime if ticket is not None else ""
    colour: Literal["off", "green", "amber", "red"]
    if ticket is None:
        colour = "off"
    elif level == "":
        colour = "green"
    else:
        colour = "amber" if level == "amber" else "red"
    return LampWant(epoch=epoch, rev=rev, colour=colour, blink=level == "blink")


def _rating(
    config: HallConfig, state: CallingState, window: str, epoch: int, rev: int
) -> RatingWant:
    rating = state.window(window).rating
    return RatingWant(
        epoch=epoch,
        rev=rev,
        visit=rating.visit if rating else "",
        number=rating.number if rating else "",
        officer=config.officers[rating.officer].name if rating else "",
        open_ms=config.rules.rating_seconds * 1000,
    )


def _wall(config: HallConfig, state: CallingState, epoch: int, rev: int) -> WallWant:
    rows = tuple(
        WallRow(
            number=state.tickets[call.ticket].number,
            window=config.windows[call.window].label,
            new=state.tickets[call.ticket].state == "called",
        )
        for call in state.calls
    )
    return WallWant(
        epoch=epoch,
        rev=rev,
        rows=rows,
        notice=config.hall.notice_zh,
        waiting=state.waiting(tuple(config.services)),
    )


def _kiosk(config: HallConfig, state: CallingState, epoch: int, rev: int) -> KioskWant:
    services = tuple(
        KioskService(
            code=service.code,
            zh=service.name_zh,
            en=service.name_en,
            waiting=state.waiting((service.code,)),
        )
        for service in config.service
    )
    return KioskWant(epoch=epoch, rev=rev, open=True, services=services)


def open_jobs(config: HallConfig, state: CallingState) -> list[tuple[str, str]]:
    """(job id, node) of the jobs that may be sent now, in order: one announcement at a time."""
    jobs: list[tuple[str, str]] = []
    voice = next((node.id for node in config.nodes if node.kind == "voice"), None)
    # A voice that the hall file lost leaves its announcements to expire.
    if state.announcements and voice is not None:
        jobs.append((next(iter(state.announcements)), voice))
    jobs += [(r.job, r.kiosk) for r in state.reserves.values() if r.job is not None]
    sent: dict[str, int] = {}
    for job in state.prints.values():
        sent[job.node] = sent.get(job.node, 0) + 1
        if sent[job.node] <= PRINTS_SENT_MAX:
            jobs.append((job.job, job.node))
    return jobs


def job_message(config: HallConfig, state: CallingState, job: str, now_ms: int, boot: int) -> Job:
    """The message of an open job, as it stands now; `now_ms` is hall time.

    `boot` is that of the node now, 0: not known. A kiosk that was started, or is another board,
    since a print was queued is told to mark it: its forerunner may have printed it and not said so.
    A board that remembers the job answers from memory, and prints nothing.
    """
    if job in state.announcements:
        announcement = state.announcements[job]
        expiry_ms = announcement.queued_ms + config.rules.announcement_seconds * 1000
        return VoiceJob(
            id=job,
            ttl_ms=max(0, expiry_ms - now_ms),
            number=state.tickets[announcement.ticket].number,
            window=config.windows[announcement.window].label,
            again=announcement.again,
        )
    if job not in state.prints:
        return _reserve_message(config, state, job, now_ms)
    print_job = state.prints[job]
    ticket = state.tickets[print_job.ticket]
    service = config.services[ticket.service]
    started = boot != 0 and print_job.boot != 0 and boot != print_job.boot
    return TicketJob(
        id=job,
        ttl_ms=PRINT_TTL_MS,
        number=ticket.number,
        service_zh=service.name_zh,
        service_en=service.name_en,
        ahead=print_job.ahead,
        wait_minutes=None,
        issued=_local_time(config, ticket.issued_ms),
        url=f"{config.hall.public_url}/t/{ticket.token}" if config.hall.public_url else "",
        copy=max(print_job.copy, int(started)),
    )


def _reserve_message(config: HallConfig, state: CallingState, job: str, now_ms: int) -> ReserveJob:
    name, reserve = next(item for item in state.reserves.items() if item[1].job == job)
    return ReserveJob(
        id=job,
        ttl_ms=PRINT_TTL_MS,
        reserve=name,
        date=_local_date(config, now_ms),
        day_ms=_day_ms(config, now_ms),
        hall_ms=now_ms,
        rows=tuple(
            ReserveRow(
                service=row.service,
                prefix=config.services[row.service].prefix,  # type: ignore[arg-type]  # the field checks it
                first=row.first,
                last=row.last,
            )
            for row in reserve.rows
        ),
    )


def _local_date(config: HallConfig, at_ms: int) -> str:
    date = business_date(config, at_ms)
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"


def _day_ms(config: HallConfig, at_ms: int) -> int:
    return (at_ms + config.hall.utc_offset_ms) % DAY_MS


def _local_time(config: HallConfig, at_ms: int) -> str:
    minutes = _day_ms(config, at_ms) // 60_000
    return f"{_local_date(config, at_ms)} {minutes // 60:02d}:{minutes % 60:02d}"
