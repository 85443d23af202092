"""An asyncio event loop in virtual time: the real gateway process runs on it, unmodified.

Rules: what is ready runs at the instant it became ready, first in, first out, as on a real loop;
timers are rounded up to the next millisecond. A call in a thread (`run_in_executor`) happens when
its time is over, all at once: nothing here runs at the same time as anything else. What such a
call returns may itself be a future of this loop; the caller then waits for that one.
`kill` is SIGKILL: no callback runs any more, and no coroutine hears of it but by being closed.
"""

import asyncio
import math
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from simulator.virtual_time import Timeline

# At one instant: a process that never waits is a bug of it.
CALLBACKS_AT_ONCE_MAX = 20_000

# How long a call takes in its thread, in milliseconds.
Duration = Callable[[Callable[..., Any]], int]


class Killed(BaseException):
    """Raised by a call in a thread that does not outlive it: the process is gone."""


class VirtualLoop(asyncio.AbstractEventLoop):
    """One process's loop. `on_failure(exception)` hears what no task took."""

    def __init__(
        self,
        timeline: Timeline,
        duration: Duration,
        on_failure: Callable[[BaseException], None],
    ) -> None:
        self.alive = True
        self.on_kill: Callable[[], None] = _nobody_mourns
        self._timeline = timeline
        self._duration = duration
        self._on_failure = on_failure
        self._ready: deque[asyncio.Handle] = deque()
        self._drain_is_planned = False
        self._fuel: int | None = None
        self._tasks: list[asyncio.Task[Any]] = []

    # ---- the outside ----

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Begin a task from outside of the loop."""
        return self.create_task(coroutine)

    def kill_after(self, callbacks: int) -> None:
        """Kill it when so many more callbacks have run, 0: at the end of the one that runs now."""
        self._fuel = callbacks

    def kill(self) -> None:
        """Nothing of this process happens any more. Not from within one of its callbacks."""
        if not self.alive:
            return
        self.alive = False
        self._ready.clear()
        tasks, self._tasks = self._tasks, []
        self.on_kill()
        for task in tasks:
            if not task.done():
                setattr(task, "_log_destroy_pending", False)  # noqa: B010  # not in its type
                task.get_coro().close()

    # ---- what tasks, futures and the process ask of a loop ----

    def time(self) -> float:
        return self._timeline.now_ms / 1000

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return self.alive

    def is_closed(self) -> bool:
        return not self.alive

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(  # type: ignore[override]  # no factory, no context of its own
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None
    ) -> asyncio.Task[Any]:
        task = asyncio.Task(coro, loop=self, name=name or "task")
        if len(self._tasks) > 64:
            self._tasks = [each for each in self._tasks if not each.done()]
        self._tasks.append(task)
        return task

    def call_soon(  # type: ignore[override]  # typeshed spells the arguments as a type variable
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        if self.alive:
            self._ready.append(handle)
            if not self._drain_is_planned:
                self._drain_is_planned = True
                self._timeline.after(0, self._drain)
        return handle

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # there are no threads

    def call_later(  # type: ignore[override]  # as call_soon
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]  # as call_soon
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when, callback, args, self, context)
        at_ms = max(self._timeline.now_ms, math.ceil(when * 1000 - 1e-6))
        self._timeline.at(at_ms, self._timer_is_due, handle)
        return handle

    def run_in_executor(  # type: ignore[override]  # as call_soon
        self,
        executor: Any,  # noqa: ARG002  # part of AbstractEventLoop
        func: Callable[..., Any],
        *args: Any,
    ) -> asyncio.Future[Any]:
        future = self.create_future()
        self._timeline.after(self._duration(func), self._call_in_thread, future, func, args)
        return future

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if self.alive and error is not None:
            self._on_failure(error)

    def default_exception_handler(self, context: dict[str, Any]) -> None:
        self.call_exception_handler(context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """It finds out by itself when it is due."""

    # ---- running ----

    def _timer_is_due(self, handle: asyncio.TimerHandle) -> None:
        if self.alive and not handle.cancelled():
            self._ready.append(handle)
            self._drain()

    def _drain(self) -> None:
        self._drain_is_planned = False
        ready = self._ready
        left = CALLBACKS_AT_ONCE_MAX
        events._set_running_loop(self)
        try:
            while ready and self.alive:
                if self._fuel is not None:
                    self._fuel -= 1
                    if self._fuel < 0:
                        break
                handle = ready.popleft()
                if not handle.cancelled():
                    handle._run()
                left -= 1
                assert left, "the process never waits: an endless loop at one instant"
        finally:
            events._set_running_loop(None)
        if self._fuel is not None and self._fuel <= 0:
            self.kill()

    def _call_in_thread(
        self, future: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        if not self.alive:
            return
        try:
            result = func(*args)
        except Killed:
            self.kill()
        except Exception as error:  # noqa: BLE001  # a thread hands whatever it raises to its caller
            future.set_exception(error)
        else:
            if isinstance(result, asyncio.Future):
                result.add_done_callback(lambda done: _hand_on(done, future))
            elif not future.cancelled():
                future.set_result(result)


def _hand_on(done: asyncio.Future[Any], future: asyncio.Future[Any]) -> None:
    if future.cancelled() or done.cancelled():
        return
    error = done.exception()
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(done.result())


def _nobody_mourns() -> None:
    """Until a process is told."""


def make_loop(
    timeline: Timeline, duration: Duration, on_failure: Callable[[BaseException], None]
) -> VirtualLoop:
    """A loop for one process. It has what a process asks for and nothing else of a loop."""
    return VirtualLoop(timeline, duration, on_failure)  # type: ignore[abstract]  # as said
