"""P4 and P5: every display shows the truth soon after a change, and says so when it cannot know.

The truth is the auditor's own fold of the journal; what is shown is read off the devices. A
display is judged once the truth, its connection and the gateway have stood still long enough.
"""

from dataclasses import dataclass
from typing import Protocol

from gateway.core.json import JsonObject
from simulator.auditor_model import HallModel
from simulator.broken import PromiseBroken
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
    running: bool
    linked_ms: int

    @property
    def device(self) -> Device: ...
    @property
    def told_ms(self) -> int: ...  # of beat_ms, what is known without asking
    @property
    def beat_ms(self) -> int: ...
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
        self._disturbed_ms: dict[str, int] = {}  # node -> when its line was last disturbed
        self._windows = {
            f"{window.id}-{kind}": window.id
            for window in model.config.window
            for kind in window.devices
        }

    def disturbed(self, name: str, until_ms: int) -> None:
        """Something befell the line of a node, until then."""
        self._disturbed_ms[name] = max(until_ms, self._disturbed_ms.get(name, 0))

    def is_undisturbed(self, name: str, now_ms: int) -> bool:
        """Nothing has befallen its line for as long as a reconnection may take."""
        return now_ms - self._disturbed_ms.get(name, -RESTART_MS) > RECONNECT_MS + SLACK_MS

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

    def check_page(self, node: Shower, page: dict[str, JsonObject]) -> None:
        """P4 for the technician's page: who is there is shown as there, showing what it should."""
        row = page.get(node.name)
        if row is None:
            return
        right = row["online"] and (row["want_rev"] is None or row["shown_rev"] == row["want_rev"])
        if not right:
            shown = {name: row[name] for name in ("state", "want_rev", "shown_rev")}
            raise PromiseBroken("P4", f"{node.name} is connected and right; its page says {shown}")

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
