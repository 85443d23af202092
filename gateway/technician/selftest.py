"""The self-test from the technician's side: runs the board's, says what to do, what failed."""

from collections.abc import Sequence

from boards.schema import Board
from gateway.technician.remote import Remote, Words
from gateway.technician.reporter import Reporter

ON_BOARD = "/selftest.mpy"
PAD_KEYS = (
    ("叫号", "NEXT"),
    ("重呼", "RECALL"),
    ("开始", "START"),
    ("办结", "FINISH"),
    ("过号", "MISSED"),
    ("挂起", "HOLD"),
    ("转移", "TRANSFER"),
    ("暂停", "PAUSE"),
    ("求助", "HELP"),
)
RATING_KEYS = (
    ("非常不满意", "face 1"),
    ("不满意", "face 2"),
    ("一般", "face 3"),
    ("满意", "face 4"),
    ("非常满意", "face 5"),
)
# Words of effects, as they are seen: (effect, first value) -> what to look at.
LOOKS = {
    ("light", "refused"): "灯红 · light red",
    ("light", "paused"): "灯黄 · light amber",
    ("light", "ready"): "灯绿 · light green",
    ("light", "busy"): "灯蓝 · light blue",
    ("light", "sent"): "灯白 · light white",
    ("display", "8888"): "数码管 8888 全亮 · display 8888, every segment",
    ("lamp", "red"): "红灯 · lamp red",
    ("lamp", "amber"): "黄灯 · lamp amber",
    ("lamp", "green"): "绿灯 · lamp green",
    ("sign", "called"): "窗口屏显示号码 · sign shows a number",
    ("sign", "paused"): "窗口屏“暂停服务” · sign shows 暂停服务",
    ("beep", "key"): "一声短响 · a short beep",
    ("beep", "refused"): "两声低响 · two low beeps",
}
# Code -> what it means, and what to look at. docs/runbooks/wire-a-board.md says more of each.
EXPLAINED = {
    "lights": "灯或显示不对 · a light or the display is not right",
    "display": "数码管没有应答：查 CLK、DIO、3.3 V · the display does not answer: CLK, DIO, 3.3 V",
    "key_down": "没按就通：短路或卡住 · closed before it was pressed: a short, or it sticks",
    "key": "没有收到：查这个键的两根线 · never came: both wires of this key",
    "network": "连不上网络：查名称、密码、信号、网线 · no network: name, password, signal, cable",
    "broker_silent": "消息代理地址没有应答 · nothing answers at the broker's address",
    "broker_refused": "消息代理没有运行 · no broker listens there: is Mosquitto running?",
    "broker_hung_up": (
        "消息代理拒绝证书，或它的证书不是本厅的 · the certificate was refused, by the broker or by "
        "the board: hallkit doctor"
    ),
    "broker_login": "消息代理拒绝登录 · the broker refused the login: hallkit doctor",
    "broker_slow": "消息代理太慢 · the broker did not answer in time",
    "stopped": "自检中断 · the self-test broke off",
}


class SelfTestError(Exception):
    """A phase failed; `code` is a key of EXPLAINED."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{EXPLAINED[code]}{f' ({detail})' if detail else ''}")
        self.code = code
        self.detail = detail


def key_names(board: Board, kind: str) -> list[str]:
    """What every key of a board is called, with the signal that leads to it."""
    named = PAD_KEYS if kind == "pad" else RATING_KEYS
    signals: list[str] = []
    for part in board.part:
        if part.driver == "keys":
            signals += [f"{name}, GPIO {board.pins[name]}" for name in part.pins["keys"]]
        elif part.driver == "key_matrix":
            rows, columns = part.pins["rows"], part.pins["columns"]
            signals += [f"{row} x {column}" for row in rows for column in columns]
    return [f"“{zh}” · {en}  ({signal})" for (zh, en), signal in zip(named, signals, strict=False)]


def run_selftest(remote: Remote, compiled: bytes, names: Sequence[str], report: Reporter) -> None:
    """All phases; `compiled` is the board's own half. Raises SelfTestError, RemoteError."""
    remote.write({ON_BOARD: compiled}, lambda *_: None)
    phases = ["lights", *(["keys"] if names else []), "network"]
    for phase in phases:
        _run_phase(remote, phase, names, report)
        if phase == "lights":
            answer = report.confirm(
                "look", "灯、显示、声音都对吗？ · did you see and hear all of it?"
            )
            if answer is False:
                raise SelfTestError("lights")
    remote.remove([ON_BOARD])


def _run_phase(remote: Remote, phase: str, names: Sequence[str], report: Reporter) -> None:
    passed = False
    failed: list[SelfTestError] = []

    def take(words: Words) -> None:
        nonlocal passed
        match words:
            case ["shows", effect, *values]:
                first = str(values[0]) if values else ""
                text = LOOKS.get((effect, first), "")
                if effect == "face" and values and values[-1]:
                    text = f"第 {values[-1]} 个灯 · LED {values[-1]}"
                if text:
                    report.by_hand(f"look {effect} {first}", text)
            case ["press", key]:
                report.by_hand(f"press {key}", f"请按 · press {names[key]}")
            case ["pressed", key]:
                report.note(f"按下的是 · that was {names[key]}")
            case ["joined", ms]:
                report.note(f"已连网络 · joined the network in {ms} ms")
            case ["answered", ms]:
                report.note(f"消息代理已应答 · the broker answered in {ms} ms")
            case ["failed", code, detail]:
                is_key = code in ("key", "key_down")
                failed.append(SelfTestError(code, names[detail] if is_key else str(detail)))
            case ["passed", _]:
                passed = True

    remote.execute(f"import selftest\nselftest.main({phase!r})", take)
    if failed:
        raise failed[0]
    if not passed:
        raise SelfTestError("stopped", phase)
