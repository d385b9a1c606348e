"""From the files to a changelog that is valid, and its graph. No database driver is imported for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from changelog_engine.changelog.reader import Reading, read_changelog
from changelog_engine.changelog.source import with_line_texts
from changelog_engine.errors import InvalidChangelogError
from changelog_engine.memory import Memory, open_memory
from changelog_engine.model import Changelog, Changeset, DerivedRollback, Problem
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
    return ReadFiles(settings).load()


class ReadFiles:
    """The files of a changelog, read once. Raises UsageError where there is no changelog."""

    def __init__(self, settings: Settings) -> None:
        from changelog_engine.databases.connect import database_kind

        self._settings = settings
        self._kind = database_kind(settings.url)
        with open_memory(settings.cache) as memory:
            reading = _read(settings, memory)
            if not reading.problems:
                reading = replace(reading, changelog=_with_checksums(reading.changelog, self._kind, memory))
        self._reading = reading

    @property
    def name(self) -> str:
        """The changelog's name in the ledger."""
        return self._reading.changelog.name

    @property
    def count(self) -> int:
        """How many changesets there are."""
        return len(self._reading.changelog.changesets)

    def load_declared(self) -> Loaded | None:
        """With the declared edges alone: enough to see that nothing is to be done, and soon had.

        None where there is more to be seen first: something that is wrong, or a rollback that is to be derived.
        """
        from changelog_engine.graph.build import build_graph

        reading = self._reading
        if reading.problems or self._derives:
            return None
        built = build_graph(reading.changelog, complete=reading.complete)
        return None if built.problems else Loaded(reading.changelog, built.graph, ())

    def load(self) -> Loaded:
        """With all that the SQL says: edges, and rollbacks. Raises InvalidChangelogError as ``load``."""
        # Here, as commands that need no more than the name do without.
        from changelog_engine.graph.build import build_graph
        from changelog_engine.inferring import inferring

        settings, reading, kind = self._settings, self._reading, self._kind
        with open_memory(settings.cache) as memory:
            infer = inferring(reading.changelog, kind, memory) if not reading.problems else None
            built = build_graph(reading.changelog, complete=reading.complete, infer=infer)
            problems = reading.problems + built.problems
            changelog, graph = reading.changelog, built.graph
            # What a rollback has to know follows from the order, which is not known yet where anything is wrong.
            if self._derives and not problems:
                from changelog_engine.deriving import derive_rollbacks

                derived = derive_rollbacks(changelog, graph, kind, memory)
                changelog, problems = derived.changelog, derived.problems
                graph = graph.with_changesets(changelog.changesets)
        # The graph knows places, not the lines of files: those are added where there is anything to be shown.
        warnings = with_line_texts(reading.warnings + built.warnings, settings.root)
        if problems:
            raise InvalidChangelogError(with_line_texts(problems, settings.root), warnings)
        return Loaded(changelog, graph, warnings)

    @property
    def _derives(self) -> bool:
        """Whether any rollback is to be derived."""
        return any(each.rollback.__class__ is DerivedRollback for each in self._reading.changelog.changesets)


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


def _with_checksums(changelog: Changelog, kind: str, memory: Memory) -> Changelog:
    from changelog_engine.sql.checksum import checksum_changes

    def work_out(changeset: Changeset) -> str:
        return checksum_changes(changeset.changes, kind)

    return replace(changelog, checksums={kind: memory.recall(f"checksums:{kind}", changelog, work_out)})


def _read(settings: Settings, memory: Memory) -> Reading:
    values = settings.parameters.for_file_names
    return read_changelog(settings.changelog, settings.root, values=values, keeper=memory)
