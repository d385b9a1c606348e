"""Rollbacks that nobody wrote: worked out from the changes, changeset by changeset in the engine's order.

What a statement's inverse has to know of the state before it is folded from the changesets that come before. One that
runs in other contexts may have run or not, so that what it changes is not known, unless the changeset requires it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from changelog_engine.memory import Memory, said_by
from changelog_engine.model import (
    Changelog,
    Changeset,
    DerivedRollback,
    Expression,
    Operation,
    Problem,
    RollbackChanges,
    SqlChange,
    SqlText,
)
from changelog_engine.plan.filtering import is_for_kind
from changelog_engine.sql.inverses import REMEDY, Inverse, UncertainError
from changelog_engine.sql.statements import clean_text, text_for

if TYPE_CHECKING:
    from changelog_engine.graph.build import ChangesetGraph


@dataclass(frozen=True, slots=True)
class Derivation:
    """The changelog with the rollbacks that could be derived, and a problem for each that could not."""

    changelog: Changelog
    problems: tuple[Problem, ...] = ()


def derive_rollbacks(changelog: Changelog, graph: ChangesetGraph, dbms: str, memory: Memory) -> Derivation:
    """Work out every rollback of SQL that is to be derived, for one kind of database.

    What only typed changes do is undone by other typed changes, when they are rendered.
    """
    wanted = {changeset.id for changeset in changelog.changesets if _is_wanted(changeset, dbms)}
    if not wanted:
        return Derivation(changelog)
    required = [graph.requires(name) for name in graph.order]
    key = memory.key("rollbacks", dbms, said_by(changelog), repr(graph.order), repr(required))
    found = memory.get([key]).get(key)
    if not isinstance(found, dict) or found.keys() != wanted:
        found = _work_out(graph, dbms, wanted)
        memory.put({key: found})
    problems: list[Problem] = []
    changesets = []
    for changeset in changelog.changesets:
        if changeset.id in wanted:
            problem, changeset = _with_rollback(changeset, dbms, found[changeset.id])
            problems += problem
        changesets.append(changeset)
    return Derivation(replace(changelog, changesets=tuple(changesets)), tuple(problems))


def _is_wanted(changeset: Changeset, dbms: str) -> bool:
    if changeset.rollback.__class__ is not DerivedRollback or not is_for_kind(changeset.dbms, dbms):
        return False
    texts = [change for change in changeset.changes if isinstance(change, SqlChange)]
    return bool(texts) and all(text_for(change.texts, dbms) is not None for change in texts)


def _work_out(graph: ChangesetGraph, dbms: str, wanted: Collection[str]) -> dict[str, Any]:
    """Of each wanted changeset its statements and whether they may stand in a transaction, or the reason why there are
    none, the number of the change that it is about, and the place in it.
    """
    ordered = [graph.changesets[name] for name in graph.order if name in graph.changesets]
    ordered = [changeset for changeset in ordered if is_for_kind(changeset.dbms, dbms)]
    found: dict[str, Any] = {}
    for certain, names in _by_certainty(ordered, graph, wanted).items():
        known = knowledge(dbms)
        for changeset in ordered:
            if changeset.id in names:
                found[changeset.id] = _undo(changeset, dbms, known)
            else:
                is_certain = changeset.contexts is None or changeset.contexts in certain
                _note(changeset, dbms, known, is_certain=is_certain)
    return found


_MOST_PASSES = 8


def _by_certainty(
    ordered: Sequence[Changeset], graph: ChangesetGraph, wanted: Collection[str]
) -> Mapping[frozenset[Expression], Collection[str]]:
    """The wanted changesets, by the contexts that have surely held where they run: their own, and those of all that
    they require. Each such set takes a pass over the changelog; where there are many, their own alone decide.
    """
    held: dict[str, frozenset[Expression]] = {}
    found: dict[frozenset[Expression], set[str]] = {}
    by_own: dict[frozenset[Expression], set[str]] = {}
    for changeset in ordered:
        own = _NONE if changeset.contexts is None else frozenset((changeset.contexts,))
        certain = own.union(*(held.get(name, _NONE) for name in graph.requires(changeset.id)))
        held[changeset.id] = certain
        if changeset.id in wanted:
            found.setdefault(certain, set()).add(changeset.id)
            by_own.setdefault(own, set()).add(changeset.id)
    return found if len(found) <= _MOST_PASSES else by_own


_NONE: frozenset[Expression] = frozenset()


def _note(changeset: Changeset, dbms: str, known: Known, *, is_certain: bool) -> None:
    (known.note if is_certain else known.doubt)(_texts(changeset, dbms))
    for name in _tables_of_operations(changeset):
        known.forget_table(name)


def _undo(changeset: Changeset, dbms: str, known: Known) -> list[Any]:
    texts = _texts(changeset, dbms)
    for number, change in enumerate(changeset.changes):
        if isinstance(change, Operation):
            _note(changeset, dbms, known, is_certain=True)
            return [_MIXED, number, 0]
    try:
        inverse = known.invert(texts)
    except UncertainError as error:
        return [error.reason, error.number, error.place]
    return [list(inverse.statements), inverse.transaction]


_MIXED = "typed changes and SQL in one changeset are not undone together: make two changesets of them"


def _texts(changeset: Changeset, dbms: str) -> list[str]:
    texts = [text_for(change.texts, dbms) for change in changeset.changes if isinstance(change, SqlChange)]
    return [clean_text(text.text) for text in texts if text is not None]


def _tables_of_operations(changeset: Changeset) -> Iterator[str]:
    """The tables that typed changes are about, without their schemas."""
    for change in changeset.changes:
        if isinstance(change, Operation):
            names = (change.values.get(key) for key in ("table", "from", "to"))
            yield from (name.rpartition(".")[2] for name in names if isinstance(name, str))


class Known(Protocol):
    """What the changelog knows of the state that it has come to, on one kind of database."""

    def note(self, texts: Sequence[str]) -> None:
        """Take in what a changeset's texts do."""

    def doubt(self, texts: Sequence[str]) -> None:
        """Take in that a changeset's texts may have been run, or not."""

    def forget_table(self, name: str) -> None:
        """Know no longer what the tables of a name are like, as something else than SQL has changed one."""

    def invert(self, texts: Sequence[str]) -> Inverse:
        """What undoes a changeset's texts, taking in what they do; UncertainError where that is not certain."""
        ...


def knowledge(dbms: str) -> Known:
    """Knowledge of nothing yet, on a kind of database."""
    if dbms == "postgresql":
        from changelog_engine.sql.postgresql.inverse import Inverter

        return Inverter()
    from changelog_engine.sql.plain_inverse import PlainInverter

    return PlainInverter(dbms)


def _with_rollback(changeset: Changeset, dbms: str, found: Sequence[Any]) -> tuple[list[Problem], Changeset]:
    derived = changeset.rollback
    assert isinstance(derived, DerivedRollback)
    if len(found) == 3:
        return [_problem(changeset, derived, dbms, *found)], changeset
    statements, in_transaction = found
    changes = tuple(SqlChange("sql", derived.location, {dbms: SqlText(sql, derived.location)}) for sql in statements)
    transaction = changeset.transaction and in_transaction
    return [], replace(changeset, rollback=RollbackChanges(changes, transaction, derived.location, is_derived=True))


def _problem(
    changeset: Changeset, derived: DerivedRollback, dbms: str, reason: str, number: int, place: int
) -> Problem:
    change = changeset.changes[number]
    sql = None if isinstance(change, Operation) else text_for(change.texts, dbms)
    what = "its rollback cannot be derived" if derived.is_written else "it has no `rollback`, and none can be derived"
    location = change.location if sql is None else sql.locate(place)
    return Problem(f"changeset `{changeset.id}`: {what}: {reason}", location, hint=REMEDY)
