"""Kinds of change: each is one line of a module's ``KINDS``, or a module of its own where it is SQL."""

from changelog_engine.changes import columns, constraints, indexes, rows, sql, sql_file, tables, views
from changelog_engine.changes.kinds import Kind

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        sql.KIND,
        sql_file.KIND,
        *(kind for module in (tables, columns, indexes, constraints, views, rows) for kind in module.KINDS),
    )
}
