"""From the files to a changelog that is valid, and its graph. No database driver is imported for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from changelog_engine.changelog.reader import Reading, read_changelog
from changelog_engine.changelog.source import with_line_texts
from changelog_engine.errors import InvalidChangelogError
from changelog_engine.memory import Memory, open_memory
from changelog_engine.model import Changelog, DerivedRollback, Problem
from changelog_engine.settings import Settings

if TYPE_CHECKING:
    from changelog_engine.graph.build import ChangesetGraph


@dataclass(frozen=True, slots=True)
class Loaded:
    """A changelog that is valid, its graph, and what a person might want to look at."""

    changelog: Changelog
    graph: ChangesetGraph
    warnings: tuple[Problem, ...]


def load(settings: Settings) -> Loaded:
    """Read and order the changelog.

    Raises InvalidChangelogError with all that is wrong and the warnings, UsageError where there is no changelog.
    """
    # Here, as commands that need no more than the name do without.
    from changelog_engine.databases.connect import database_kind
    from changelog_engine.deriving import derive_rollbacks
    from changelog_engine.graph.build import build_graph
    from changelog_engine.inferring import inferring

    with open_memory(settings.cache) as memory:
        reading = _read(settings, memory)
        kind = database_kind(settings.url)
        infer = inferring(reading.changelog, kind, memory) if not reading.problems else None
        built = build_graph(reading.changelog, complete=reading.complete, infer=infer)
        derived = derive_rollbacks(reading.changelog, built.graph.order, kind, memory)
    problems = reading.problems + built.problems + derived.problems
    if not problems and any(each.rollback.__class__ is DerivedRollback for each in derived.changelog.changesets):
        from changelog_engine.operations.derived import underivable_rollbacks

        problems = underivable_rollbacks(derived.changelog, built.graph.order, kind)
    # The graph knows places, not the lines of files: those are added where there is anything to be shown.
    warnings = with_line_texts(reading.warnings + built.warnings, settings.root)
    if problems:
        raise InvalidChangelogError(with_line_texts(problems, settings.root), warnings)
    return Loaded(derived.changelog, built.graph.with_changesets(derived.changelog.changesets), warnings)


def graph_with_all_inferred(loaded: Loaded, settings: Settings) -> ChangesetGraph:
    """The graph with what the SQL says of all changesets: of those too for which the changelog wants none inferred."""
    from changelog_engine.databases.connect import database_kind
    from changelog_engine.graph.build import build_graph
    from changelog_engine.inferring import inferring

    changelog = loaded.changelog
    if changelog.infers and all(changeset.infers for changeset in changelog.changesets):
        return loaded.graph
    changesets = tuple(replace(changeset, infers=True) for changeset in changelog.changesets)
    changelog = replace(changelog, changesets=changesets, infers=True)
    # What is remembered of these files is what they say, and not this.
    infer = inferring(changelog, database_kind(settings.url), Memory(None))
    return build_graph(changelog, infer=infer).graph


def read_name(settings: Settings) -> str:
    """The changelog's name in the ledger; that much is known of an invalid one too. UsageError where there is none."""
    with open_memory(settings.cache) as memory:
        return _read(settings, memory).changelog.name


def _read(settings: Settings, memory: Memory) -> Reading:
    values = settings.parameters.for_file_names
    return read_changelog(settings.changelog, settings.root, values=values, keeper=memory)
