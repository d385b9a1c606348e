"""What undoes SQL, or a typed change: statements, or the reason why none are certain to."""

from __future__ import annotations

from typing import NamedTuple


class Inverse(NamedTuple):
    """Statements in the order to run, as written in a changelog; none where there is nothing to undo.

    ``transaction`` False: the database refuses one of them in a transaction.
    """

    statements: tuple[str, ...] = ()
    transaction: bool = True


class UncertainError(Exception):
    """No inverse is certain: ``reason`` says why, as a clause; ``number`` tells of which of several changes, from 0,
    and ``place`` is the offset in its text of what it is about, in characters.
    """

    def __init__(self, reason: str, place: int = 0, number: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place
        self.number = number


REMEDY = (
    "write what undoes it under `rollback:`, have the data saved with `rollback: {backup: {tables: [...]}}`, or say "
    "that nothing undoes it and why: `rollback: {irreversible: REASON}`"
)
"""What to do where nothing is certain to undo a change."""

DROPPED = "what it drops is known to nobody afterwards"
REPLACED = "what it replaces, if anything, is known to nobody afterwards"
ENSURED = "with IF NOT EXISTS nobody knows whether it made anything"
ROWS = "what the rows were before is known to nobody afterwards"
