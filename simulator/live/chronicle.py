"""What happened in the hall and how it healed, in plain words, for the log on the page.

Rules: it says only what the devices and the gateway really show; nothing is foretold. Faults are
noted when they are made, each step of the healing when it is seen.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.live.clock import steady_ms
from simulator.live.kiosk_bench import OUT
from simulator.live.window_benches import PadBench

if TYPE_CHECKING:
    from simulator.live.hall import LiveHall

ENTRIES_MAX = 40
TOLD_S = 4  # sooner than any lease ends: somebody told


@dataclass(frozen=True)
class Entry:
    """One line; `kind` is fault, heal or info."""

    id: int
    at_ms: int
    kind: str
    zh: str
    en: str


class Chronicle:
    """The last entries, newest first. `watch` looks at the hall and notes what changed."""

    def __init__(self, hall: LiveHall) -> None:
        self.entries: deque[Entry] = deque(maxlen=ENTRIES_MAX)
        self._hall = hall
        self._count = 0
        self._pads: dict[str, str] = {}
        self._refusals: dict[str, int] = {}
        self._cut_ms: dict[str, int] = {}
        self._outage_ms: int | None = None
        self._all_fresh = False
        self._killed: tuple[int, int, int] | None = None  # (pid, seq, when)
        self._dark_noted: int | None = None
        self._starts = 0
        self._paper: dict[str, Any] = {}
        self._reprints: set[str] = set()

    def note(self, kind: str, zh: str, en: str) -> None:
        """Write a line."""
        self._count += 1
        at_ms = self._hall.link.hall_ms(self._hall.clock_rate) or 0
        self.entries.appendleft(Entry(self._count, at_ms, kind, zh, en))
        self._hall.changed()

    # ---- faults that were made ----

    def cable(self, window: str, pulled: bool) -> None:
        """Somebody's hand at a cable."""
        label = self._hall.config.windows[window].label
        if pulled:
            self._cut_ms[window] = steady_ms()
            self.note(
                "fault",
                f"{label}号窗口叫号器网线被拔。谁也没被通知，它得自己发现",
                f"Window {label}: the pad's cable is out. Nobody is told; it has to find out",
            )
        else:
            self.note(
                "info",
                f"{label}号窗口网线插回，叫号器正在重连",
                f"Window {label}: the cable is back, the pad dials again",
            )

    def broker_killed(self, seconds: float) -> None:
        """The broker was killed."""
        count = len(self._hall.runners)
        self._outage_ms = steady_ms()
        self._all_fresh = False
        self.note(
            "fault",
            f"消息服务被强行终止，{count} 个设备断线，{seconds:g} 秒后恢复",
            f"The broker is killed: {count} devices are cut off for {seconds:g} s",
        )

    def broker_back(self) -> None:
        """It runs again, with nothing in its memory."""
        self.note(
            "info",
            "消息服务重新启动，记忆全无；设备和网关各自重连",
            "The broker is back and remembers nothing; devices and gateway dial in",
        )

    def gateway_killed(self, pid: int) -> None:
        """kill -9."""
        seq = int((self._hall.link.view or {}).get("seq", 0))
        self._killed = (pid, seq, steady_ms())
        self._starts = self._hall.child.starts
        self._outage_ms = self._outage_ms or steady_ms()
        self._all_fresh = False
        self.note(
            "fault",
            f"网关进程 {pid} 被 kill -9，日志停在第 {seq} 条",
            f"Gateway process {pid} is gone (kill -9); its journal stood at {seq}",
        )

    # ---- what can be seen ----

    def watch(self) -> None:
        """Look around; called several times a second."""
        self._watch_gateway()
        for window in self._hall.config.window:
            if f"{window.id}-pad" in self._hall.runners:
                self._watch_pad(window.id, window.label)
        self._watch_printer()
        self._watch_reprints()
        self._watch_outage()

    def _watch_gateway(self) -> None:
        killed = self._killed
        if killed is None or not self._hall.link.connected:
            return
        view = self._hall.link.view
        if self._hall.child.starts == self._starts or view is None:
            return
        if self._hall.link.view_at_ms < killed[2]:
            return
        seconds = (steady_ms() - killed[2]) / 1000
        seq = int(view["seq"])
        self._killed = None
        self.note(
            "heal" if seq >= killed[1] else "fault",
            f"网关已重启，{seconds:.1f} 秒；从日志恢复到第 {seq} 条，确认过的一条不少",
            f"The gateway is back after {seconds:.1f} s, journal at {seq}: nothing settled is lost",
        )

    def _watch_pad(self, window: str, label: str) -> None:
        runner = self._hall.runners[f"{window}-pad"]
        bench = runner.bench
        assert isinstance(bench, PadBench)
        before = self._pads.get(window, "start")
        shows_truth = runner.online and runner.node.lease_fresh
        state = "fine" if shows_truth else "dark" if not runner.node.lease_fresh else "cut"
        self._pads[window] = state
        cut_ms = self._cut_ms.get(window)
        if cut_ms is not None and state != before:
            seconds = (steady_ms() - cut_ms) / 1000
            if state == "dark":
                self.note(
                    "info",
                    f"{label}号叫号器 {seconds:.0f} 秒没听到网关：数字变 ----，按键不受理",
                    f"Pad {label} has not heard the gateway for {seconds:.0f} s: "
                    "it shows ---- and takes no press",
                )
            elif state == "fine" and runner.cable:
                del self._cut_ms[window]
                self.note(
                    "heal",
                    f"{label}号叫号器已恢复，显示与网关一致",
                    f"Pad {label} is back and shows what the gateway says",
                )
        refused = self._refusals.get(window, 0)
        if bench.refusals > refused and bench.light in ("refused", "offline") and not shows_truth:
            self.note(
                "info",
                f"{label}号窗口按键被当场拒绝：离线时按下的不会迟到执行",
                f"Pad {label} refused a key at once: nothing pressed offline happens later",
            )
        self._refusals[window] = bench.refusals

    def _watch_printer(self) -> None:
        _, bench = self._hall.kiosk()
        told = {
            "out": bench.printer.paper_end,
            "cover": bench.printer.cover_open,
            "held": bench.printer.offline and bench.printer.waiting_bytes > 0,
            "known": self._gateway_knows_printer(),
        }
        before, self._paper = self._paper, told
        if not before:
            return
        if told["out"] and not before["out"]:
            self.note("fault", "打印机缺纸", "The printer is out of paper")
        if told["cover"] and not before["cover"]:
            self.note("fault", "打印机纸仓盖打开", "The printer's cover is open")
        if told["held"] and not before["held"]:
            self.note(
                "info",
                "有票停在打印机里：不重发，以免打出两张",
                "A ticket waits inside the printer; it is not sent again, or two would come out",
            )
        if told["known"] and not before["known"]:
            self.note(
                "info",
                "网关已知道打印机不能用，取号机改口“请稍候”",
                "The gateway knows; the kiosk says so and takes no touch",
            )
        mended = (before["out"] or before["cover"]) and not (told["out"] or told["cover"])
        if mended:
            more = "，停住的票接着打完" if before["held"] else ""
            more_en = ", the waiting ticket comes out" if before["held"] else ""
            self.note("heal", f"打印机恢复{more}", f"The printer works again{more_en}")

    def _gateway_knows_printer(self) -> bool:
        printers = (self._hall.link.view or {}).get("printers", [])
        return any(one["paper"] == OUT or one["cover"] == "open" for one in printers)

    def _watch_reprints(self) -> None:
        _, bench = self._hall.kiosk()
        for _, job in list(bench.tickets.values()):
            if job.copy and job.id not in self._reprints:
                self._reprints.add(job.id)
                self.note(
                    "heal",
                    f"{job.number} 上次打印没有确认，按原号补打一张，标“补打”",
                    f"{job.number} was never confirmed: printed again with its number, marked 补打",
                )

    def _watch_outage(self) -> None:
        runners = self._hall.runners.values()
        fresh = sum(runner.online and runner.node.lease_fresh for runner in runners)
        whole = fresh == len(runners)
        outage_ms = self._outage_ms
        if whole and not self._all_fresh and outage_ms is not None and self._killed is None:
            seconds = (steady_ms() - outage_ms) / 1000
            if self._hall.broker_up and self._hall.link.connected:
                self._outage_ms = None
                self.note(
                    "heal",
                    f"{fresh}/{len(runners)} 个设备都显示最新状态，故障后 {seconds:.0f} 秒",
                    f"{fresh} of {len(runners)} devices show the truth, "
                    f"{seconds:.0f} s after the fault",
                )
        hearing = any(runner.node.lease_fresh for runner in runners)
        if outage_ms is not None and not hearing:
            self._note_dark(outage_ms)
        self._all_fresh = whole and outage_ms is None

    def _note_dark(self, outage_ms: int) -> None:
        if self._dark_noted == outage_ms:
            return
        self._dark_noted = outage_ms
        seconds = (steady_ms() - outage_ms) / 1000
        if seconds < TOLD_S:
            self.note(
                "info",
                "消息服务替网关报了“失联”：所有屏幕立即收起旧号码",
                "The broker told of the gateway's end: every display takes its numbers down",
            )
        else:
            self.note(
                "info",
                f"{seconds:.0f} 秒没有网关的消息：所有屏幕收起旧号码，不让人看错",
                f"{seconds:.0f} s without the gateway: every display takes its old numbers down",
            )
