"""Samples of every message: what the golden wire files and the pages show.

Each kind has three: a typical one (written here, as it would be on a busy morning), the smallest
and the fullest its fields allow. The last two are made from the fields, so a changed bound shows
in the golden file. A new kind fails here until it has a typical sample.
"""

from pathlib import Path
from typing import TypeVar

from gateway.contract.registry import ContractError, message_kinds
from protocols.fields import Choice, Digits, Field, Flag, Int, Items, Name, Nullable, Text
from protocols.messages.lamp import LampWant
from protocols.messages.node import Ack, GatewayState, JobResult, NodeLog, NodeState, Shown
from protocols.messages.pad import PadPressed, PadSignedIn, PadWant
from protocols.messages.rating import RatingGiven, RatingWant
from protocols.messages.service import (
    Block,
    BlockWanted,
    Identify,
    NodeHealth,
    UpdateOffer,
    UpdateState,
)
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
from protocols.wire import PROTOCOL_VERSION, STAMP_FIELDS, Message, Stamp, Struct, encode

EPOCH = 41
STAMP = Stamp(boot=12, seq=3, age_ms=180, epoch=EPOCH, heard_ms=5_402_880)
StructT = TypeVar("StructT", bound=Struct)
GOLDEN_WIRE = Path("tests", "golden", "wire")

TYPICAL: tuple[Message, ...] = (
    NodeState(
        state="online",
        boot=12,
        connection=2,
        protocol=PROTOCOL_VERSION,
        firmware="0.1.0",
        board="esp32-pad",
        kind="pad",
    ),
    Shown(epoch=EPOCH, rev=318, fresh=True, outbox_age_ms=0),
    NodeLog(level="warning", text='key 4 "FINISH" bounced for 31 ms'),
    JobResult(id="t-20261123-A017-0", state="done", why=""),
    Ack(boot=12, seq=3, result="ok", first=None, why="", cumulative=False),
    GatewayState(
        state="online", epoch=EPOCH, connection=1, at_ms=5_403_000, protocol=PROTOCOL_VERSION
    ),
    PadPressed(command="next", argument=0, seen=96),
    PadSignedIn(staff_number="1138", seen=0),
    PadWant(
        epoch=EPOCH,
        rev=318,
        turn=97,
        mode="called",
        number="A017",
        waiting=23,
        held=1,
        help=False,
        services=6,
    ),
    SignWant(epoch=EPOCH, rev=318, mode="called", number="A017", window="3"),
    LampWant(epoch=EPOCH, rev=318, colour="amber", blink=False),
    WallWant(
        epoch=EPOCH,
        rev=318,
        rows=(
            WallRow(number="A017", window="3", new=True),
            WallRow(number="B006", window="5", new=False),
        ),
        notice="请您取号后在等候区休息",
        waiting=23,
    ),
    KioskWant(
        epoch=EPOCH,
        rev=318,
        open=True,
        services=(
            KioskService(code="filing", zh="申报纳税", en="Tax filing", waiting=14),
            KioskService(code="invoice", zh="发票代开", en="Invoices", waiting=9),
        ),
    ),
    TicketRequested(service="filing"),
    PrinterChanged(paper="low", cover="closed", fault="none"),
    TicketJob(
        id="t-20261123-A017-0",
        ttl_ms=30_000,
        number="A017",
        service_zh="申报纳税",
        service_en="Tax filing",
        ahead=14,
        wait_minutes=18,
        issued="2026-11-23 09:41",
        url="http://hall.local/t/A017",
        copy=0,
    ),
    ReserveWanted(reserve="12-3"),
    ReserveJob(
        id="r-12-3-1",
        ttl_ms=86_400_000,
        reserve="12-3",
        date="2026-11-23",
        day_ms=34_860_000,
        hall_ms=1_795_398_060_000,
        rows=(
            ReserveRow(service="filing", prefix="A", first=980, last=999),
            ReserveRow(service="invoice", prefix="B", first=980, last=999),
        ),
    ),
    ReserveTicket(
        reserve="12-3", service="filing", number=980, issued_ms=1_795_398_120_000, printed="done"
    ),
    VoiceJob(id="v-20261123-0042", ttl_ms=60_000, number="A017", window="3", again=False),
    RatingWant(
        epoch=EPOCH,
        rev=318,
        visit="20261123-A017",
        number="A017",
        officer="1138",
        open_ms=60_000,
    ),
    RatingGiven(visit="20261123-A017", grade=5),
    Identify(id="i-7", seconds=10),
    NodeHealth(
        uptime_s=86_400,
        signal_dbm=-61,
        heap_free_bytes=41_232,
        release=12,
        slot="a",
        trial=False,
        faults=0,
        fault="",
    ),
    UpdateOffer(release=13, name="0.2.1", manifest_bytes=4_310, signature_bytes=1_456),
    BlockWanted(release=13, file=2, at=480),
    Block(release=13, file=2, at=480, data="aGFsbGtpdA=="),
    UpdateState(release=13, state="fetching", done_bytes=14_880, total_bytes=62_081, why=""),
)


def typical(kind: type[Message]) -> Message:
    """The typical sample of a kind. Raises ContractError when nobody wrote one."""
    for message in TYPICAL:
        if type(message) is kind:
            return message
    raise ContractError(f"{kind.__name__} has no typical sample; add one to {__name__}.TYPICAL")


def payloads(kind: type[Message]) -> tuple[bytes, bytes, bytes]:
    """The typical, the smallest and the fullest payload of a kind."""
    smallest = Stamp(*[_smallest_int(field) for _, field in STAMP_FIELDS])
    fullest = Stamp(*[_fullest_int(field) for _, field in STAMP_FIELDS])
    return (
        encode(typical(kind), STAMP if kind.REPORT else None),
        encode(_build(kind, fullest=False), smallest if kind.REPORT else None),
        encode(_build(kind, fullest=True), fullest if kind.REPORT else None),
    )


def golden_files() -> dict[Path, bytes]:
    """Path -> contents: a JSON list, one payload on each line, exactly as on the wire."""
    return {
        GOLDEN_WIRE / f"{kind.KIND}.json": b"[\n" + b",\n".join(payloads(kind)) + b"\n]\n"
        for kind in message_kinds()
    }


def _build(kind: type[StructT], fullest: bool) -> StructT:
    values = {name: _extreme(field, fullest) for name, field in kind.FIELDS}
    return kind(**values)


def _extreme(field: Field, fullest: bool) -> object:
    """The smallest or the fullest value of a field."""
    if isinstance(field, Flag):
        return fullest
    if isinstance(field, Int):
        return _fullest_int(field) if fullest else _smallest_int(field)
    if isinstance(field, Choice):
        return max(field.options, key=len) if fullest else min(field.options, key=len)
    if isinstance(field, Name):
        return "a-1".ljust(field.length_max, "z") if fullest else "0"
    if isinstance(field, Digits):
        return "9" * field.length_max if fullest else "0" * field.length_min
    if isinstance(field, Text):
        # Chinese where it fits, as the longest notice would be; the rest in ASCII.
        chinese, rest = divmod(field.bytes_max, 3)
        return "请" * chinese + "Z" * rest if fullest else "A" * field.bytes_min
    if isinstance(field, Nullable):
        return _extreme(field.field, fullest) if fullest else None
    if isinstance(field, Items):
        return tuple(_build(field.item, fullest) for _ in range(field.count_max)) if fullest else ()
    raise ContractError(f"{type(field).__name__} has no extremes; add it to {__name__}._extreme")


def _smallest_int(field: Field) -> int:
    assert isinstance(field, Int)
    return field.low


def _fullest_int(field: Field) -> int:
    assert isinstance(field, Int)
    return field.high
