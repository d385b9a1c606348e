"""Signals during a run: the first asks it to stop after the step in hand, the next one cancels that step.

Where even that brings no end, as over a network that has fallen silent, a later one ends the program at once, as
`kill -9` would: the database undoes what is not committed, and the lock dies with the connection.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import Any

from changelog_engine.execute.interruption import Interruption

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 3.0
"""Seconds that a cancelled step has for its end, before a further signal ends the program."""


class Interrupts:
    """Takes the signals from when the first step is about to begin; before that they end the program at once."""

    def __init__(self) -> None:
        self.interruption = Interruption()
        self._previous: dict[signal.Signals, Any] = {}
        self._cancelled_at: float | None = None

    def take(self) -> None:
        if not self._previous:
            for number in SIGNALS:
                if signal.getsignal(number) is signal.SIG_IGN:
                    continue  # as `nohup` and a shell's `&` want it
                try:
                    self._previous[number] = signal.signal(number, self._request)
                except ValueError:
                    return  # not the main thread: signals are the application's business

    def give_back(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _request(self, number: int, _frame: Any) -> None:
        if self._cancelled_at is not None and time.monotonic() - self._cancelled_at > PATIENCE:
            _say("ending at once: the database undoes what is not committed")
            os._exit(128 + number)
        is_first = self.interruption.signal is None
        _say("stopping after what is in hand; again to cancel it" if is_first else "cancelling what is in hand")
        if not is_first and self._cancelled_at is None:
            self._cancelled_at = time.monotonic()
        # To cancel may take seconds, and a further signal may come in the middle of them.
        self.interruption.request(number)


def _say(words: str) -> None:
    # Not through a buffered stream, which the signal may have come in the middle of.
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"\n{words}\n".encode())
