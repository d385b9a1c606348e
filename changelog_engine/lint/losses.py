"""Data that are lost: dropped, overwritten or deleted, with no copy of them kept."""

from __future__ import annotations

from collections.abc import Iterator

from changelog_engine.lint.rollbacks import named, net
from changelog_engine.lint.subject import Hit, Script, Subject
from changelog_engine.model import Changeset, Irreversible, Location, RollbackChanges
from changelog_engine.sql.effects import Act, Effect, Kind, Thing, Writing

_WITH_ROWS = frozenset({"table", "column", "schema", "database", "materialized view"})


def drop_without_backup(subject: Subject) -> Iterator[Hit]:
    for changeset in subject.changesets:
        changes = subject.changes(changeset)
        if not _may_lose(changeset):
            continue
        ended = net(changes.effects())[1]
        for effect in changes.effects():
            is_dropped = effect.act is Act.DROPS and ended.get(effect.thing) is effect
            if is_dropped and effect.word in _WITH_ROWS and not _is_copied(effect, changes):
                yield _dropped(changeset, effect, changes.located(effect))


def _dropped(changeset: Changeset, effect: Effect, location: Location) -> Hit:
    tables = effect.thing.of or effect.thing.name
    remedy = f"keep the data: `rollback: {{backup: {{tables: [{tables}]}}}}`, or a copy that the changeset makes itself"
    return Hit(changeset, f"`{changeset.id}` drops {named(effect)}, and its data are kept nowhere", location, remedy)


def _may_lose(changeset: Changeset) -> bool:
    """Whether nothing but SQL, or nothing at all, brings back what it changes."""
    return changeset.rollback is None or isinstance(changeset.rollback, RollbackChanges | Irreversible)


def _is_copied(effect: Effect, changes: Script) -> bool:
    """Whether the changes read the table, and write another that stays."""
    thing = effect.thing
    schema, _, name = thing.of.rpartition(".")
    table = Thing(Kind.RELATION, name, schema) if thing.of else thing
    return _copies(table, changes)


def _copies(table: Thing, changes: Script) -> bool:
    uses = changes.things(Act.USES)
    if table not in uses:
        return False
    made = {each for each in net(changes.effects())[0] if each.kind is Kind.RELATION}
    filled = {write.relation for write in changes.writes() if write.writing is Writing.INSERTS}
    filled |= {each for each in made if _has_columns_unsaid(each, changes)}
    return bool((filled & (made | uses)) - {table}) or _is_rebuilt(table, changes)


def _has_columns_unsaid(relation: Thing, changes: Script) -> bool:
    """Made from a query (CREATE TABLE … AS): with its columns, and used by nothing but that."""
    of = f"{relation.schema}.{relation.name}" if relation.schema else relation.name
    return Thing(Kind.COLUMN, "*", "", of) in changes.things(Act.CREATES)


def _is_rebuilt(table: Thing, changes: Script) -> bool:
    """Whether another table takes its name."""
    return table in changes.things(Act.RENAMES_TO)


def lossy_update_without_backup(subject: Subject) -> Iterator[Hit]:
    for changeset in subject.changesets:
        if not _may_lose(changeset):
            continue
        changes, rollback = subject.changes(changeset), subject.rollback(changeset)
        made = changes.things(Act.CREATES, Act.ENSURES, Act.REPLACES, Act.RENAMES_TO)
        restored = {write.relation for write in rollback.writes()} if rollback is not None else set()
        if rollback is not None and rollback.is_opaque:
            continue
        seen: set[Thing] = set()
        for write in changes.writes():
            table = write.relation
            if write.writing is Writing.INSERTS or table in made | restored | seen or _copies(table, changes):
                continue
            of = f"{table.schema}.{table.name}" if table.schema else table.name
            if write.columns and all(Thing(Kind.COLUMN, name, "", of) in made for name in write.columns):
                continue
            seen.add(table)
            yield _overwritten(changeset, of, write.writing, changes.located(write))


def _overwritten(changeset: Changeset, table: str, writing: Writing, location: Location) -> Hit:
    done = "overwrites" if writing is Writing.UPDATES else "deletes"
    message = f"`{changeset.id}` {done} rows of `{table}`, and what they were is kept nowhere"
    remedy = f"keep the data: `rollback: {{backup: {{tables: [{table}]}}}}`, or a copy that the changeset makes itself"
    return Hit(changeset, message, location, remedy)
