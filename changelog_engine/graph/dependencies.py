"""What comes after what and why, changeset by changeset: the edges that are declared and those that the SQL adds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from changelog_engine.graph.build import ChangesetGraph, Edge
from changelog_engine.graph.footprint import owner_of, shown
from changelog_engine.graph.inferred import Firmness, Inference, Unresolved
from changelog_engine.model import Location, Origin, Strength
from changelog_engine.sql.effects import Act, Kind, Thing


@dataclass(frozen=True, slots=True)
class Needed:
    """``changeset`` comes after ``needs``; ``location`` is where it is declared, or where the SQL says so.

    ``firmness`` is None for what is declared.
    """

    changeset: str
    needs: str
    strength: Strength
    reason: str
    location: Location | None
    firmness: Firmness | None = None

    @property
    def declared(self) -> bool:
        return self.firmness is None


@dataclass(frozen=True, slots=True)
class OpaqueUse:
    """What a changeset does that cannot be read, or a name that it uses and nobody makes, in words."""

    changeset: str
    what: str
    location: Location


def dependencies(graph: ChangesetGraph, only: Collection[str] | None = None) -> tuple[Needed, ...]:
    """The edges into changesets, those of ``only`` where given, in the engine's order; the tags' are left out."""
    chosen = [node for node in graph.order if node in graph.changesets and (only is None or node in only)]
    firmness = {(edge.before, edge.after): edge.firmness for edge in graph.inference.edges}
    return tuple(_needed(graph.inference, edge, firmness.get) for node in chosen for edge in graph.edges_into(node))


def _needed(inference: Inference, edge: Edge, firmness: Callable[[tuple[str, str]], Firmness | None]) -> Needed:
    pair = (edge.before, edge.after)
    said = None if edge.origin is Origin.LINEAR else inference.reasons.get(pair)
    reason = edge.reason if said is None else said.reason
    firm = firmness(pair) if edge.is_inferred else None
    return Needed(edge.after, edge.before, edge.strength, reason, edge.location, firm)


def opaque_uses(
    inference: Inference,
    is_built_in: Callable[[Thing], bool],
    extensions_of: Callable[[Thing], tuple[str, ...]],
    only: Collection[str] | None = None,
) -> tuple[OpaqueUse, ...]:
    """What of the changesets cannot be told, sorted by place: names that are the database's own are not among it."""
    found = [OpaqueUse(each.changeset, each.what, each.location) for each in inference.unread]
    found += _missing(inference, is_built_in, extensions_of)
    chosen = (each for each in dict.fromkeys(found) if only is None or each.changeset in only)
    return tuple(sorted(chosen, key=lambda each: each.location))


def _missing(
    inference: Inference,
    is_built_in: Callable[[Thing], bool],
    extensions_of: Callable[[Thing], tuple[str, ...]],
) -> Iterator[OpaqueUse]:
    known: dict[Thing, bool] = {}
    for use in inference.unresolved:
        thing = use.effect.thing
        if thing not in known:
            owner = owner_of(thing)
            known[thing] = is_built_in(thing) or (owner is not None and is_built_in(owner))
        if not known[thing]:
            yield OpaqueUse(use.changeset, _said(use, extensions_of(thing)), use.location)


def _said(use: Unresolved, extensions: tuple[str, ...]) -> str:
    effect = use.effect
    word = effect.word if effect.thing.kind is not Kind.COLUMN else "column"
    late = ", needed when a body runs," if effect.act is Act.USES_WHEN_RUN else ""
    brought = f"; `CREATE EXTENSION {extensions[0]}` would bring it" if extensions else ""
    return f"{word} {shown(effect.thing)}{late} is made by no changeset{brought}"
