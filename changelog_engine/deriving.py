"""Rollbacks that nobody wrote: worked out from the changes, changeset by changeset in the engine's order.

SQL is undone by SQL, and a typed change by typed changes, which become SQL where those that a file has do: in a plan.
What an inverse has to know of the state before it is folded from the changesets that come before. One that
runs in other contexts, or that a precondition or an error may have left out, may have run or not, so that what it
changes is not known, unless the changeset requires it. One that may only have been marked as applied is never certain.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from changelog_engine.memory import Memory, said_by
from changelog_engine.model import (
    Change,
    Changelog,
    Changeset,
    DerivedRollback,
    Expression,
    OnError,
    OnFail,
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


class _Ran(NamedTuple):
    """That a changeset has run, which may be left out."""

    changeset: str


Certain = frozenset[Expression | _Ran]
"""What surely holds where a changeset runs: contexts, and that others have run."""


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
    outcomes = [(each.id, _may_only_be_marked(each), _may_be_left_out(each)) for each in changelog.changesets]
    key = memory.key("rollbacks", dbms, said_by(changelog), repr(graph.order), repr(required), repr(outcomes))
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
            has_run = _has_run(changeset, certain)
            if changeset.id in names:
                found[changeset.id] = _undo(changeset, dbms, known if has_run else known.copy())
            if changeset.id not in names or not has_run:
                _note(changeset, dbms, known, is_certain=has_run)
    return found


def _has_run(changeset: Changeset, certain: Certain) -> bool:
    """Whether it has surely run before any changeset for which that is certain."""
    if changeset.contexts is not None and changeset.contexts not in certain:
        return False
    return not _may_only_be_marked(changeset) and (not _may_be_left_out(changeset) or _Ran(changeset.id) in certain)


def _may_only_be_marked(changeset: Changeset) -> bool:
    return any(OnFail.MARK_APPLIED in (each.on_fail, each.on_error) for each in changeset.preconditions)


def _may_be_left_out(changeset: Changeset) -> bool:
    """Whether a run may go on without it; what requires it does not run then."""
    is_skipped = any(OnFail.SKIP in (each.on_fail, each.on_error) for each in changeset.preconditions)
    return is_skipped or changeset.on_error is OnError.CONTINUE


_MOST_PASSES = 8


def _by_certainty(
    ordered: Sequence[Changeset], graph: ChangesetGraph, wanted: Collection[str]
) -> Mapping[Certain, Collection[str]]:
    """The wanted changesets, by the contexts that have surely held where they run: their own, and those of all that
    they require; and by what of that might have been left out. Each such set takes a pass over the changelog; where
    there are many, their own contexts alone decide.
    """
    held: dict[str, Certain] = {}
    found: dict[Certain, set[str]] = {}
    by_own: dict[Certain, set[str]] = {}
    for changeset in ordered:
        own: Certain = _NONE if changeset.contexts is None else frozenset((changeset.contexts,))
        certain = own.union(*(held.get(name, _NONE) for name in graph.requires(changeset.id)))
        held[changeset.id] = certain | {_Ran(changeset.id)} if _may_be_left_out(changeset) else certain
        if changeset.id in wanted:
            found.setdefault(certain, set()).add(changeset.id)
            by_own.setdefault(own, set()).add(changeset.id)
    return found if len(found) <= _MOST_PASSES else by_own


_NONE: Certain = frozenset()


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
