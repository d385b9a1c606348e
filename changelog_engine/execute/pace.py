"""How much is sent to the database in one go: bounded in steps, in bytes, and, as it learns, in seconds."""

from __future__ import annotations

FIRST, MOST = 16, 128
MOST_CHARACTERS = 1024 * 1024
LONG_SECONDS, SHORT_SECONDS = 2.0, 0.5


class Pace:
    """Grows while batches are quick and shrinks when one was slow, so that a wish to stop is never far from being
    met.
    """

    def __init__(self) -> None:
        self.steps = FIRST

    def took(self, seconds: float) -> None:
        """Learn from a batch of this size that took so long."""
        if seconds > LONG_SECONDS:
            self.steps = max(self.steps // 4, 1)
        elif seconds < SHORT_SECONDS:
            self.steps = min(self.steps * 2, MOST)
