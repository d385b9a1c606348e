"""Changes and what is derived to undo them: `KIND.cases` has the cases of a kind of database, and here they are read.

A case is three parts with ``=>`` between them, and cases have ``---`` between them: what was applied before (may be
empty), the change, and what is derived, or ``refused: REASON``. ``python -m tests.derived KIND`` writes the last parts
anew; then look at what has changed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from changelog_engine.operations.knowledge import known_of
from changelog_engine.sql.inverses import Inverse, UncertainError

FOLDER = Path(__file__).parent
REFUSED = "refused: "


class Case(NamedTuple):
    before: str
    change: str
    derived: str = ""


def read_cases(kind: str) -> list[Case]:
    """All cases of a kind of database."""
    blocks = (FOLDER / f"{kind}.cases").read_text(encoding="utf-8").split("\n---\n")
    return [Case(*(part.strip() for part in re.split("^=>$", block, flags=re.MULTILINE))) for block in blocks]


def derive(kind: str, case: Case) -> Inverse | UncertainError:
    """What undoes the change of a case, or why nothing does for certain."""
    known = known_of(kind)
    if case.before:
        known.take_in(case.before)
    known.begin()
    try:
        return known.invert([case.change])
    except UncertainError as error:
        return error


def words(found: Inverse | UncertainError) -> str:
    """What was derived, as a case has it."""
    if isinstance(found, UncertainError):
        return REFUSED + found.reason
    return "\n".join(f"{sql};" for sql in found.statements) or "nothing to undo"
