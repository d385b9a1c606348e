"""Kinds of change: each is one module, and one line of ``KINDS``."""

from changelog_engine.changes import sql, sql_file
from changelog_engine.changes.kinds import Kind

KINDS: dict[str, Kind] = {
    "sql": sql.KIND,
    "sql_file": sql_file.KIND,
}
