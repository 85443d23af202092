"""Buttons and lamps through gpiozero, on its mock pins: levels only, nothing of its own time."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from gpiozero.pins.mock import MockFactory

from firmware.drivers.pi.loop import Loop
from firmware.drivers.pi.pins import LampPins, ServiceButtons

DEADLINE_S = 20.0


@pytest.fixture
def factory() -> Iterator[MockFactory]:
    made = MockFactory()
    yield made
    made.reset()


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


def run_until(loop: Loop, holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, "not in time"
        loop.run_once(5)


def test_a_bouncing_press_is_one_touch_and_a_stuck_button_is_none(
    loop: Loop, factory: MockFactory
) -> None:
    events: list[tuple[object, ...]] = []
    stuck, good = factory.pin(6), factory.pin(5)
    buttons = ServiceButtons(loop, events.append, [(5, "filing"), (6, "social")], factory)
    stuck.drive_low()
    buttons.start()

    def press() -> None:  # as on hardware: in another thread
        for _ in range(5):
            good.drive_low()
            good.drive_high()
        good.drive_low()

    finger = threading.Thread(target=press)
    finger.start()
    finger.join()
    run_until(loop, lambda: events)
    good.drive_high()
    idle = loop.now_ms() + 60
    run_until(loop, lambda: loop.now_ms() > idle)
    assert events == [("touch", "filing")]
    buttons.stop()


def test_a_lamp_shows_one_colour_and_goes_dark_before_the_next(factory: MockFactory) -> None:
    lamp = LampPins({"green": (17,), "amber": (17, 22), "red": (22,)}, factory=factory)
    green, red = factory.pin(17), factory.pin(22)
    seen = []
    for colour in ("green", "amber", "red", "off", "red"):
        lamp.apply(("lamp", colour))
        seen.append((bool(green.state), bool(red.state)))
    assert seen == [(True, False), (True, True), (False, True), (False, False), (False, True)]
    lamp.apply(("screen", "ready", ()))
    lamp.stop()
    # Closed pins are inputs again: nothing is driven.
    assert (green.function, red.function) == ("input", "input")


def test_a_relay_that_is_lit_by_a_low_level_is_dark_at_the_start(factory: MockFactory) -> None:
    lamp = LampPins({"green": (17,), "amber": (18,), "red": (22,)}, False, factory)
    assert factory.pin(17).state
    lamp.apply(("lamp", "green"))
    assert not factory.pin(17).state
    lamp.stop()
