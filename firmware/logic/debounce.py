"""Keys: raw edges in, clean presses and releases out. MicroPython subset, pure.

Rules:
- a level counts once it has stood still for STABLE_MS; whatever bounces faster is one press;
- a key that was down before `begin()` is stuck (a broken switch, a bag on the pad): it presses
  nothing until it has been cleanly released;
- a key that stays down pressed once and presses no more, and the others go on; after STUCK_MS it is
  called stuck, so that a technician hears of it, and called free when it comes up again;
- the moment of a press is its first raw edge, not the end of its bounce, because that is when the
  finger acted on what the eye saw.
"""

from firmware.logic.timers import earlier, is_due
from protocols.ticks import ticks_add, ticks_diff

STABLE_MS = 20
STUCK_MS = 30000


class _Key:
    def __init__(self) -> None:
        self.raw = 0
        self.stable = 0
        self.stuck = False
        self.settles_at: int | None = None  # when the raw level becomes the stable one
        self.first_edge = 0
        self.stuck_at: int | None = None  # when, if it stays down, it is called stuck
        self.told = False  # that it is


class Keys:
    """`count` keys, all up."""

    def __init__(self, count: int) -> None:
        self._keys = [_Key() for _ in range(count)]
        self._running = False

    def begin(self, now_ms: int) -> None:
        """From now on presses count; keys that are down already are stuck."""
        self._running = True
        for key in self._keys:
            if key.raw or key.stable:
                key.stuck = True
                key.stable = 1
                key.settles_at = None
                key.stuck_at = now_ms

    def edge(self, now_ms: int, index: int, level: int) -> bool:
        """Take a raw edge. True when it may begin a press: the finger goes down now."""
        if not 0 <= index < len(self._keys):
            raise ValueError(f"key {index}: there are keys 0..{len(self._keys) - 1}")
        key = self._keys[index]
        level = 1 if level else 0
        if level == key.raw:
            return False
        rested = key.settles_at is None
        key.raw = level
        key.settles_at = ticks_add(now_ms, STABLE_MS)
        if rested:
            key.first_edge = now_ms
        return rested and level == 1 and self._running and not key.stuck

    def settled(self, now_ms: int) -> list[tuple[int, int, int]]:
        """[(index, level, first_edge_tick)] of the presses (1) and releases (0) that are certain
        by now, in the order of their settling."""
        found: list[tuple[int, int, int, int]] = []
        for index in range(len(self._keys)):
            key = self._keys[index]
            if not is_due(key.settles_at, now_ms):
                continue
            settled_at = key.settles_at
            key.settles_at = None
            if key.raw == key.stable:
                continue  # a glitch: it went and came back
            key.stable = key.raw
            key.stuck_at = ticks_add(now_ms, STUCK_MS) if key.stable else None
            if key.stuck:
                key.stuck = key.stable == 1
            elif self._running:
                late_ms = ticks_diff(now_ms, settled_at or 0)
                found.append((-late_ms, index, key.stable, key.first_edge))
        found.sort()
        return [(index, level, first_edge) for _, index, level, first_edge in found]

    def complaints(self, now_ms: int) -> list[tuple[int, bool]]:
        """[(index, True)] of keys that are stuck now, [(index, False)] of those free again."""
        found = []
        for index in range(len(self._keys)):
            key = self._keys[index]
            if is_due(key.stuck_at, now_ms):
                key.stuck_at = None
                key.told = True
                found.append((index, True))
            elif key.told and key.stable == 0:
                key.told = False
                found.append((index, False))
        return found

    def stuck(self) -> list[int]:
        """The keys that were called stuck and are."""
        return [index for index in range(len(self._keys)) if self._keys[index].told]

    def wake_at(self) -> int | None:
        """When the next level may settle, or a key may have to be called stuck."""
        deadline: int | None = None
        for key in self._keys:
            # Asked after every event of a pad: most keys wait for nothing.
            if key.settles_at is not None:
                deadline = earlier(deadline, key.settles_at)
            if key.stuck_at is not None:
                deadline = earlier(deadline, key.stuck_at)
        return deadline


def key_line(index: int, name: str, stuck: bool) -> tuple[str, str]:
    """(level, text) for the technician."""
    if stuck:
        return "warning", f"key {index + 1} ({name}) is stuck: it does not come up"
    return "info", f"key {index + 1} ({name}) is free again"
