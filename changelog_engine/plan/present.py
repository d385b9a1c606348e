"""The ledger in the changelog's present names: what is recorded under an earlier id counts as the present one."""

from __future__ import annotations

from dataclasses import replace

from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.ledger.entries import LedgerState, Recorded

Renames = tuple[tuple[str, str], ...]


def name_as_present(graph: ChangesetGraph, ledger: LedgerState) -> tuple[LedgerState, Renames]:
    """The ledger's state with ids, edges and tag sets under present ids, and the (earlier id, id) to be recorded.

    Where both an earlier id and the present one are recorded, the present one counts, and the earlier stays as it is.
    """
    if not graph.present_ids:
        return ledger, ()
    renames = tuple(
        (row.id, graph.present_ids[row.id])
        for row in sorted(ledger, key=lambda row: row.seq)
        if row.id in graph.present_ids and graph.present_ids[row.id] not in ledger.recorded
    )
    latest = {present: earlier for earlier, present in renames}
    recorded: dict[str, Recorded] = {}
    for row in ledger:
        present = graph.present_ids.get(row.id, row.id)
        moved = present if latest.get(present) == row.id else row.id
        edges = tuple((graph.present_ids.get(name, name), strength) for name, strength in row.depends_on)
        recorded[moved] = replace(row, id=moved, depends_on=edges)
    tags = {
        name: replace(tag, changesets=frozenset(graph.present_ids.get(each, each) for each in tag.changesets))
        for name, tag in ledger.tags.items()
    }
    return replace(ledger, recorded=recorded, tags=tags), tuple((latest[new], new) for new in latest)
