"""Buttons and lamps on the pins of a Raspberry Pi, through gpiozero: levels only.

gpiozero's own bounce time loses presses on hardware and does nothing in its mock, and its blinking
starts threads; so debouncing and blinking are the logic's, and pins are only read and written.
Callbacks of gpiozero come in its own thread and are handed to the loop.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from gpiozero import DigitalInputDevice, DigitalOutputDevice

from firmware.drivers.pi.driver import Driver, Event, Post
from firmware.drivers.pi.loop import Loop, Timer
from firmware.logic import events
from firmware.logic.debounce import Keys, key_line
from protocols.ticks import ticks_diff

log = logging.getLogger(__name__)


class ServiceButtons(Driver):
    """Push buttons of a kiosk without a touch screen: one per service, to ground when pressed.

    ("touch", service) out, once per press. `factory` is gpiozero's pin factory, None: its own.
    """

    def __init__(
        self, loop: Loop, post: Post, buttons: Sequence[tuple[int, str]], factory: Any = None
    ) -> None:
        self._loop = loop
        self._post = post
        self._services = [service for _, service in buttons]
        self._keys = Keys(len(buttons))
        self._timer: Timer | None = None
        self._inputs = []
        for index, (pin, _) in enumerate(buttons):
            button = DigitalInputDevice(pin, pull_up=True, bounce_time=None, pin_factory=factory)
            button.when_activated = partial(self._edge, index, 1)
            button.when_deactivated = partial(self._edge, index, 0)
            self._inputs.append(button)

    def start(self) -> None:
        """From now on presses count; a button that is down already is stuck."""
        for index, button in enumerate(self._inputs):
            self._keys.edge(self._loop.ticks(), index, int(button.value))
        self._keys.begin(self._loop.ticks())
        self._settle()

    def stop(self) -> None:
        """Give the pins back."""
        for button in self._inputs:
            button.close()

    def apply(self, effect: Event) -> None:
        """Buttons show nothing."""

    def _edge(self, index: int, level: int) -> None:
        # In gpiozero's thread; the moment counts, not when the loop gets to it.
        self._loop.call(partial(self._take, self._loop.ticks(), index, level))

    def _take(self, at: int, index: int, level: int) -> None:
        self._keys.edge(at, index, level)
        self._settle()

    def _settle(self) -> None:
        for index, level, _ in self._keys.settled(self._loop.ticks()):
            if level:
                self._post((events.TOUCH, self._services[index]))
        for index, stuck in self._keys.complaints(self._loop.ticks()):
            log.warning("buttons: %s", key_line(index, self._services[index], stuck)[1])
        if self._timer is not None:
            self._timer.cancel()
        wake_at = self._keys.wake_at()
        if wake_at is not None:
            delay_ms = ticks_diff(wake_at, self._loop.ticks())
            self._timer = self._loop.later(delay_ms, self._settle)


class LampPins(Driver):
    """An overtime lamp on relays: `pins` names, for each colour, the pins that light it.

    ("lamp", colour) in. What is lit goes out before anything else is lit, so that no third colour
    is seen between two; dark at the end of the node.
    """

    def __init__(
        self, pins: Mapping[str, Sequence[int]], active_high: bool = True, factory: Any = None
    ) -> None:
        self._pins = {colour: tuple(numbers) for colour, numbers in pins.items()}
        used = sorted({number for numbers in self._pins.values() for number in numbers})
        self._outputs = {
            number: DigitalOutputDevice(
                number, active_high=active_high, initial_value=False, pin_factory=factory
            )
            for number in used
        }

    def stop(self) -> None:
        """Dark, and give the pins back."""
        self._light(())
        for output in self._outputs.values():
            output.close()

    def apply(self, effect: Event) -> None:
        """Light a colour."""
        if effect[0] == events.LAMP:
            self._light(self._pins.get(str(effect[1]), ()))

    def _light(self, wanted: Sequence[int]) -> None:
        for number, output in self._outputs.items():
            if number not in wanted:
                output.off()
        for number in wanted:
            self._outputs[number].on()
