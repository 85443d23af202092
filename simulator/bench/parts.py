"""The parts on their own, without sockets: journal, codecs, broker core, a virtual day.

Rules: each figure is given in its own unit and as a multiple of one yardstick, a press-sized piece
of JSON written and read back by the standard library, so that figures of two machines compare.
"""

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gateway.config import HallConfig
from gateway.core.clock import HallClock
from gateway.engine import Engine
from gateway.journal.interface import EventJournal
from gateway.journal.store import Journal
from gateway.machine import Machine, open_journal
from gateway.recovery import fold_all, recover
from gateway.systems.calling.commands import Command, CommandWindow, IssueTicket
from protocols.messages.pad import PadPressed, PadWant
from protocols.messages.wall import WallRow, WallWant
from protocols.mqtt import Decoder, encode_connect, encode_publish, encode_subscribe
from protocols.mqtt_packets import Publish
from protocols.wire import Message, Stamp, decode, encode
from simulator.bench.disk import commit_ns
from simulator.bench.engine_press import engine_with, hall_view_us, press_us
from simulator.bench.figures import NS_PER_US, microseconds_each, number, percentile, table
from simulator.bench.hall import carry_out, hall_config, opening
from simulator.broker import BrokerCore
from simulator.people.habits import Day
from simulator.plan import named
from simulator.world import World

DAY_MS = 86_400_000
DAY_TICKETS = 300
PACKETS = 500


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. `tickets`: how many wait while keys are pressed."""

    tickets: tuple[int, ...] = (300, 1000, 4000)
    presses: int = 500
    records: int = 100_000
    calls: int = 2000
    visitors: int = 300


QUICK = Sizes(tickets=(50,), presses=20, records=500, calls=20, visitors=6)

Row = tuple[str, float, str, float]  # what, figure, unit, microseconds to set against the yardstick


def report(sizes: Sizes) -> str:
    """The table of all parts."""
    body = {"k": "pad_pressed", "v": 1, "boot": 7, "seq": 42, "age_ms": 0, "command": "next"}
    yardstick = microseconds_each(lambda: json.loads(json.dumps(body)), sizes.calls)
    rows = [*_engine(sizes), *_wire(sizes.calls), *_mqtt(sizes.calls // 10)]
    rows += [*_commit(sizes.calls // 20), *_recovery(sizes.records), *_virtual_day(sizes.visitors)]
    shown = [
        (what, number(figure), unit, number(us / yardstick)) for what, figure, unit, us in rows
    ]
    title = f"parts, and what they cost in yardsticks of {yardstick:.2f} µs"
    return table(title, ("part", "figure", "unit", "yardsticks"), shown)


def _engine(sizes: Sizes) -> list[Row]:
    rows: list[Row] = []
    for tickets in sizes.tickets:
        engine = engine_with(hall_config(), tickets)
        view = hall_view_us(engine, max(5, sizes.presses // 5))
        press = press_us(engine, sizes.presses)
        rows.append((f"engine, one press, {tickets} tickets in line", press, "µs", press))
        rows.append((f"hall_view, {tickets} tickets in line", view, "µs", view))
    return rows


def _wire(calls: int) -> list[Row]:
    row = WallRow(number="A001", window="1", new=True)
    epoch = 1_700_000_000
    wall = WallWant(epoch=epoch, rev=1, rows=(row,) * 8, notice="请" * 30, waiting=300)
    pad = PadWant(
        epoch=epoch,
        rev=1,
        turn=5,
        mode="called",
        number="A001",
        waiting=12,
        held=0,
        help=False,
        services=6,
    )
    pressed = PadPressed(command="next", argument=0, seen=5)
    messages: list[tuple[str, Message, Stamp | None]] = [
        ("press", pressed, Stamp(1, 1, 0, epoch, 1000)),
        ("picture of a pad", pad, None),
        ("picture of the wall", wall, None),
    ]
    rows: list[Row] = []
    for name, message, stamp in messages:
        payload, kinds = encode(message, stamp), (type(message),)
        there = microseconds_each(_call(encode, message, stamp), calls)
        back = microseconds_each(_call(decode, payload, kinds), calls)
        rows.append((f"wire: encode a {name}", there, "µs", there))
        rows.append((f"wire: decode a {name}", back, "µs", back))
    return rows


def _call(function: Callable[..., object], *arguments: object) -> Callable[[], object]:
    return lambda: function(*arguments)


def _mqtt(calls: int) -> list[Row]:
    topic, payload = "hk1/langfang/w03-pad/up/ev", b"x" * 150

    def codec() -> None:
        decoder = Decoder(16_384)
        for number_ in range(1, PACKETS + 1):
            [packet] = decoder.feed(encode_publish(topic, payload, 1, False, False, number_))
            assert isinstance(packet, Publish)

    core = BrokerCore()
    for name in ("pad", "wall", "gateway"):
        core.connection_made(name, 0)
        core.receive(name, 0, encode_connect(name, 0))
    for name in ("wall", "gateway"):
        core.receive(name, 0, encode_subscribe(1, [("hk1/langfang/+/up/#", 0)]))
    core.take_output()
    press = encode_publish(topic, payload, 1, False, False, 1)

    def broker() -> None:
        for _ in range(PACKETS):
            core.receive("pad", 0, press)
            assert len(core.take_output()) == 3, "one acknowledgement, two deliveries"

    coded = microseconds_each(codec, max(1, calls // 20)) / PACKETS
    routed = microseconds_each(broker, max(1, calls // 20)) / PACKETS / 4
    return [
        ("MQTT codec, a publish there and back", 1e6 / coded, "packets/s", coded),
        ("broker core, in and out", 1e6 / routed, "packets/s", routed),
    ]


# ---- the disk ----


def _commit(commits: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="hallkit-bench-") as name:
        took_us = percentile(commit_ns(Path(name), commits), 50) / NS_PER_US
    return [("journal, one durable commit of a press", took_us, "µs", took_us)]


def _recovery(records: int) -> list[Row]:
    config = hall_config()
    with tempfile.TemporaryDirectory(prefix="hallkit-bench-") as name:
        folder = Path(name)
        journal = open_journal(config, folder)
        engine = _write_days(config, journal, records)
        written = journal.last_seq
        journal.close()
        plain_s = _start_s(config, folder)
        journal = open_journal(config, folder)
        _keep_snapshot(config, journal)
        journal.close()
        quick_s = _start_s(config, folder)
    what = f"start on {written:,} records"
    assert engine.seq == written
    return [
        (f"{what}, no snapshot", plain_s, "s", plain_s * 1e6),
        (f"{what}, newest snapshot", quick_s, "s", quick_s * 1e6),
    ]


def _start_s(config: HallConfig, folder: Path) -> float:
    began = time.perf_counter()
    journal = open_journal(config, folder)
    recover(config, journal, Machine())
    took_s = time.perf_counter() - began
    journal.close()
    return took_s


def _keep_snapshot(config: HallConfig, journal: Journal) -> None:
    engine = Engine(config, HallClock(0, 0), lambda: "")
    fold_all(engine, journal)
    journal.save_snapshot(engine.seq, engine.snapshot())


def _write_days(config: HallConfig, journal: EventJournal, records: int) -> Engine:
    """Whole days, each ticket called, served and finished, until there are enough records."""
    tokens = iter(range(1 << 40))
    engine = Engine(config, HallClock(0, DAY_MS * 20_000), lambda: f"{next(tokens):022d}")
    start = engine.start(0)
    engine.committed(start, journal.append(start.records), 0)
    day = 0
    while engine.seq < records:
        at_ms = day * DAY_MS + 1000
        carry_out(engine, journal, opening(config, 0), at_ms)
        for number_ in range(DAY_TICKETS):
            carry_out(engine, journal, _visit(config, number_), at_ms + number_ * 90_000)
        day += 1
    return engine


def _visit(config: HallConfig, number_: int) -> list[Command]:
    window = config.window[number_ % len(config.window)]
    acts = [CommandWindow(window.id, act) for act in ("next", "start", "finish")]
    return [IssueTicket(window.services[0], None), *acts]


def _virtual_day(visitors: int) -> list[Row]:
    hours = 8.0 if visitors == DAY_TICKETS else 0.25
    day = Day(visitors=visitors, open_hours_ms=round(hours * 3_600_000))
    began = time.perf_counter()
    result = World(named(7, "clean", day)).run()
    took_s = time.perf_counter() - began
    what = f"virtual day of {hours:g} h, {visitors} visitors, no faults"
    return [
        (what, took_s, "s", took_s * 1e6),
        ("virtual day, steps", result.steps / took_s, "events/s", took_s * 1e6 / result.steps),
        (
            "virtual day, MQTT",
            result.delivered / took_s,
            "packets/s",
            took_s * 1e6 / result.delivered,
        ),
    ]
