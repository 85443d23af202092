"""Shows the work on a board: bars at a terminal, plain lines elsewhere, events for programs.

Rules: progress is no result, so it goes to stderr; with --json every step is a line on stdout. Only
a person at a terminal is asked anything.
"""

import sys
from collections.abc import Sequence

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from gateway.cli.output import say_json
from gateway.technician.reporter import Reporter


def make_reporter(as_json: bool) -> Reporter:
    """The one that fits where we are."""
    if as_json:
        return EventReporter()
    return BarReporter() if sys.stderr.isatty() and sys.stdin.isatty() else LineReporter()


class EventReporter:
    """One JSON object a line."""

    def __init__(self) -> None:
        self._step = ""

    def begin(self, step: str, title: str) -> None:  # noqa: ARG002  # for people
        """{"event": "begin", "step": ...}"""
        self._step = step
        self._say("begin")

    def progress(self, done: int, total: int) -> None:
        """{"event": "progress", "done": ..., "total": ...}"""
        self._say("progress", done=done, total=total)

    def done(self, detail: str) -> None:
        """{"event": "done", "detail": ...}"""
        self._say("done", detail=detail)

    def note(self, text: str) -> None:
        """{"event": "note", "text": ...}"""
        self._say("note", text=text)

    def by_hand(self, act: str, text: str) -> None:
        """{"event": "by_hand", "act": "press 3", "text": ...}"""
        self._say("by_hand", act=act, text=text)

    def confirm(self, act: str, question: str) -> bool | None:
        """Told, not asked."""
        self._say("confirm", act=act, text=question)
        return None

    def choose(self, question: str, choices: Sequence[str]) -> int | None:
        """Told, not asked."""
        self._say("choose", text=question, choices=list(choices))
        return None

    def close(self) -> None:
        """Nothing."""

    def _say(self, event: str, **more: object) -> None:
        say_json({"event": event, "step": self._step, **more})
        sys.stdout.flush()


class LineReporter:
    """Plain lines, for a log."""

    def __init__(self) -> None:
        self._title = ""

    def begin(self, step: str, title: str) -> None:  # noqa: ARG002  # for programs
        """Nothing yet: a line says what came of it."""
        self._title = title

    def progress(self, done: int, total: int) -> None:
        """Nothing."""

    def done(self, detail: str) -> None:
        """One line a step."""
        self._say(f"{self._title}: {detail}")

    def note(self, text: str) -> None:
        """One line."""
        self._say(f"  {text}")

    def by_hand(self, act: str, text: str) -> None:  # noqa: ARG002
        """One line."""
        self._say(f"  > {text}")

    def confirm(self, act: str, question: str) -> bool | None:  # noqa: ARG002
        """Nobody is there."""
        self._say(f"  ? {question}")
        return None

    def choose(self, question: str, choices: Sequence[str]) -> int | None:  # noqa: ARG002
        """Nobody is there."""
        return None

    def close(self) -> None:
        """Nothing."""

    @staticmethod
    def _say(text: str) -> None:
        typer.echo(text, err=True)


class BarReporter:
    """A bar for the step that is at work, a tick for each that is done."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._title = ""
        self._bar: Progress | None = None
        self._task = TaskID(0)

    def begin(self, step: str, title: str) -> None:  # noqa: ARG002  # for programs
        """A bar without a length."""
        self._end()
        self._title = title
        self._bar = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=30),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task(escape(title), total=None)
        self._bar.start()

    def progress(self, done: int, total: int) -> None:
        """A bar with a length."""
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=total)

    def done(self, detail: str) -> None:
        """A tick instead of the bar."""
        self._end()
        self._console.print(f"[green]✓[/] {escape(self._title)}  [dim]{escape(detail)}[/]")

    def note(self, text: str) -> None:
        """A line above the bar."""
        self._console.print(f"  [dim]{escape(text)}[/]")

    def by_hand(self, act: str, text: str) -> None:  # noqa: ARG002  # for programs
        """Something to do: it must catch the eye."""
        self._console.print(f"  [bold yellow]▶ {escape(text)}[/]")

    def confirm(self, act: str, question: str) -> bool | None:  # noqa: ARG002
        """Ask, with the bar out of the way."""
        self._end()
        return typer.confirm(f"  {question}", default=True, err=True)

    def choose(self, question: str, choices: Sequence[str]) -> int | None:
        """Ask by number."""
        self._end()
        for number, choice in enumerate(choices, 1):
            self._console.print(f"  {number}  {escape(choice)}")
        number = 0
        while not 1 <= number <= len(choices):
            number = typer.prompt(f"  {question} 1..{len(choices)}", type=int, err=True)
        return number - 1

    def close(self) -> None:
        """The bar must not stay on the screen."""
        self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
