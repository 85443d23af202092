"""One frame: the whole hall as the page draws it, plain JSON. `page/types.js` describes it.

Devices are told as what their parts show (lit segments, decoded LEDs, paper), never as what the
gateway believes; the gateway's own account travels beside them, unchanged, as `view`.
"""

from dataclasses import asdict

from gateway.core.json import JsonObject, JsonValue
from simulator.devices.printer import PrintedTicket
from simulator.devices.printer_items import LINE_WIDTH
from simulator.devices.printer_picture import MARGIN_DOTS, TOOTH_DOTS
from simulator.live.clock import steady_ms
from simulator.live.hall import LiveHall
from simulator.live.kiosk_bench import LOW, OK, OUT
from simulator.live.runner import NodeRunner
from simulator.live.voice_bench import Spoken
from simulator.live.window_benches import (
    LampBench,
    LedBench,
    PadBench,
    RatingBench,
    SignBench,
    lamp_view,
)

# Without a new picture from the gateway for so long its account is old (it beats every second).
VIEW_OLD_MS = 4000


def make_frame(hall: LiveHall, number: int) -> JsonObject:
    """The whole hall, now."""
    now_ms = steady_ms()
    link = hall.link
    names = hall.config.hall
    return {
        "id": number,
        "now_ms": now_ms,
        "hall_ms": link.hall_ms(hall.clock_rate),
        "rate": hall.pace.rate,
        "clock_rate": hall.clock_rate,
        "paused": hall.pace.paused,
        "mode": hall.day.mode,
        "day": hall.day.account(),
        "utc_offset_ms": names.utc_offset_ms,
        "hall": {"name_zh": names.name_zh, "name_en": names.name_en},
        "gateway": _gateway_state(hall),
        "gateway_starts": hall.child.starts,
        "view_age_ms": 0 if link.connected else max(1, now_ms - link.heard_ms),
        "view": link.view,
        "broker": "up" if hall.broker_up else "down",
        "broker_back_ms": 0 if hall.broker_up else max(0, hall.broker_back_ms - now_ms),
        "wall": _wall(hall),
        "windows": [_window(hall, window.id) for window in hall.config.window],
        "kiosk": _kiosk(hall),
        "voice": _voice(hall),
        "log": [asdict(entry) for entry in hall.chronicle.entries],
    }


def _gateway_state(hall: LiveHall) -> str:
    if hall.link.connected:
        return "up"
    return "starting" if hall.child.pid is not None else "down"


def _life(runner: NodeRunner) -> JsonObject:
    return {
        "online": runner.online,
        "fresh": runner.node.lease_fresh,
        "cable": runner.cable,
        "waiting_reports": runner.node.outbox_size,
    }


def _leds(runner: NodeRunner, bench: LedBench) -> JsonObject:
    return {
        **_life(runner),
        "width": bench.chain.width,
        "height": bench.chain.height,
        "brightness": bench.chain.brightness(),
        "bits": bench.pixels(),
    }


def _wall(hall: LiveHall) -> JsonObject:
    return _leds(*hall.wall())


def _window(hall: LiveHall, window: str) -> JsonObject:
    config = hall.config.windows[window]
    found: dict[str, JsonValue] = {
        "id": window,
        "label": config.label,
        "services": [hall.config.services[code].prefix for code in config.services],
        "suggested": hall.suggested_officer(window),
    }
    for kind in config.devices:
        runner = hall.runners[f"{window}-{kind}"]
        found[kind] = _window_part(runner)
    return found


def _window_part(runner: NodeRunner) -> JsonObject:
    bench = runner.bench
    if isinstance(bench, PadBench):
        return {
            **_life(runner),
            "segments": list(bench.display.segments()),
            "text": bench.display.text(),
            "light": bench.light,
            "keys": list(bench.keyboard.down),
            "refused": bench.refusals,
        }
    if isinstance(bench, RatingBench):
        return {
            **_life(runner),
            "mode": bench.mode,
            "number": bench.number,
            "officer": bench.officer,
            "grade": bench.grade,
            "keys": list(bench.keyboard.down),
        }
    if isinstance(bench, LampBench):
        return {**_life(runner), **lamp_view(bench)}
    assert isinstance(bench, SignBench)
    return _leds(runner, bench)


def _kiosk(hall: LiveHall) -> JsonObject:
    runner, bench = hall.kiosk()
    printer = bench.printer
    paper = OUT if printer.paper_end else OK
    if paper == OK and printer.paper_left_mm <= printer.near_end_mm:
        paper = LOW
    return {
        **_life(runner),
        "node": runner.config.id,
        "mode": bench.screen_mode,
        "detail": [str(part) for part in bench.screen_detail]
        if _is_plain(bench.screen_mode)
        else [],
        "services": [
            {"code": code, "zh": zh, "en": en, "waiting": waiting}
            for code, zh, en, waiting in bench.services
        ],
        "paper": paper,
        "cover": "open" if printer.cover_open else "closed",
        "busy": printer.waiting_bytes > 0 or printer.wake_at_ms() is not None,
        "ticket": _paper(hall),
    }


def _is_plain(mode: str) -> bool:
    return mode not in ("ready", "reserve")


def _paper(hall: LiveHall) -> JsonValue:
    _, bench = hall.kiosk()
    if not bench.tickets:
        return None
    place = max(bench.tickets)
    ticket, job = bench.tickets[place]
    width, height = paper_size(ticket)
    return {
        "version": f"{job.id}-{place}",
        "place": place,
        "number": job.number,
        "copy": job.copy,
        "url": job.url,
        "width": width,
        "height": height,
    }


def paper_size(ticket: PrintedTicket) -> tuple[int, int]:
    """Width and height of the ticket's picture in pixels."""
    teeth = 2 * TOOTH_DOTS if ticket.cut == "partial" else 0
    return LINE_WIDTH + 2 * MARGIN_DOTS, max(1, ticket.sheet.length) + teeth


def _voice(hall: LiveHall) -> JsonObject:
    runner, bench = hall.voice()
    return {
        **_life(runner),
        "playing": _spoken(bench.playing),
        "last": _spoken(bench.last),
    }


def _spoken(spoken: Spoken | None) -> JsonValue:
    if spoken is None:
        return None
    return {
        "job": spoken.job,
        "number": spoken.number,
        "window": spoken.window,
        "again": spoken.again,
        "tokens": list(spoken.tokens),
        "starts_ms": list(spoken.starts_ms),
        "started_ms": spoken.started_ms,
        "length_ms": spoken.length_ms,
    }
