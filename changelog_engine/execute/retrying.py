"""Trying a changeset again after what passes by itself: a lock time-out, a deadlock, two that met on one catalogue
row.
"""

from __future__ import annotations

from changelog_engine.errors import ChangesetFailedError, StatementError
from changelog_engine.model import Retries
from changelog_engine.plan.steps import Step

LONGEST_PAUSE = 60.0
"""Seconds. Pauses double up to it, so that many attempts mean to go on trying and not to fall asleep."""


class Retrying:
    """Counts the attempts of one run. ``least`` is granted also where the changeset asks for no retries."""

    def __init__(self, least: Retries | None = None) -> None:
        self._least = least or Retries()
        self._attempts: dict[str, int] = {}

    def pause_after(self, step: Step, error: ChangesetFailedError) -> float | None:
        """The seconds to wait before another try; None where there is to be none. Nothing of the step was done."""
        cause = error.__cause__
        if not (step.transaction and isinstance(cause, StatementError) and cause.may_pass):
            return None
        retries = step.consideration.retries or self._least
        tried = self._attempts.get(step.id, 0)
        if tried >= retries.attempts:
            return None
        self._attempts[step.id] = tried + 1
        longest = max(LONGEST_PAUSE, retries.initial_seconds)
        return min(retries.initial_seconds * 2.0 ** min(tried, 30), longest)
