"""Why a command was refused: one code for machines, one sentence for people, zh and en."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """The command had no effect. `reason` is a key of REASONS and fits into `Ack.why`."""

    reason: str

    @property
    def message_zh(self) -> str:
        return REASONS[self.reason][0]

    @property
    def message_en(self) -> str:
        return REASONS[self.reason][1]


REASONS: dict[str, tuple[str, str]] = {
    "stale": ("按键已过时，请重按", "Too old to act on; do it again."),
    "seen": ("窗口状态已变化，请看屏后重按", "The window changed meanwhile; look and do it again."),
    "unknown_service": ("没有这项业务", "There is no such service."),
    "unknown_window": ("没有这个窗口", "There is no such window."),
    "unknown_ticket": ("没有这张号票", "There is no such ticket today."),
    "unknown_officer": ("工号不存在", "No officer has this staff number."),
    "unknown_command": ("没有这个操作", "There is no such window command."),
    "unknown_job": ("没有这项任务", "No such job is open."),
    "officer_elsewhere": ("该工号已在其他窗口签到", "This officer is signed in at another window."),
    "already_signed_in": ("窗口已有人签到", "Somebody is signed in at this window."),
    "not_signed_in": ("请先签到", "Sign in first."),
    "empty": ("没有等候的人", "Nobody is waiting for this window."),
    "busy": ("请先办结当前业务", "Finish, hold or transfer the current ticket first."),
    "not_called": ("没有已呼叫的号", "No ticket is called at this window."),
    "not_serving": ("当前没有办理业务", "No ticket is being served at this window."),
    "called_too_often": ("呼叫次数已满，请按过号", "Called often enough; press MISSED."),
    "nothing_held": ("没有挂起的号", "This window holds no ticket."),
    "same_service": ("号票已在该业务", "The ticket is for this service already."),
    "paused": ("窗口暂停中", "The window is paused; resume first."),
    "not_paused": ("窗口未暂停", "The window is not paused."),
    "help_asked": ("已在求助", "Help is asked for already."),
    "no_help": ("没有求助", "Help is not asked for."),
    "numbers_exhausted": ("今日号已发完", "All numbers of this service are used up today."),
    "no_reserve": ("没有可预留的号", "No numbers can be set aside for this kiosk."),
    "unknown_reserve": ("预留号不属于本机或已过日", "These numbers are not this kiosk's today."),
    "known_ticket": ("该号已登记", "This number is known already."),
    "not_cancellable": ("该号不能取消", "Only a ticket not at a window can be cancelled."),
    "not_missed": ("该号未过号", "Only a missed ticket can come back in line."),
    "already_rated": ("已经评价过", "This visit has been rated."),
    "no_rating": ("不能评价", "This visit is not open for rating."),
    "no_kiosk": ("没有这台取号机", "There is no such ticket kiosk."),
}
