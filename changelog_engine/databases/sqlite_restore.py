"""Putting tables of SQLite back as they were, from the copies of their rows and their definitions.

Each is made anew, with its rows and what belongs to it. What others have made or changed since the changeset, such as
an index or a view of a later one, stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from changelog_engine.databases.backup import SavedTable
from changelog_engine.databases.sqlite_definitions import Definition, objects_in, parts_of, quote
from changelog_engine.databases.sqlite_objects import Ask

Send = Callable[[str], object]

ROWID = "changelog_rowid"
"""The column of a copy that holds the rowid."""


def restore_tables(ask: Ask, send: Send, tables: Sequence[tuple[SavedTable, str | None]]) -> None:
    """Put tables back, each given with its name now, None where it is gone; then the views that read them."""
    for table, present in tables:
        definition = Definition.from_object(table.definition)
        if present is not None and present != table.table:
            # What references it follows, under the name that it had.
            send(f"ALTER TABLE {quote(present)} RENAME TO {quote(table.table)}")
        after = None if present is None or table.changed is None else table.changed["parts"]
        parts = definition.parts if after is None else _parts_to_be(ask, table.table, definition, after)
        readers = _take_name_back(ask, send, table)
        send(f"DROP TABLE IF EXISTS {quote(table.table)}")
        make_table(ask, send, replace(definition, parts=parts), quote(table.copy), ROWID)
        for sql in readers:
            send(sql)
    views = {name: sql for kind, name, _, sql in objects_in(ask, "main") if kind == "view"}
    for table, present in tables:
        # One that the changeset has left alone is as others have made it since; unless all of its table was gone.
        after = {} if present is None or table.changed is None else table.changed["views"]
        for name, sql in Definition.from_object(table.definition).views:
            if views.get(name) == sql or after.get(name) == sql:
                continue
            if name in views:
                send(f"DROP VIEW {quote(name)}")
            send(sql)
            views[name] = sql


def _take_name_back(ask: Ask, send: Send, table: SavedTable) -> tuple[str, ...]:
    """Give a table that was set aside its name again, and drop the one that has it by now.

    What references the table set aside follows. SQLite renames nothing while views or triggers read what is not there:
    those that read the dropped one go, and are given back as statements, to be run once there is a table again.
    """
    aside = (table.changed or {}).get("aside")
    objects = objects_in(ask, "main")
    if aside is None or not any(kind == "table" and name == aside[0] for kind, name, _, _ in objects):
        return ()
    views = _readers([(name, sql) for kind, name, _, sql in objects if kind == "view"], table.table)
    words = {table.table, *views}
    triggers = {
        name: sql
        for kind, name, on, sql in objects
        if kind == "trigger" and on not in (table.table, aside[0]) and (on in views or _mentions(sql, words))
    }
    for kind, found in (("TRIGGER", triggers), ("VIEW", views)):
        for name in found:
            send(f"DROP {kind} {quote(name)}")
    for kind, name, on, _ in objects:
        if kind == "trigger" and on == aside[0]:
            send(f"DROP TRIGGER {quote(name)}")
    send(f"DROP TABLE IF EXISTS {quote(table.table)}")
    send(f"ALTER TABLE {quote(aside[0])} RENAME TO {quote(table.table)}")
    return (*views.values(), *triggers.values())


def _readers(views: Sequence[tuple[str, str]], table: str) -> dict[str, str]:
    """The views that may read a table, or a view that does; with their statements."""
    found: dict[str, str] = {}
    while more := {n: sql for n, sql in views if n not in found and _mentions(sql, {table, *found})}:
        found.update(more)
    return found


def _mentions(sql: str, names: Collection[str]) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sql, re.IGNORECASE) for name in names)


def _parts_to_be(ask: Ask, table: str, then: Definition, after: Mapping[str, str]) -> tuple[str, ...]:
    """Indexes and triggers as they were; but what others have made, changed or dropped since stays as it is.

    ``after`` are those right after the changeset, by their names.
    """
    now = parts_of(objects_in(ask, "main"), table)
    theirs = {name for name in {*after, *now} if after.get(name) != now.get(name)}
    theirs -= {name for name, text in after.items() if text not in then.parts}
    gone = {after[name] for name in theirs if name in after}
    kept = [now[name] for name in now if name in theirs and now[name] not in then.parts]
    return (*(text for text in then.parts if text not in gone), *kept)


def make_table(ask: Ask, send: Send, definition: Definition, source: str, rowid: str) -> None:
    """Make a table and all that belongs to it, with the rows of ``source``, whose rowid is named ``rowid``."""
    send(definition.sql)
    columns = [quote(column) for column in definition.columns]
    into = [*(["rowid"] if definition.has_rowid else []), *columns]
    values = [*([rowid] if definition.has_rowid else []), *columns]
    send(f"INSERT INTO main.{quote(definition.name)} ({', '.join(into)}) SELECT {', '.join(values)} FROM {source}")
    if definition.number is not None:
        ask("DELETE FROM main.sqlite_sequence WHERE name = ?", definition.name)
        ask("INSERT INTO main.sqlite_sequence (name, seq) VALUES (?, ?)", definition.name, definition.number)
    for sql in definition.parts:
        send(sql)
