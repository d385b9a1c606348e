"""Whether the ledger is what the engine wrote: its chain of hashes, its head, and a row that somebody kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from changelog_engine.errors import BrokenChainError
from changelog_engine.ledger.entries import Entry, Head, first_break
from changelog_engine.ledger.ledger import Ledger


def verify_chain(ledger: Ledger, expected: Head | None = None) -> None:
    """Recompute the whole chain, compare its end with the recorded head, and look for the row that is ``expected``.

    That row need not be the last one: a head that was kept stays good as rows are added after it. Raises
    BrokenChainError, with the row in ``facts["broken_at"]`` where one is known.
    """
    kept: list[str] = [] if expected is None or expected.seq else [expected.hash]
    if ledger.read_head() is not None:
        broken = first_break(_watched(ledger.entries(), expected, kept))
        if broken is not None:
            raise BrokenChainError(
                f"the ledger's chain is broken at row {broken}: that row, or the one before it, was "
                "edited, inserted or removed",
                hint="compare the rows around it with a backup of the database; the engine never changes a row",
                facts={"broken_at": broken},
            )
        ledger.check_head()
    if expected is not None and kept != [expected.hash]:
        raise _not_there(expected, kept)


def _watched(entries: Iterable[Entry], expected: Head | None, kept: list[str]) -> Iterator[Entry]:
    for entry in entries:
        if expected is not None and entry.seq == expected.seq:
            kept.append(entry.hash)
        yield entry


def _not_there(expected: Head, kept: list[str]) -> BrokenChainError:
    found = f"row {expected.seq} is {kept[0]} now" if kept else f"there is no row {expected.seq}"
    return BrokenChainError(
        f"the ledger does not hold the expected row {expected.seq}:{expected.hash}: {found}; its end was cut off or "
        "rewritten since that was noted, or this is another ledger",
        hint="compare the ledger with a backup of the database; `changelog history` shows what it holds now",
        facts={"broken_at": expected.seq},
    )
