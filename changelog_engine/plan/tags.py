"""The sets of changesets that tags stand for."""

from __future__ import annotations

from collections.abc import Callable

from changelog_engine.graph.build import ChangesetGraph, tag_node


def sets_of_tags(graph: ChangesetGraph, counts: Callable[[str], bool]) -> dict[str, frozenset[str]]:
    """For each declared tag, what stands above it and ``counts``, with all that this requires.

    A tag builds on those below it, so that all of them together are one pass over the graph and a union each.
    """
    sets: dict[str, frozenset[str]] = {}
    for tag in sorted(graph.tags.values(), key=lambda tag: tag.position):
        above = [edge.before for edge in graph.edges_into(tag_node(tag.name))]
        below = [sets[node.removeprefix("tag:")] for node in above if node.startswith("tag:")]
        own = [node for node in above if not node.startswith("tag:") and counts(node)]
        known = frozenset[str]().union(*below)
        sets[tag.name] = known | graph.requirements((each for each in own if each not in known), known)
    return sets


def tags_complete(graph: ChangesetGraph, is_missing: Callable[[str], bool]) -> frozenset[str]:
    """The declared tags above which nothing is missing."""
    complete: set[str] = set()
    for tag in sorted(graph.tags.values(), key=lambda tag: tag.position):
        above = [edge.before for edge in graph.edges_into(tag_node(tag.name))]
        if all(
            node.removeprefix("tag:") in complete if node.startswith("tag:") else not is_missing(node) for node in above
        ):
            complete.add(tag.name)
    return frozenset(complete)
