"""Changelog -> graph: a node for each changeset and tag, edges with their strength and reason, the engine's order.

A tag's node is named ``tag:NAME``; ids hold no colon, so the two never meet. Everything here passes over the
changelog a fixed number of times.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from changelog_engine.graph.inferred import Inference, InferredEdge
from changelog_engine.graph.order import find_circles, legal_order, reachable
from changelog_engine.model import Changelog, Changeset, Dependency, Location, Origin, Problem, Strength, Tag
from changelog_engine.nearest import nearest

HINTED = 50
"""Unknown ids for which the nearest is looked up: each costs a pass over all ids."""

Inferring = Callable[[Sequence[str], Sequence[tuple[str, str]]], Inference]
"""From the ids in a legal order of what is declared, and the declared (before, after), to what the SQL says."""

GONE_REMEDY = "keep a stub of it, or name it in the `formerly` of the changeset that took its place"


@dataclass(frozen=True, slots=True)
class Edge:
    """``after`` comes after ``before``; ``location`` is the place that says so, ``inferred`` the reason by the SQL."""

    before: str
    after: str
    strength: Strength
    location: Location | None
    origin: Origin = Origin.DECLARED
    inferred: str = ""

    @property
    def is_inferred(self) -> bool:
        return self.origin is Origin.INFERRED

    @property
    def reason(self) -> str:
        """A sentence; of an inferred edge often without its subject."""
        if self.is_inferred:
            return self.inferred
        if self.origin is Origin.TAG:
            return f"tag `{self.after.removeprefix(_TAG)}` stands for what is declared above it"
        if self.origin is Origin.LINEAR:
            return "order: linear"
        if self.strength is Strength.AFTER:
            return f"`{self.after}` comes after `{self.before}` where that runs at all"
        return f"`{self.after}` depends on `{self.before}`"


@dataclass(frozen=True, slots=True)
class ChangesetGraph:
    """What comes after what, and why. Nodes are changeset ids and ``tag:NAME``; ``order`` is the engine's.

    ``present_ids`` leads from each earlier id (``formerly``) to the id that a changeset has now. ``inference`` is what
    the SQL says; of that, edges that are not declared are among the ``edges``.
    """

    changesets: Mapping[str, Changeset]
    tags: Mapping[str, Tag]
    order: tuple[str, ...]
    edges: tuple[Edge, ...]
    present_ids: Mapping[str, str]
    _into: Mapping[str, Sequence[Edge]]
    _out_of: Mapping[str, Sequence[Edge]]
    inference: Inference = field(default_factory=Inference)

    def with_changesets(self, changesets: Iterable[Changeset]) -> ChangesetGraph:
        """The same graph over the same changesets, of which something was worked out since."""
        return replace(self, changesets={changeset.id: changeset for changeset in changesets})

    def edges_into(self, node: str) -> Sequence[Edge]:
        """What the node waits for, in declared order of the edges."""
        return self._into.get(node, ())

    def edges_out_of(self, node: str) -> Sequence[Edge]:
        """What waits for the node."""
        return self._out_of.get(node, ())

    def requires(self, changeset: str) -> tuple[str, ...]:
        """The changesets that it requires directly, by what is declared or by its SQL."""
        return tuple(edge.before for edge in self.edges_into(changeset) if _requires(edge))

    def requires_declared(self, changeset: str) -> tuple[str, ...]:
        """The changesets that it declares to require."""
        return tuple(edge.before for edge in self.edges_into(changeset) if _requires(edge) and not edge.is_inferred)

    def required_by(self, changeset: str) -> tuple[str, ...]:
        """The changesets that require it directly."""
        return tuple(edge.after for edge in self.edges_out_of(changeset) if _requires(edge))

    def requirements(self, ids: Iterable[str], known: frozenset[str] = frozenset()) -> frozenset[str]:
        """The ids with all that they require, not looking into ``known``; edges that only order are not followed."""
        return reachable(ids, self.requires, known)

    def dependents(self, ids: Iterable[str]) -> frozenset[str]:
        """The ids with all that requires them; edges that only order are not followed."""
        return reachable(ids, self.required_by)

    def declared_above(self, tag: str) -> tuple[str, ...]:
        """The changesets that a declared tag stands for by its place in the files, in declared order."""
        found = self.tags[tag]
        return tuple(
            changeset.id for changeset in self.changesets.values() if found.first <= changeset.position < found.position
        )


@dataclass(frozen=True, slots=True)
class BuiltGraph:
    """``problems`` make the changelog invalid (``order`` is then the declared one); ``warnings`` do not."""

    graph: ChangesetGraph
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


_TAG = "tag:"


def tag_node(name: str) -> str:
    return _TAG + name


def build_graph(
    changelog: Changelog,
    *,
    complete: bool = True,
    infer: Inferring | None = None,
) -> BuiltGraph:
    """The graph of a changelog. ``complete`` False: files are missing from it, so an unknown id is no news.

    ``infer`` says what the SQL adds to what is declared; it is asked where that is not faulty already.
    """
    changesets = {changeset.id: changeset for changeset in changelog.changesets}
    tags = {tag.name: tag for tag in changelog.tags}
    names = _Names(changesets, complete)
    edges: list[Edge] = []
    for changeset in changesets.values():
        edges.extend(_dependency_edges(changeset, names))
    declared = len(edges)
    edges.extend(_tag_edges(changelog))
    rank = {changeset.id: changeset.position for changeset in changesets.values()}
    rank |= {tag_node(tag.name): tag.position for tag in tags.values()}
    pairs = [(edge.before, edge.after) for edge in edges]
    order = legal_order(rank, pairs, rank)
    inference = Inference()
    if order is None:
        order = tuple(sorted(rank, key=rank.__getitem__))
        names.problems.extend(_circle_problems(find_circles(rank, pairs, rank), edges))
    elif infer is not None and not names.problems:
        inference = infer([node for node in order if node in changesets], pairs[:declared])
        edges[declared:declared] = map(_inferred_edge, inference.edges)
        pairs = [(edge.before, edge.after) for edge in edges]
        order = legal_order(rank, pairs, rank) or order
    into: dict[str, list[Edge]] = {}
    out_of: dict[str, list[Edge]] = {}
    for edge in edges:
        into.setdefault(edge.after, []).append(edge)
        out_of.setdefault(edge.before, []).append(edge)
    graph = ChangesetGraph(changesets, tags, order, tuple(edges), names.present_ids, into, out_of, inference)
    return BuiltGraph(graph, tuple(names.problems), (*names.warnings, *_warnings(inference)))


def _inferred_edge(edge: InferredEdge) -> Edge:
    return Edge(edge.before, edge.after, edge.strength, edge.location, Origin.INFERRED, edge.reason)


def _warnings(inference: Inference) -> Iterable[Problem]:
    for conflict in inference.conflicts:
        yield Problem(conflict.message, conflict.location, hint=conflict.hint)
    for contradiction in inference.contradictions:
        hint = "take out the dependency that is wrong; where the order does not matter, nothing needs to be done"
        yield Problem(contradiction.message, contradiction.edge.location, hint=hint)


class _Names:
    """Looks up the ids that dependencies name, and collects what is wrong with them."""

    def __init__(self, changesets: Mapping[str, Changeset], complete: bool) -> None:
        self.changesets = changesets
        self.complete = complete
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.present_ids = {
            earlier: changeset.id
            for changeset in changesets.values()
            for earlier in changeset.formerly
            if earlier not in changesets
        }
        self._hinted = 0

    def find(self, changeset: Changeset, dependency: Dependency) -> str | None:
        """The present id of what is depended on; None, with a problem or a warning, where there is no such thing."""
        name = dependency.changeset
        if name == changeset.id or self.present_ids.get(name) == changeset.id:
            message = f"changeset `{changeset.id}` depends on itself"
            self._add(self.problems, dependency, message, f"take `{name}` out of its `depends_on`")
            return None
        if name in self.changesets:
            return name
        if name in self.present_ids:
            present = self.present_ids[name]
            message = f"changeset `{changeset.id}` depends on `{name}`, which is now called `{present}`"
            self._add(self.warnings, dependency, message, f"write `{present}`")
            return present
        if self.complete:
            self._report_unknown(changeset, dependency)
        return None

    def _report_unknown(self, changeset: Changeset, dependency: Dependency) -> None:
        hint = self._near(dependency.changeset)
        if not dependency.optional:
            message = f"changeset `{changeset.id}` depends on `{dependency.changeset}`, which does not exist"
            fallback = f"declare it; where it was declared once and is applied, {GONE_REMEDY}"
            self._add(self.problems, dependency, message, hint or fallback)
        elif hint is not None:
            message = (
                f"changeset `{changeset.id}` comes after `{dependency.changeset}` (optional), which does not exist"
            )
            self._add(self.warnings, dependency, message, hint)

    def _near(self, name: str) -> str | None:
        if self._hinted >= HINTED:
            return None
        self._hinted += 1
        found = nearest(name, self.changesets)
        if found is None:
            return None
        place = self.changesets[found].location
        return f"did you mean `{found}` ({place.file}:{place.line})?"

    @staticmethod
    def _add(problems: list[Problem], dependency: Dependency, message: str, hint: str) -> None:
        problems.append(Problem(message, dependency.location, hint=hint, length=len(dependency.changeset)))


def _dependency_edges(changeset: Changeset, names: _Names) -> Iterable[Edge]:
    found: dict[str, Edge] = {}
    for dependency in changeset.depends_on:
        before = names.find(changeset, dependency)
        if before is None or (before in found and (dependency.optional or _requires(found[before]))):
            continue
        strength = Strength.AFTER if dependency.optional else Strength.REQUIRES
        found[before] = Edge(before, changeset.id, strength, dependency.location, dependency.origin)
    return found.values()


def _requires(edge: Edge) -> bool:
    return edge.strength is Strength.REQUIRES


def _tag_edges(changelog: Changelog) -> Iterable[Edge]:
    """Edges into the tags: what was declared since the last tag below, and that tag for all below it.

    A tag hides what it stands for from the tags above it, so that each node has one edge into a tag of its own file
    at most, and the graph stays linear in size.
    """
    nodes: list[tuple[int, int | None, str]] = [(found.position, None, found.id) for found in changelog.changesets]
    nodes += [(tag.position, tag.first, tag_node(tag.name)) for tag in changelog.tags]
    nodes.sort(key=lambda node: node[0])
    positions = [position for position, _, _ in nodes]
    edges = []
    for tag in changelog.tags:
        index = bisect_left(positions, tag.position) - 1
        while index >= 0 and positions[index] >= tag.first:
            position, first, node = nodes[index]
            edges.append(Edge(node, tag_node(tag.name), Strength.AFTER, tag.location, Origin.TAG))
            index = bisect_left(positions, position if first is None else first) - 1
    return edges


def _circle_problems(circles: Iterable[tuple[str, ...]], edges: Iterable[Edge]) -> Iterable[Problem]:
    by_pair = {(edge.before, edge.after): edge for edge in edges}
    for circle in circles:
        steps = [by_pair[(before, after)] for after, before in zip(circle, (*circle[1:], circle[0]), strict=True)]
        ring = " -> ".join(f"`{node}`" for node in (*circle, circle[0]))
        lines = [f"  `{edge.after}` waits for `{edge.before}`: {edge.reason} ({edge.location})" for edge in steps]
        message = "\n".join([f"changesets wait for each other in a circle: {ring}", *lines])
        hint = "take out the one of these dependencies that is not needed"
        yield Problem(message, steps[0].location or Location("", 1, 1), hint=hint, length=len(steps[0].before))
