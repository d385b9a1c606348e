"""SQLite's tables, where ALTER cannot change them: Alembic's batch mode, which copies a table and takes its place.

What it makes is a list of plain statements that stand in any transaction, and keep what Alembic alone would lose:
indexes and triggers as they are written, types and defaults as they are written, the counter of AUTOINCREMENT. The
first statements are a guard: they refuse to run where the table, its indexes or its triggers are not what the
copy was made for (else whatever somebody added to them would be gone), and where foreign keys are enforced, as
dropping the old table would then delete, by cascade, the rows that refer to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import BatchOperations
from sqlalchemy.pool import StaticPool
from sqlalchemy.util import OrderedSet

from changelog_engine.operations.collecting import Collector
from changelog_engine.operations.constructs import Verbatim
from changelog_engine.operations.errors import OperationError
from changelog_engine.operations.scratch import Definition, Scratch, fingerprint, quoted
from changelog_engine.operations.types import Native
from changelog_engine.sql.lexer import PLAIN, lexer_for

_KEPT = {
    "COLLATE": re.compile(r"\bCOLLATE\b", re.IGNORECASE),
    "ON CONFLICT": re.compile(r"\bON\s+CONFLICT\b", re.IGNORECASE),
    "CHECK": re.compile(r"\bCHECK\s*\(", re.IGNORECASE),
    "a generated column": re.compile(r"\bAS\s*\(", re.IGNORECASE),
    "DEFERRABLE": re.compile(r"\bDEFERRABLE\b", re.IGNORECASE),
    "AUTOINCREMENT": re.compile(r"\bAUTOINCREMENT\b", re.IGNORECASE),
    "WITHOUT ROWID": re.compile(r"\bWITHOUT\s+ROWID\b", re.IGNORECASE),
    "STRICT": re.compile(r"\)[^)]*\bSTRICT\b[^)]*$", re.IGNORECASE),
}
_CONSTRAINT_NAME = re.compile(r"""\bCONSTRAINT\s+("(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\]]+\]|\w+)\s*$""", re.IGNORECASE)
_INTEGER = re.compile(r"\s*INTEGER\s*", re.IGNORECASE)


def move(
    scratch: Scratch,
    table: str,
    change: Callable[[BatchOperations], None],
    *,
    with_parts: Sequence[Any] = (),
    dropped: Collection[str] = (),
    loses_check: bool = False,
) -> tuple[str, ...]:
    """The statements that make a table anew with a change, and put it in the place of the old one.

    ``with_parts`` are constraints without a name that it gets, ``dropped`` are the columns that go, ``loses_check``
    says that a check may go. Raises OperationError where there is no such table, or where it has what the new one
    would not have.
    """
    old = scratch.table(table)
    if _KEPT["a generated column"].search(_plain(old.sql)):
        raise _cannot_copy(table, "it has a generated column")
    parts = scratch.parts(table)
    collector = Collector("sqlite")
    try:
        with collector.operations.batch_alter_table(
            old.name, recreate="always", copy_from=_present(scratch, old), table_args=tuple(with_parts)
        ) as batch:
            change(batch)
    except (ValueError, KeyError) as error:
        raise OperationError(f"`{table}` has no such column or constraint: {error}") from error
    create, insert, drop, rename = collector.statements
    lost = _lost(old.sql, create, loses_check) or _lost_keys(scratch, old, create, dropped)
    if lost:
        raise _cannot_copy(table, f"the copy would lose {lost}")
    kept = [part for part in parts if not _goes(scratch, part, dropped)]
    counter = _keep_counter(old.name, create) if _KEPT["AUTOINCREMENT"].search(create) else ()
    return (
        *_guard(old.name, scratch.fingerprint(old.name)),
        create,
        insert,
        *counter,
        drop,
        # Else SQLite would refuse the name while views and triggers speak of a table that is not there.
        "PRAGMA legacy_alter_table = ON",
        rename,
        "PRAGMA legacy_alter_table = OFF",
        *(part.sql for part in kept),
    )


def _cannot_copy(table: str, reason: str) -> OperationError:
    return OperationError(
        f"SQLite has to copy `{table}` for this change, and {reason}",
        hint="write the change as `sql`, by the steps of https://www.sqlite.org/lang_altertable.html",
    )


def _present(scratch: Scratch, old: Definition) -> sa.Table:
    """The table as it is, for Alembic to copy."""
    table = _reflected(old)
    _complete_foreign_keys(table, scratch)
    for name, type_, default in scratch.columns(old.name):
        column: Any = table.c.get(name)
        if column is None:
            continue
        column.type = sa.Integer() if _INTEGER.fullmatch(type_) else Native(type_)
        column.server_default = None if default is None else sa.DefaultClause(Verbatim(default))
    options = table.dialect_options["sqlite"]
    options["autoincrement"] = _KEPT["AUTOINCREMENT"].search(old.sql) is not None
    options["with_rowid"] = _KEPT["WITHOUT ROWID"].search(old.sql) is None
    if _KEPT["STRICT"].search(old.sql):
        options["strict"] = True
    return table


def _reflected(old: Definition) -> sa.Table:
    """What SQLAlchemy reads of the table alone, as its indexes are kept by their own definitions."""
    alone = Scratch([old.sql])
    engine = sa.create_engine("sqlite://", creator=lambda: alone.connection, poolclass=StaticPool)
    table = sa.Table(old.name, sa.MetaData(), autoload_with=engine, resolve_fks=False)
    engine.dispose()
    # What is reflected of checks is cut by a pattern, and read once more as if it had parameters.
    for check in [each for each in table.constraints if isinstance(each, sa.CheckConstraint)]:
        table.constraints.remove(check)
    for name, condition in checks_in(old.sql):
        table.append_constraint(sa.CheckConstraint(Verbatim(condition), name=name))
    # Alembic copies them in the order of the set that they are kept in, and the same change is to give the same text.
    constraints: Any = OrderedSet(sorted(table.constraints, key=_description))
    table.constraints = constraints
    return table


def _description(constraint: Any) -> tuple[str, str, str, str]:
    columns = ",".join(column.name for column in constraint.columns)
    condition = constraint.sqltext.sql if isinstance(constraint, sa.CheckConstraint) else ""
    return type(constraint).__name__, str(constraint.name or ""), columns, condition


def checks_in(sql: str) -> list[tuple[str | None, str]]:
    """The checks in a definition: their names, None for those without one, and their conditions."""
    plain = _plain(sql)
    found = []
    for match in _KEPT["CHECK"].finditer(plain):
        depth, end = 1, match.end()
        while depth and end < len(plain):
            depth += {"(": 1, ")": -1}.get(plain[end], 0)
            end += 1
        named = _CONSTRAINT_NAME.search(sql[: match.start()])
        found.append((None if named is None else _unquoted(named[1]), sql[match.end() : end - 1].strip()))
    return found


def _unquoted(name: str) -> str:
    if name[0] in '"`':
        return name[1:-1].replace(name[0] * 2, name[0])
    return name[1:-1] if name[0] == "[" else name


def _complete_foreign_keys(table: sa.Table, scratch: Scratch) -> None:
    """What becomes of a row whose target goes: reflection reads it of foreign keys only that stand by themselves."""
    actions = scratch.foreign_keys(table.name)
    for constraint in table.foreign_key_constraints:
        columns = tuple(column.name.lower() for column in constraint.columns)
        on_update, on_delete = actions.get(
            (constraint.elements[0].target_fullname.split(".")[0].lower(), columns), ("", "")
        )
        constraint.onupdate = None if on_update in ("", "NO ACTION") else on_update
        constraint.ondelete = None if on_delete in ("", "NO ACTION") else on_delete
        for element in constraint.elements:
            element.onupdate, element.ondelete = constraint.onupdate, constraint.ondelete


def _lost(old: str, new: str, loses_check: bool) -> str:
    """What the old definition has more of than the new one, in words; empty for nothing."""
    before, after = _plain(old), _plain(new)
    for words, pattern in _KEPT.items():
        allowed = 1 if loses_check and words == "CHECK" else 0
        if len(pattern.findall(before)) > len(pattern.findall(after)) + allowed:
            return words if words.startswith("a ") else f"`{words}`"
    return ""


def _lost_keys(scratch: Scratch, old: Definition, create: str, dropped: Collection[str]) -> str:
    """Which unique or foreign keys the new definition does not have, in words; at most one goes with a change."""
    gone = {name.lower() for name in dropped}
    new = Scratch([create])
    for words, before, after in (
        ("a unique constraint", scratch.unique_keys(old.name), new.unique_keys(_created_name(create))),
        ("a foreign key", scratch.foreign_keys(old.name), new.foreign_keys(_created_name(create))),
    ):
        missing = [key for key in before if key not in after and not gone.intersection(key[1])]
        if len(missing) > 1:
            return words
    return ""


def _plain(sql: str) -> str:
    """A definition with blanks in the place of what is quoted and of comments."""
    pieces = lexer_for("sqlite").segments(sql)
    return "".join(sql[start:end] if kind is PLAIN else " " * (end - start) for kind, start, end in pieces)


def _goes(scratch: Scratch, part: Definition, dropped: Collection[str]) -> bool:
    """Whether an index goes with a column of it, as in other databases."""
    gone = {name.lower() for name in dropped}
    return part.type == "index" and any(name.lower() in gone for name in scratch.index_columns(part.name))


def _guard(table: str, expected: str) -> Iterator[str]:
    changed = (
        f"the table {table} is not what it was when this was planned: undo first what has changed it since, "
        "or plan this anew"
    )
    enforced = f"the table {table} cannot be copied while foreign keys are enforced"
    yield "CREATE TEMP TABLE changelog_guard (fingerprint, enforced)"
    yield (
        "CREATE TEMP TRIGGER changelog_guard BEFORE INSERT ON changelog_guard BEGIN "
        f"SELECT RAISE(ABORT, {quoted(changed)}) WHERE NEW.fingerprint IS NOT {quoted(expected)}; "
        f"SELECT RAISE(ABORT, {quoted(enforced)}) WHERE NEW.enforced; END"
    )
    yield (f"INSERT INTO changelog_guard SELECT ({fingerprint(table)}), (SELECT foreign_keys FROM pragma_foreign_keys)")
    yield "DROP TABLE temp.changelog_guard"


def _keep_counter(table: str, create: str) -> Iterator[str]:
    """AUTOINCREMENT never gives a number twice, those of deleted rows neither."""
    copy = quoted(_created_name(create))
    yield f"DELETE FROM sqlite_sequence WHERE name = {copy}"
    yield (
        f"INSERT INTO sqlite_sequence (name, seq) SELECT {copy}, seq FROM sqlite_sequence WHERE name = {quoted(table)}"
    )


def _created_name(create: str) -> str:
    name = create.removeprefix("CREATE TABLE").lstrip().split(" (", 1)[0].strip()
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
