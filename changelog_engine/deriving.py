"""Rollbacks that nobody wrote: worked out from the changes, changeset by changeset in the engine's order.

SQL is undone by SQL, and a typed change by typed changes, which become SQL where those that a file has do: in a plan.
What an inverse has to know of the state before it is folded from the changesets that come before. One that
runs in other contexts may have run or not, so that what it changes is not known, unless the changeset requires it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from changelog_engine.memory import Memory, said_by
from changelog_engine.model import (
    Change,
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
from changelog_engine.operations.knowledge import Knowledge
from changelog_engine.plan.filtering import is_for_kind
from changelog_engine.sql.inverses import REMEDY, UncertainError
from changelog_engine.sql.statements import text_for

if TYPE_CHECKING:
    from changelog_engine.graph.build import ChangesetGraph


@dataclass(frozen=True, slots=True)
class Derivation:
    """The changelog with the rollbacks that could be derived, and a problem for each that could not."""

    changelog: Changelog
    problems: tuple[Problem, ...] = ()


def derive_rollbacks(changelog: Changelog, graph: ChangesetGraph, dbms: str, memory: Memory) -> Derivation:
    """Work out every rollback that is to be derived, for one kind of database."""
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
    texts = (change for change in changeset.changes if isinstance(change, SqlChange))
    return all(text_for(change.texts, dbms) is not None for change in texts)


def _work_out(graph: ChangesetGraph, dbms: str, wanted: Collection[str]) -> dict[str, Any]:
    """Of each wanted changeset what undoes it, or why nothing does for certain: see ``_undo``."""
    ordered = [graph.changesets[name] for name in graph.order if name in graph.changesets]
    ordered = [changeset for changeset in ordered if is_for_kind(changeset.dbms, dbms)]
    found: dict[str, Any] = {}
    for certain, names in _by_certainty(ordered, graph, wanted).items():
        known = Knowledge(dbms)
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


def _note(changeset: Changeset, dbms: str, known: Knowledge, *, is_certain: bool) -> None:
    known.begin()
    _take_in(changeset.changes, dbms, known, is_certain=is_certain)


def _take_in(changes: Sequence[Change], dbms: str, known: Knowledge, *, is_certain: bool = True) -> None:
    for change in changes:
        if isinstance(change, Operation):
            known.apply(change, is_certain=is_certain)
        elif (text := text_for(change.texts, dbms)) is not None:
            known.apply_sql(text.text, is_certain=is_certain)


def _undo(changeset: Changeset, dbms: str, known: Knowledge) -> list[Any]:
    """A list of what undoes a changeset, each SQL or a typed change with the number of the one that it undoes, and
    whether it may stand in a transaction; or the reason why nothing does for certain, the number of the change that it
    is about, and the place in its text.
    """
    known.begin()
    runs = [list(run) for _, run in groupby(changeset.changes, lambda change: change.__class__)]
    found: list[Any] = []
    in_transaction = True
    first = 0
    for run in runs:
        try:
            undone, may_stand_in_one = _undo_run(run, first, dbms, known)
            if len(runs) > 1 and known.has_settings:
                raise UncertainError(_SETTINGS)
        except UncertainError as error:
            number = first + error.number
            _take_in(changeset.changes[number:], dbms, known)
            return [error.reason, number, error.place]
        found[:0] = undone
        in_transaction = in_transaction and may_stand_in_one
        first += len(run)
    return [found, in_transaction]


_SETTINGS = "beside typed changes it sets a role or where names are looked up: make two changesets of them"


def _undo_run(run: Sequence[Change], first: int, dbms: str, known: Knowledge) -> tuple[list[Any], bool]:
    """As ``_undo``, for changes of one kind that follow each other; UncertainError counts from the first of them."""
    texts = [text_for(change.texts, dbms) for change in run if isinstance(change, SqlChange)]
    if texts:
        inverse = known.invert_sql([text.text for text in texts if text is not None])
        return list(inverse.statements), inverse.transaction
    from changelog_engine.operations.form import dump_operation
    from changelog_engine.operations.inverse import inverses_of

    undone = inverses_of([change for change in run if isinstance(change, Operation)], known)
    return [[first + number, dump_operation(operation)] for number, operation in undone], True


def _with_rollback(changeset: Changeset, dbms: str, found: Sequence[Any]) -> tuple[list[Problem], Changeset]:
    derived = changeset.rollback
    assert isinstance(derived, DerivedRollback)
    if len(found) == 3:
        return [_problem(changeset, derived, dbms, *found)], changeset
    undoing, in_transaction = found
    changes = tuple(_undoing(changeset, derived, dbms, each) for each in undoing)
    transaction = changeset.transaction and in_transaction
    return [], replace(changeset, rollback=RollbackChanges(changes, transaction, derived.location, is_derived=True))


def _undoing(changeset: Changeset, derived: DerivedRollback, dbms: str, found: Any) -> Change:
    if isinstance(found, str):
        return SqlChange("sql", derived.location, {dbms: SqlText(found, derived.location)})
    from changelog_engine.operations.form import load_operation

    number, operation = found
    undone = changeset.changes[number]
    return load_operation(operation, undone.location, undone.texts if isinstance(undone, Operation) else ())


def _problem(
    changeset: Changeset, derived: DerivedRollback, dbms: str, reason: str, number: int, place: int
) -> Problem:
    change = changeset.changes[number]
    sql = None if isinstance(change, Operation) else text_for(change.texts, dbms)
    what = "its rollback cannot be derived" if derived.is_written else "it has no `rollback`, and none can be derived"
    location = change.location if sql is None else sql.locate(place)
    return Problem(f"changeset `{changeset.id}`: {what}: {reason}", location, hint=REMEDY)
