"""The superloop of an ESP32: look at pins and socket, step the node, apply effects, wait.

MicroPython subset; the hardware is what is handed in.

The order of one turn, and why:
1. pins, each event with the tick at which it was read: a press is as old as the finger, not as the
   socket that was read before it;
2. interface and socket; 3. the node's deadlines; 4. the parts' (blinking, beeping, refreshing);
5. the update, if there is one; 6. the watchdog, by firmware.shell.liveness; 7. wait for bytes, at
   most POLL_MS, because keys are polled, or IDLE_MS on a board without keys; never past a deadline.
After every call into the node its effects are carried out in order (a stored value is durable
before the next effect), then its bytes go, as firmware.shell.node demands.
"""

from firmware.logic import events
from firmware.logic.timers import earlier, is_due
from firmware.shell.care import Care
from firmware.shell.liveness import Liveness
from protocols import topics
from protocols.messages.service import BlockWanted
from protocols.ticks import ticks_add, ticks_diff

POLL_MS = 5
IDLE_MS = 100
# How often the interface is asked for its state, and garbage is collected.
LOOK_MS = 250
COLLECT_MS = 5000
# The network stack sends the last words before the chip is reset.
GOODBYE_MS = 200


class Loop:
    """`hal`: ticks_ms, sleep_ms, chance, reset. `collect` is gc.collect; `feed` feeds the watchdog.

    `health` is a firmware.shell.health.Health; `updater` (update.py) is the one the node has, or
    None.
    """

    def __init__(  # type: ignore[no-untyped-def]  # the parts are of many shapes; no Protocol here
        self,
        node,
        parts,
        link,
        interface,
        store,
        hal,
        feed,
        collect,
        has_keys: bool,
        health,
        updater=None,
    ) -> None:
        now_ms = hal.ticks_ms()
        self.node = node
        self.care = Care(now_ms, hal.chance)
        self.liveness = Liveness(now_ms)
        self.health = health
        self._parts = parts
        self._link = link
        self._interface = interface
        self._store = store
        self._hal = hal
        self._feed = feed
        self._collect = collect
        self._updater = updater
        self._longest_ms = POLL_MS if has_keys else IDLE_MS
        self._look_at = now_ms
        self._collect_at = ticks_add(now_ms, COLLECT_MS)
        self._link_was_up = False

    def start(self) -> None:
        """Give the node its memory and the keys that are held down, and begin."""
        now_ms = self._hal.ticks_ms()
        self._interface.start()
        self.node.input(now_ms, (events.RESTORE, self._store.kept()))
        for event in self._parts.poll():
            self.node.input(now_ms, event)
        self.node.input(now_ms, (events.START,))
        self._settle(now_ms)

    def turn(self) -> None:
        """Once around."""
        now_ms = self._hal.ticks_ms()
        busy = self.node.outbox_size > 0
        for event in self._parts.poll():
            busy = True
            self.node.input(now_ms, event)
            self._settle(now_ms)
        if is_due(earlier(self._look_at, self.care.wake_at()), now_ms):
            self._look_at = ticks_add(now_ms, LOOK_MS)
            self._look_at_interface(now_ms)
        for event in self._link.step(now_ms):
            self._take(now_ms, event)
            self._settle(now_ms)
        deadline = self.node.wake_at()
        if deadline is not None and ticks_diff(now_ms, deadline) >= 0:
            self.node.wake(now_ms)
            self._settle(now_ms)
        self._dial_if_wanted(now_ms)
        self._parts.wake(now_ms)
        if self.node.link_up and not self._link_was_up:
            self.care.link_came_up()
        self._link_was_up = self.node.link_up
        if self._updater is not None:
            self._update(now_ms, busy)
        if self.health.step(now_ms, self.node):
            self._settle(now_ms)
        if self.liveness.may_feed(now_ms, self.node.lease_fresh, self.node.link_up):
            self._feed()
        if ticks_diff(now_ms, self._collect_at) >= 0:
            self._collect_at = ticks_add(now_ms, COLLECT_MS)
            self._collect()
        self._link.wait(self._pause_ms(), self._hal.sleep_ms)

    def _pause_ms(self) -> int:
        deadline = earlier(self.node.wake_at(), self._parts.wake_at())
        deadline = earlier(deadline, self.care.wake_at())
        deadline = earlier(deadline, self._look_at)
        if self._updater is not None:
            deadline = earlier(deadline, self._updater.wake_at())
        pause_ms = self._longest_ms
        if deadline is not None:
            pause_ms = min(pause_ms, ticks_diff(deadline, self._hal.ticks_ms()))
        return max(0, pause_ms)

    def _look_at_interface(self, now_ms: int) -> None:
        up = self._interface.is_up()
        restart = self.care.look(now_ms, up)
        if restart or not up:
            # No cable or no Wi-Fi: the connection is gone, whatever the socket still believes.
            if self.node.link_up:
                self.health.lost_by("no network")
            self._drop_link(now_ms)
        if restart:
            why = "dials met silence" if up else "there was no network"
            self.health.note("warning", f"interface started anew: {why}")
            self._interface.restart()
            self.liveness.attempt_ended(now_ms)

    def _drop_link(self, now_ms: int) -> None:
        if self._link.dialling:
            self._link.close()
            self.node.connection_refused(now_ms)
        elif self._link.connected:
            self._link.close()
            self.node.connection_lost(now_ms)
        self._settle(now_ms)

    def _take(self, now_ms: int, event: tuple) -> None:
        kind = event[0]
        if kind == "data":
            self.node.receive(now_ms, event[1])
        elif kind == "made":
            self._dial_ended(now_ms, True)
            self.node.connection_made(now_ms)
        elif kind == "refused":
            self._dial_ended(now_ms, event[1])
            self.node.connection_refused(now_ms)
        else:
            self.node.connection_lost(now_ms)

    def _dial_ended(self, now_ms: int, answered: bool) -> None:
        self.care.dial_ended(answered)
        self.liveness.attempt_ended(now_ms)

    def _dial_if_wanted(self, now_ms: int) -> None:
        if self.node.wants_connection and not self._link.dialling and self.care.may_dial():
            self.node.wants_connection = False
            self._link.dial(now_ms)

    def _update(self, now_ms: int, busy: bool) -> None:
        updater = self._updater
        updater.wake(now_ms, self.node.link_up, busy)
        self.health.running = (updater.release, updater.slot, updater.on_trial)
        for message in updater.take_messages():
            channel = topics.GET if isinstance(message, BlockWanted) else topics.LOG
            self.node.tell(now_ms, message, channel)
        if updater.wants_reset:
            self.node.leave(now_ms)
        self._settle(now_ms)
        if updater.wants_reset:
            self._hal.sleep_ms(GOODBYE_MS)
            self._hal.reset()

    def _settle(self, now_ms: int) -> None:
        """What the contract of the node asks for after every call into it."""
        node = self.node
        while True:
            effects = node.take_effects()
            for effect in effects:
                if effect[0] == events.STORE:
                    self._store.put(effect[1], effect[2])
                else:
                    self._parts.apply(effect, now_ms)
            output = node.take_output()
            if output:
                self._link.send(output)
            if node.wants_close:
                self._link.flush()  # what was written before goes out first
                self._link.close()
                node.connection_lost(now_ms)
            elif not effects:
                return
