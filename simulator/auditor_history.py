"""P11: whatever is lost, late or doubled, no display ever goes back to an older truth.

What a display shows as live was true once, and not before what it showed last: its pictures follow
the truth's own history, and may only leave some out. That holds in all weathers and at any moment;
how soon a display must be right is P4, and needs a network that carries what it is given.
"""

from simulator.auditor_model import HallModel
from simulator.broken import PromiseBroken
from simulator.virtual_devices import Device, FaceDevice, PadDevice, SignDevice, WallDevice

Truth = tuple[object, ...]
# So many changes back is as good as never; a display that stood still longer starts anew.
KEPT = 4000


class History:
    """What was true, one after the other; places count from the beginning."""

    def __init__(self, first: Truth) -> None:
        self._truths: list[Truth] = [first]
        self._gone = 0

    def add(self, truth: Truth) -> None:
        """It is so from now on."""
        if self._truths[-1] != truth:
            self._truths.append(truth)
            if len(self._truths) > KEPT:
                del self._truths[: KEPT // 2]
                self._gone += KEPT // 2

    def find(self, truth: Truth, after: int) -> int:
        """The first place from `after` on where it was so, -1 when it never was."""
        for place in range(max(0, after - self._gone), len(self._truths)):
            if self._truths[place] == truth:
                return place + self._gone
        return -1


class HistoryAuditor:
    """The histories of one hall, and how far each display has come in them."""

    def __init__(self, model: HallModel) -> None:
        self._model = model
        self._windows = {
            window.id: History(self._window_truth(window.id)) for window in model.config.window
        }
        self._ratings = {window.id: History(("",)) for window in model.config.window}
        self._wall = History(self._model.wall_rows())
        self._come: dict[str, int] = {}  # node -> place
        self._of_node = {
            f"{window.id}-{kind}": window.id
            for window in model.config.window
            for kind in window.devices
        }

    def _window_truth(self, window: str) -> Truth:
        return (self._model.mode(window), self._model.number(window))

    def _rating_truth(self, window: str) -> Truth:
        visit = self._model.windows[window].rating
        return (self._model.tickets[visit].number if visit in self._model.tickets else "",)

    def truth_changed(self, window: str | None) -> None:
        """The model has taken a record that concerns this window, or all of them."""
        for each in self._windows if window is None else (window,):
            self._windows[each].add(self._window_truth(each))
            self._ratings[each].add(self._rating_truth(each))
        self._wall.add(self._model.wall_rows())

    def starts(self, node: str) -> None:
        """A node boots: it knows nothing, and may be told anything that was true."""
        self._come.pop(node, None)

    def look(self, node: str, device: Device) -> None:
        """What a display shows now."""
        window = self._of_node.get(node, "")
        if isinstance(device, SignDevice):
            if device.mode not in ("stale", "dark"):
                self._follow(node, self._windows[window], (device.mode, device.number))
        elif isinstance(device, WallDevice):
            if device.mode == "live":
                self._follow(node, self._wall, device.rows)
        elif isinstance(device, FaceDevice):
            if device.mode == "open":
                self._follow(node, self._ratings[window], (device.number,))
        elif isinstance(device, PadDevice):
            number = device.display.strip()
            if len(number) == 4 and number[0].isalpha() and number[1:].isdigit():
                modes = ("called", "serving")
                found = [
                    self._windows[window].find((mode, number), self._come.get(node, 0))
                    for mode in modes
                ]
                places = [place for place in found if place >= 0]
                self._come[node] = min(places) if places else self._never(node, number)

    def _follow(self, node: str, history: History, shown: Truth) -> None:
        place = history.find(shown, self._come.get(node, 0))
        self._come[node] = place if place >= 0 else self._never(node, shown)

    def _never(self, node: str, shown: object) -> int:
        raise PromiseBroken("P11", f"{node} shows {shown!r}, which is older than what it showed")
