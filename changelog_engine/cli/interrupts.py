"""Signals during a run: the first asks it to stop after the step in hand, the next one cancels that step."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from changelog_engine.execute.interruption import Interruption

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Takes the signals from when the first step is about to begin; before that they end the program at once."""

    def __init__(self) -> None:
        self.interruption = Interruption()
        self._previous: dict[signal.Signals, Any] = {}

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
        is_first = self.interruption.signal is None
        self.interruption.request(number)
        words = "stopping after what is in hand; again to cancel it" if is_first else "cancelling what is in hand"
        # Not through a buffered stream, which the signal may have come in the middle of.
        os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"\n{words}\n".encode())
