"""P4 and P5: every display shows the truth soon after a change, and says so when it cannot know.

The truth is the auditor's own fold of the journal; what is shown is read off the devices. A
display is judged once the truth, its connection and the gateway have stood still long enough.
"""

from dataclasses import dataclass
from typing import Protocol

from simulator.auditor_model import HallModel, PromiseBroken
from simulator.virtual_devices import (
    Device,
    FaceDevice,
    LampDevice,
    PadDevice,
    SignDevice,
    WallDevice,
)
from simulator.virtual_printer import KioskDevice

RECONNECT_MS = 2_000
RESTART_MS = 10_000
LEASE_MS = 10_000
SLACK_MS = 400
LIGHTS = {"open": "ready", "called": "call", "serving": "busy", "paused": "paused", "closed": "off"}
RESULT_LIGHTS = ("sent", "done", "refused", "stale")
NO_LEVEL = ""


class Shower(Protocol):
    """A node as the auditor sees it: power, line, the last beat that reached it, its device."""

    name: str
    device: Device
    running: bool
    linked_ms: int
    beat_ms: int

    @property
    def link_up(self) -> bool: ...


@dataclass(slots=True)
class Stillness:
    """Since when nothing has changed that would excuse a wrong picture."""

    truth_ms: int = 0
    restart_ms: int = 0


class PictureAuditor:
    """Compares displays with the model."""

    def __init__(self, model: HallModel) -> None:
        self._model = model
        self._windows = {
            f"{window.id}-{kind}": window.id
            for window in model.config.window
            for kind in window.devices
        }

    def check_lease(self, node: Shower, now_ms: int) -> None:
        """P5: whoever has not heard a beat for the time of a lease shows that."""
        if not node.running or now_ms - node.beat_ms <= LEASE_MS + SLACK_MS:
            return
        shown = self._claims(node.device)
        if shown:
            late_ms = now_ms - node.beat_ms
            raise PromiseBroken("P5", f"{node.name} claims {shown}, {late_ms} ms after any beat")

    def check_truth(self, node: Shower) -> None:
        """P4: the display shows what is so."""
        wrong = self._wrong(node)
        if wrong:
            raise PromiseBroken("P4", f"{node.name} {wrong}")

    def _claims(self, device: Device) -> str:
        """What a display says as if it knew; "" when it admits that it does not."""
        if isinstance(device, PadDevice):
            admits = device.display == "----" and device.light in ("offline", *RESULT_LIGHTS[1:])
            return "" if admits else device.seen()
        if isinstance(device, (SignDevice, WallDevice)):
            return "" if device.mode in ("stale", "dark") else device.seen()
        if isinstance(device, LampDevice):
            colour, blinking = device.looks()
            return "" if colour in ("off", "amber") else f"{colour} {blinking}"
        if isinstance(device, KioskDevice):
            return device.seen() if device.screen in ("ready", "asking") else ""
        return ""

    def _wrong(self, node: Shower) -> str:
        device = node.device
        window = self._windows.get(node.name, "")
        if isinstance(device, PadDevice):
            return self._wrong_pad(device, window)
        if isinstance(device, SignDevice):
            truth = (self._model.mode(window), self._model.number(window))
            shown = (device.mode, device.number)
            return "" if shown == truth else f"shows {shown}, true is {truth}"
        if isinstance(device, LampDevice):
            return self._wrong_lamp(device, window)
        if isinstance(device, FaceDevice):
            return self._wrong_face(device, window)
        if isinstance(device, WallDevice):
            wall = (device.mode, device.rows, device.waiting)
            rows = ("live", self._model.wall_rows(), self._model.waiting())
            return "" if wall == rows else f"shows {wall}, true is {rows}"
        if isinstance(device, KioskDevice) and device.screen in ("offline", "dark", "closed"):
            return f"shows {device.screen}"
        return ""

    def _wrong_pad(self, device: PadDevice, window: str) -> str:
        mode = self._model.mode(window)
        text = {"open": f"{self._model.waiting(window):4d}", "paused": "PAU", "closed": ""}.get(
            mode, self._model.number(window)
        )
        display = device.display.strip()
        typing = mode == "closed" and display.isdigit()
        choosing = display == "T -"
        if not typing and not choosing and display[:3] != text.strip()[:3]:
            return f"shows {device.display!r}, true is {text!r} ({mode})"
        if not typing and not choosing and mode != "paused" and display != text.strip():
            return f"shows {device.display!r}, true is {text!r} ({mode})"
        light = "help" if self._model.windows[window].help else LIGHTS[mode]
        if device.light != light and device.light not in RESULT_LIGHTS:
            return f"has light {device.light}, true is {light} ({mode})"
        return ""

    def _wrong_lamp(self, device: LampDevice, window: str) -> str:
        fact = self._model.windows[window]
        if fact.is_free:
            truth = ("off", False)
        elif fact.level == NO_LEVEL:
            truth = ("green", False)
        else:
            truth = ("amber" if fact.level == "amber" else "red", fact.level == "blink")
        shown = device.looks()
        return "" if shown == truth else f"shows {shown}, true is {truth}"

    def _wrong_face(self, device: FaceDevice, window: str) -> str:
        visit = self._model.windows[window].rating
        number = self._model.tickets[visit].number if visit else ""
        if device.mode == "open" and device.number != number:
            return f"is open for {device.number}, true is {number or 'closed'}"
        return f"shows {device.mode}" if device.mode in ("offline", "dark") else ""
