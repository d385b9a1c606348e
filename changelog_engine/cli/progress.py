"""A run as it happens: a line a step, and on a terminal a bar where it takes over a second."""

from __future__ import annotations

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, assert_never

from click import style

from changelog_engine.cli.interrupts import Interrupts
from changelog_engine.cli.streams import Streams
from changelog_engine.cli.wording import duration, plain
from changelog_engine.execute.events import (
    LockWaited,
    ProofAdvanced,
    ProofStarted,
    RunEnded,
    RunEvent,
    RunStarted,
    StepDone,
    StepFailed,
    StepSkipped,
    StepStarted,
    Warned,
)

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from changelog_engine.plan.steps import Plan

PATIENCE = 1.0
"""Seconds before a bar appears."""
REMIND = 10.0
"""Seconds between two lines that say that the lock is waited for."""


class RunLines:
    """A listener that prints; used in a ``with`` block, so that the bar goes away however the run ends.

    While steps are run, Ctrl-C and SIGTERM go to ``interruption``: what is in hand is ended cleanly.
    """

    def __init__(self, streams: Streams, *, is_atomic: bool = False) -> None:
        self._streams = streams
        self._later = ", to be committed at the end" if is_atomic else ""
        self._bar = _Bar(streams) if streams.is_terminal(sys.stderr) and not streams.is_quiet else None
        self._said_waiting: float | None = None
        self.plan: Plan | None = None
        """What was begun last."""
        self._interrupts = Interrupts()
        self.interruption = self._interrupts.interruption

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._interrupts.give_back()
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, event: RunEvent) -> None:
        if isinstance(event, RunStarted):
            self.plan = event.plan
            self._interrupts.take()
        if self._streams.is_json:
            return
        match event:
            case LockWaited(holder=holder, seconds=seconds):
                self._wait(holder, seconds)
            case RunStarted(plan=plan):
                if self._bar is not None:
                    self._bar.start(len(plan.steps), plan.direction.value)
            case StepStarted(step=step):
                if self._bar is not None:
                    self._bar.show(f"{step.action.value} {step.id}")
            case StepDone(step=step, what=what, duration_ms=milliseconds):
                took = f" ({duration(milliseconds / 1000)})" if step.statements else ""
                self._line(f"{style(what.replace('_', ' '), fg='green')} {step.id}{took}{self._later}", advance=1)
                self._statements(event)
            case StepSkipped(step=step, reason=reason):
                self._line(f"{style('skipped', fg='yellow')} {step.id}: {plain(reason)}", advance=1)
            case StepFailed(step=step, message=message):
                self._line(f"{style('failed', fg='red')} {step.id}: {plain(message)}", advance=1, is_error=True)
            case Warned(message=message):
                self._line(f"{style('warning:', fg='yellow', bold=True)} {plain(message)}", is_error=True)
            case ProofStarted(total=total):
                if self._bar is not None:
                    self._bar.start(total, "proving")
            case ProofAdvanced(what=what):
                if self._bar is not None:
                    self._bar.next(what)
            case RunEnded():
                if self._bar is not None:
                    self._bar.stop()
            case _:
                assert_never(event)

    def _wait(self, holder: str, seconds: float) -> None:
        if self._said_waiting is None or seconds - self._said_waiting >= REMIND:
            self._said_waiting = seconds
            waited = f", {duration(seconds)} so far" if seconds >= 1 else ""
            self._line(f"waiting for the lock, held by {plain(holder)}{waited}", is_error=True)

    def _statements(self, event: StepDone) -> None:
        if self._streams.is_verbose:
            from changelog_engine.sql.templates import show

            for statement in event.step.statements:
                self._line("\n".join(f"    {line}" for line in show(statement.template).splitlines()))

    def _line(self, text: str, *, advance: int = 0, is_error: bool = False) -> None:
        write = self._streams.err if is_error else self._streams.say
        if self._bar is None:
            write(text)
        else:
            self._bar.write(lambda: write(text), advance)


class _Bar:
    """A bar on standard error; made by a timer, as one long statement sends no event that could."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._total = 0
        self._done = 0
        self._text = ""

    def start(self, total: int, text: str) -> None:
        with self._lock:
            self._total, self._text = total, text
            self._timer = threading.Timer(PATIENCE, self._appear)
            self._timer.daemon = True
            self._timer.start()

    def show(self, text: str) -> None:
        with self._lock:
            self._text = text
            self._update()

    def next(self, text: str) -> None:
        """What was shown is done, and ``text`` is at work."""
        with self._lock:
            self._done += 1
            self._text = text
            self._update()

    def write(self, write: Any, advance: int) -> None:
        """Print a line above the bar: it is taken away and drawn again, so that the line keeps to its own stream."""
        with self._lock:
            self._done += advance
            if self._progress is not None:
                self._progress.stop()
            write()
            if self._progress is not None:
                self._progress.start()
                self._update()

    def stop(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if self._progress is not None:
                self._progress.stop()
                self._progress = None

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        with self._lock:
            if self._timer is None:
                return
            self._progress = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                console=Console(stderr=True, no_color=not self._streams.has_color(sys.stderr)),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._task = self._progress.add_task(self._text, total=self._total)
            self._progress.start()
            self._update()

    def _update(self) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=self._text, completed=self._done, refresh=True)
