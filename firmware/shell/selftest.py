"""The self-test of a board on the cable: lights, keys, network and broker. MicroPython.

`hallkit flash` runs it at the prompt, a phase at a time, on the files the board has just been
given; it is no part of the application. What it says, one line of JSON after MARK each:

    ["shows", effect, ...]       it can be seen or heard now
    ["press", key]               press this key (0 is the first) and let go
    ["pressed", key]             another key came than the one asked for
    ["joined", ms], ["answered", ms]    the network, the broker
    ["failed", code, detail]     and why; the codes are explained in docs/runbooks/wire-a-board.md
    ["passed", phase]            the last line of a phase in which nothing failed
Ctrl-C ends it; then the parts stay as they are until the reset.
"""

import json
import sys

from firmware.drivers.esp32 import hal
from firmware.drivers.esp32.interface import Ethernet, Wifi
from firmware.drivers.esp32.parts import make_part
from firmware.logic import events
from firmware.shell.flash import read_file
from firmware.shell.link import Link
from firmware.shell.settings import Settings
from protocols.mqtt_session import ClientSession
from protocols.ticks import ticks_add, ticks_diff

MARK = "#hallkit "
SHOW_MS = 700
KEY_MS = 30000
STILL_MS = 30
JOIN_MS = 30000
BROKER_MS = 15000
STEP_MS = 5
# What every kind of part can show, one after the other; the last one is dark again.
SHOWS = (
    (events.DISPLAY, ("8888",), ("    ",)),
    (events.LIGHT, ("refused",), ("paused",), ("ready",), ("busy",), ("sent",), ("off",)),
    (events.LAMP, ("red",), ("amber",), ("green",), ("off",)),
    (
        events.FACE,
        ("thanks", "", "", 1),
        ("thanks", "", "", 2),
        ("thanks", "", "", 3),
        ("thanks", "", "", 4),
        ("thanks", "", "", 5),
        ("closed", "", "", 0),
    ),
    (events.SIGN, ("called", "8888", ""), ("called", "A023", ""), ("paused", "", "")),
    (events.BEEP, ("key",), ("refused",)),
)


def say(*words) -> None:  # type: ignore[no-untyped-def]  # whatever JSON has
    """One line for the technician's computer."""
    sys.stdout.write(MARK + json.dumps(words) + "\n")


def show_all(parts: list) -> None:
    """Everything that can be seen or heard, a while each."""
    for shown in SHOWS:
        takers = [part for part in parts if shown[0] in part.takes]
        for values in shown[1:]:
            if takers:
                effect = (shown[0],) + values
                say("shows", *effect)
                for part in takers:
                    part.apply(effect, hal.ticks_ms())
                _live(parts, SHOW_MS)
    silent = sum([getattr(part, "unanswered", 0) for part in parts])
    if silent:
        say("failed", "display", f"{silent} bytes were not answered")
    else:
        say("passed", "lights")


def ask_for_keys(parts: list, count: int) -> None:
    """Every key by its number; one that is down before it was asked for, or never comes, fails."""
    down = _pressed(parts)
    _live(parts, STILL_MS)
    down += _pressed(parts)
    if down:
        say("failed", "key_down", down[-1])
        return
    for key in range(count):
        say("press", key)
        if not _wait_for_key(parts, key):
            say("failed", "key", key)
            return
    say("passed", "keys")


def _wait_for_key(parts: list, key: int) -> bool:
    end = ticks_add(hal.ticks_ms(), KEY_MS)
    seen = False
    while ticks_diff(end, hal.ticks_ms()) > 0:
        for part in parts:
            for _, index, level in part.poll():
                if index != key:
                    if level:
                        say("pressed", index)
                elif level:
                    seen = True
                elif seen:
                    _live(parts, STILL_MS)  # bounce
                    _pressed(parts)
                    return True
        _live(parts, STEP_MS)
    return False


def _pressed(parts: list) -> list[int]:
    found: list[int] = []
    for part in parts:
        for _, index, level in part.poll():
            if level:
                found.append(index)
    return found


def _live(parts: list, duration_ms: int) -> None:
    end = ticks_add(hal.ticks_ms(), duration_ms)
    while ticks_diff(end, hal.ticks_ms()) > 0:
        now_ms = hal.ticks_ms()
        for part in parts:
            part.wake(now_ms)
        hal.sleep_ms(STEP_MS)


def reach_broker(settings: Settings, interface, link) -> None:  # type: ignore[no-untyped-def]  # of hal and link
    """Join the network, then open a session at the broker as this node, and close it again."""
    began = hal.ticks_ms()
    interface.start()  # after a reset: one that is joined already would refuse
    while not interface.is_up():
        if ticks_diff(hal.ticks_ms(), began) > JOIN_MS:
            say("failed", "network", "")
            return
        hal.sleep_ms(STEP_MS)
    say("joined", ticks_diff(hal.ticks_ms(), began))
    began = hal.ticks_ms()
    problem = _open_session(settings, link, ticks_add(began, BROKER_MS))
    link.close()
    if problem:
        say("failed", problem, "")
    else:
        say("answered", ticks_diff(hal.ticks_ms(), began))
        say("passed", "network")


def _open_session(settings: Settings, link, end: int) -> str:  # type: ignore[no-untyped-def]  # as above
    """ "" or the code of what went wrong."""
    session = ClientSession(settings.node, 15, settings.node, settings.password)
    link.dial(hal.ticks_ms())
    while ticks_diff(end, hal.ticks_ms()) > 0:
        now_ms = hal.ticks_ms()
        for event in link.step(now_ms):
            if event[0] == "made":
                session.connection_made(now_ms)
            elif event[0] == "data":
                session.receive(now_ms, event[1])
            elif event[0] == "refused":
                return "broker_refused" if event[1] else "broker_silent"
            else:
                return "broker_hung_up"
        if session.connected:
            session.disconnect(now_ms)
            link.send(session.take_output())
            link.flush()
            return ""
        for event in session.take_events():
            if event[0] == "closed":
                return "broker_login"
        link.send(session.take_output())
        link.wait(STEP_MS, hal.sleep_ms)
    return "broker_slow"


def main(phase: str, folder: str = "/config") -> None:
    """One phase: "lights", "keys" or "network"."""
    settings = Settings(read_file(folder + "/node.json"), read_file(folder + "/board.json"))
    if phase == "network":
        year, month, day = settings.date
        hal.set_clock_if_unset(year, month, day)
        tls: tuple | None = None
        if settings.tls is not None:
            names = [settings.tls[key] for key in ("ca", "certificate", "key")]
            tls = tuple([read_file(folder + "/" + name) for name in names])
        link = Link(settings.broker_host, settings.broker_port, settings.broker_name, tls)
        interface: Wifi | Ethernet
        if settings.wifi is not None and settings.network["type"] == "wifi":
            interface = Wifi(settings.node, settings.wifi["ssid"], settings.wifi["password"])
        else:
            interface = Ethernet(settings.node, settings.network)
        reach_broker(settings, interface, link)
        return
    parts = []
    keys = 0
    for driver, pins, options in settings.parts:
        parts.append(make_part(driver, pins, options, lambda: read_file(folder + "/glyphs.bin")))
        if driver == "keys":
            keys += len(pins["keys"])
        elif driver == "key_matrix":
            keys += len(pins["rows"]) * len(pins["columns"])
    if phase == "lights":
        show_all(parts)
    else:
        ask_for_keys(parts, keys)
