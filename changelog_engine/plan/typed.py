"""Typed changes of one run, as SQL: with the parameters' values in them, in the order in which they will run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.model import Change, Operation, OperationValue, SqlText
from changelog_engine.plan.filtering import is_for_kind

if TYPE_CHECKING:
    from changelog_engine.operations.knowledge import Knowledge
    from changelog_engine.operations.scratch import Scratch
    from changelog_engine.operations.values import ColumnState, Relation

Definitions = Callable[[], Sequence[str]]
"""SQL of what is in the target now, where a plan needs it: nothing but for SQLite."""
Filled = Callable[[Change], Change | None]
"""A change with the values of parameters; None where one has none, or where it has no SQL for this kind."""

# What is quoted as a text when it is rendered; all other texts are names, types and words.
_LITERALS = frozenset({"default", "text", "comment", "rows", "set"})


def no_definitions() -> Sequence[str]:
    """Nothing is known of the target."""
    return ()


def fill_operation(
    operation: Operation,
    word: Callable[[str], str],
    literal: Callable[[str], str],
    sql: Callable[[SqlText], SqlText],
) -> Operation:
    """The operation with its texts replaced: names by ``word``, values by ``literal``, pieces of SQL by ``sql``."""

    def filled(value: OperationValue, is_literal: bool) -> OperationValue:
        match value:
            case SqlText():
                return sql(value)
            case str():
                return literal(value) if is_literal else word(value)
            case tuple():
                return tuple(filled(item, is_literal) for item in value)
            case Mapping():
                return {key: filled(inner, is_literal or key in _LITERALS) for key, inner in value.items()}
            case _:
                return value

    values = {
        key: filled(value, key in _LITERALS or (key == "was" and isinstance(value, str)))
        for key, value in operation.values.items()
    }
    return Operation(operation.kind, operation.location, values, operation.texts)


class TypedChanges:
    """``filled`` gives a change the values of this run; it must not report what it lacks."""

    def __init__(self, dbms: str, graph: ChangesetGraph, definitions: Definitions, filled: Filled) -> None:
        self.dbms = dbms
        self.graph = graph
        self.definitions = definitions
        self.filled = filled
        self._ran: list[str] = []
        self._scratch: Scratch | None = None
        self._before: tuple[int, Knowledge] | None = None

    def render(self, operation: Operation, changeset: str, earlier: Sequence[Change]) -> tuple[str, ...]:
        """The statements of an operation; ``earlier`` are those of the same changeset that come before.

        Raises OperationError where this kind of database cannot do it.
        """
        if self.dbms == "sqlite":
            from changelog_engine.operations.sqlite import render_sqlite

            return render_sqlite(operation, self._definitions())
        from changelog_engine.operations.render import render

        def known(table: Relation, column: str) -> ColumnState | None:
            knowledge = self._known_before(changeset)
            knowledge.begin()
            for change in earlier:
                self._learn(knowledge, change)
            return knowledge.column(table, column)

        return render(operation, self.dbms, known)

    def ran(self, statements: Iterable[str]) -> None:
        """What comes next finds what these statements will have done."""
        if self.dbms != "sqlite":
            return
        if self._scratch is None:
            self._ran.extend(statements)
            return
        for sql in statements:
            self._scratch.run(sql)

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What is rendered in the block may never run, or much later: what comes after does not find it."""
        if self.dbms != "sqlite":
            yield
            return
        with self._definitions().trial():
            yield

    def _definitions(self) -> Scratch:
        if self._scratch is None:
            from changelog_engine.operations.scratch import Scratch

            self._scratch = Scratch(self.definitions())
            for sql in self._ran:
                self._scratch.run(sql)
        return self._scratch

    def _known_before(self, changeset: str) -> Knowledge:
        """What the changesets that come before this one tell of columns."""
        from changelog_engine.operations.knowledge import Knowledge

        place = self.graph.order.index(changeset)
        first, knowledge = self._before or (0, Knowledge(self.dbms))
        if first > place:
            first, knowledge = 0, Knowledge(self.dbms)
        for name in self.graph.order[first:place]:
            declared = self.graph.changesets.get(name)
            if declared is not None and is_for_kind(declared.dbms, self.dbms):
                knowledge.begin()
                for change in declared.changes:
                    self._learn(knowledge, change)
        self._before = (place, knowledge)
        return knowledge.copy()

    def _learn(self, knowledge: Knowledge, change: Change) -> None:
        filled = self.filled(change)
        if filled is None:
            knowledge.forget_all()
        elif isinstance(filled, Operation):
            knowledge.apply(filled)
        else:
            knowledge.apply_sql(filled.texts[self.dbms].text)
