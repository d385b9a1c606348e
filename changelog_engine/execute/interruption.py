"""A wish to stop, from a signal: the first ends a run after the step in hand, the second cancels that step too."""

from __future__ import annotations

import time
from collections.abc import Callable

from changelog_engine.errors import InterruptedRunError


class Interruption:
    """Asked for by ``request``; looked at by the executor between steps. One a run."""

    def __init__(self) -> None:
        self.signal: int | None = None
        self.has_cancelled = False
        self._cancel: Callable[[], None] | None = None

    def cancels_by(self, cancel: Callable[[], None]) -> None:
        """What a second request calls, to end the statement in hand."""
        self._cancel = cancel

    def request(self, signal: int) -> None:
        """Ask for the end; safe in a signal handler."""
        is_repeated = self.signal is not None
        self.signal = signal
        if is_repeated and self._cancel is not None:
            self.has_cancelled = True
            self._cancel()

    def pause(self, seconds: float) -> None:
        """Sleep so long, or until the end is asked for."""
        until = time.monotonic() + seconds
        while self.signal is None and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.05))

    def check(self, message: str) -> None:
        """Raise InterruptedRunError where the end has been asked for."""
        if self.signal is not None:
            raise InterruptedRunError(message, signal=self.signal, hint="run it again: it goes on where this one ended")
