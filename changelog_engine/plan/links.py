"""What is applied and how it hangs together, by the edges that the ledger kept and those that the changelog has now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.graph.order import legal_order, reachable
from changelog_engine.ledger.entries import Recorded
from changelog_engine.model import Strength
from changelog_engine.plan.stepping import listed

Pair = tuple[str, str]

TOLD = 3
"""Requirements of a changeset that are told with their reasons."""


@dataclass(frozen=True, slots=True)
class Links:
    """``kept`` and ``declared`` are (before, after) of both strengths, ``required_by`` leads along *requires* only.

    ``reasons`` are those of the changelog's inferred edges. ``required_by`` also passes through changesets that are
    not applied: what the one beyond them requires is required all the same.
    """

    present: Mapping[str, Recorded]
    kept: tuple[Pair, ...]
    declared: tuple[Pair, ...]
    required_by: Mapping[str, tuple[str, ...]]
    after: Mapping[str, frozenset[str]]
    reasons: Mapping[Pair, str]

    @classmethod
    def of(cls, graph: ChangesetGraph, present: Mapping[str, Recorded]) -> Links:
        kept = [(name, row.id, strength) for row in present.values() for name, strength in row.depends_on]
        declared = [
            (edge.before, edge.after, str(edge.strength)) for edge in graph.edges if edge.after in graph.changesets
        ]
        required_by: dict[str, dict[str, None]] = {}
        after: dict[str, set[str]] = {}
        for before, later, strength in (*kept, *declared):
            if before == later:
                continue
            after.setdefault(later, set()).add(before)
            if strength == Strength.REQUIRES:
                required_by.setdefault(before, {})[later] = None
        return cls(
            present,
            kept=tuple((before, later) for before, later, _ in kept if before != later),
            declared=tuple((before, later) for before, later, _ in declared),
            required_by={name: tuple(found) for name, found in required_by.items()},
            after={name: frozenset(found) for name, found in after.items()},
            reasons={(edge.before, edge.after): edge.reason for edge in graph.edges if edge.is_inferred},
        )

    def dependents(self, ids: Iterable[str]) -> frozenset[str]:
        """The applied ids with all that is applied and requires them."""
        found = reachable(ids, lambda name: self.required_by.get(name, ()))
        return frozenset(name for name in found if name in self.present)

    def requires(self, changeset: str) -> frozenset[str]:
        """What a changeset requires directly."""
        return frozenset(name for name in self.comes_after(changeset) if changeset in self.required_by.get(name, ()))

    def describe_requirements(self, changeset: str, among: frozenset[str]) -> str:
        """What of some a changeset requires directly, in words; with what its SQL says, where nobody declared it."""
        names = sorted(self.requires(changeset) & among)
        if not any((name, changeset) in self.reasons for name in names):
            return listed(names)
        told = [
            f"`{name}`" + (f" ({reason})" if (reason := self.reasons.get((name, changeset))) else "") for name in names
        ]
        more = f", and {len(told) - TOLD} more" if len(told) > TOLD else ""
        return ", ".join(told[:TOLD]) + more

    def comes_after(self, changeset: str) -> frozenset[str]:
        """What a changeset comes after directly, by an edge of either strength."""
        return self.after.get(changeset, frozenset())

    def order_of_undoing(self, ids: frozenset[str]) -> tuple[str, ...]:
        """The ids in reverse of the order of applying, corrected by the edges; the ledger's win where they disagree."""
        newest_first = sorted(ids, key=lambda name: (-self.present[name].applied_seq, -self.present[name].seq))
        rank = {name: index for index, name in enumerate(newest_first)}
        kept = [(after, before) for before, after in self.kept if before in rank and after in rank]
        declared = [(after, before) for before, after in self.declared if before in rank and after in rank]
        order = legal_order(rank, kept + declared, rank)
        if order is not None:
            return order
        by_ledger = legal_order(rank, kept, rank) or tuple(newest_first)
        place = {name: index for index, name in enumerate(by_ledger)}
        agreeing = [(first, second) for first, second in kept + declared if place[first] < place[second]]
        return legal_order(rank, agreeing, rank) or by_ledger
