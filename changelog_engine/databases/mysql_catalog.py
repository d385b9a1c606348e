"""What a database of MySQL or MariaDB holds, as values, from its information schema.

The bodies of views and routines name the database that they stand in; it is taken out, so that two databases compare.
"""

from __future__ import annotations

from collections.abc import Iterator

from changelog_engine.catalog import Catalog, Name
from changelog_engine.databases.mysql_objects import Ask

_HERE = "= DATABASE()"
_QUESTIONS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("engine", "collation", "comment"),
        "SELECT LOWER(REPLACE(TABLE_TYPE, 'BASE ', '')), '', TABLE_NAME, ENGINE, TABLE_COLLATION, TABLE_COMMENT"
        f" FROM information_schema.TABLES WHERE TABLE_SCHEMA {_HERE} AND TABLE_TYPE <> 'VIEW'",
    ),
    (
        ("type", "nullable", "default", "extra", "collation", "generated", "comment"),
        "SELECT 'column', c.TABLE_NAME, c.COLUMN_NAME, c.COLUMN_TYPE, LOWER(c.IS_NULLABLE), c.COLUMN_DEFAULT, c.EXTRA,"
        " c.COLLATION_NAME, c.GENERATION_EXPRESSION, c.COLUMN_COMMENT"
        f" FROM information_schema.COLUMNS c WHERE c.TABLE_SCHEMA {_HERE}",
    ),
    (
        ("unique", "columns", "kind"),
        "SELECT 'index', TABLE_NAME, INDEX_NAME, IF(NON_UNIQUE, 'no', 'yes'),"
        " GROUP_CONCAT(CONCAT(COALESCE(COLUMN_NAME, '(expression)'), COALESCE(CONCAT('(', SUB_PART, ')'), ''))"
        " ORDER BY SEQ_IN_INDEX SEPARATOR ', '), INDEX_TYPE"
        f" FROM information_schema.STATISTICS WHERE TABLE_SCHEMA {_HERE}"
        " GROUP BY TABLE_NAME, INDEX_NAME, NON_UNIQUE, INDEX_TYPE",
    ),
    (
        ("columns", "references", "on update", "on delete"),
        "SELECT 'foreign key', k.TABLE_NAME, k.CONSTRAINT_NAME,"
        " GROUP_CONCAT(k.COLUMN_NAME ORDER BY k.ORDINAL_POSITION SEPARATOR ', '),"
        " CONCAT(k.REFERENCED_TABLE_NAME, ' (', GROUP_CONCAT(k.REFERENCED_COLUMN_NAME ORDER BY k.ORDINAL_POSITION"
        " SEPARATOR ', '), ')'), MAX(r.UPDATE_RULE), MAX(r.DELETE_RULE)"
        " FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r"
        " ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME"
        f" AND r.TABLE_NAME = k.TABLE_NAME WHERE k.TABLE_SCHEMA {_HERE}"
        " GROUP BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.REFERENCED_TABLE_NAME",
    ),
    (
        ("definition", "check option"),
        "SELECT 'view', '', TABLE_NAME, VIEW_DEFINITION, CHECK_OPTION FROM information_schema.VIEWS"
        f" WHERE TABLE_SCHEMA {_HERE}",
    ),
    (
        ("when", "body"),
        "SELECT 'trigger', EVENT_OBJECT_TABLE, TRIGGER_NAME, CONCAT(ACTION_TIMING, ' ', EVENT_MANIPULATION),"
        f" ACTION_STATEMENT FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA {_HERE}",
    ),
    (
        ("parameters", "returns", "body", "comment"),
        "SELECT LOWER(r.ROUTINE_TYPE), '', r.ROUTINE_NAME, (SELECT GROUP_CONCAT(CONCAT_WS(' ', p.PARAMETER_MODE,"
        " p.PARAMETER_NAME, p.DTD_IDENTIFIER) ORDER BY p.ORDINAL_POSITION SEPARATOR ', ')"
        " FROM information_schema.PARAMETERS p WHERE p.SPECIFIC_SCHEMA = r.ROUTINE_SCHEMA"
        " AND p.SPECIFIC_NAME = r.SPECIFIC_NAME AND p.ORDINAL_POSITION > 0), r.DTD_IDENTIFIER, r.ROUTINE_DEFINITION,"
        f" r.ROUTINE_COMMENT FROM information_schema.ROUTINES r WHERE r.ROUTINE_SCHEMA {_HERE}",
    ),
    (
        ("definition", "interval"),
        "SELECT 'event', '', EVENT_NAME, EVENT_DEFINITION, CONCAT_WS(' ', INTERVAL_VALUE, INTERVAL_FIELD)"
        f" FROM information_schema.EVENTS WHERE EVENT_SCHEMA {_HERE}",
    ),
)
_CHECKS = (
    "SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, c.CHECK_CLAUSE FROM information_schema.TABLE_CONSTRAINTS k"
    " JOIN information_schema.CHECK_CONSTRAINTS c ON c.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA"
    " AND c.CONSTRAINT_NAME = k.CONSTRAINT_NAME {} WHERE k.CONSTRAINT_TYPE = 'CHECK' AND k.TABLE_SCHEMA "
) + _HERE


def read_catalog(ask: Ask, kind: str, database: str) -> Catalog:
    """All that the database called ``database`` holds."""
    found = dict(_answers(ask, database))
    # In MariaDB the name of a check is its table's, in MySQL the database's.
    same_table = "AND c.TABLE_NAME = k.TABLE_NAME" if kind == "mariadb" else ""
    for table, name, clause in ask(_CHECKS.format(same_table)):
        found[Name("check", name, table)] = {"definition": clause}
    return found


def _answers(ask: Ask, database: str) -> Iterator[tuple[Name, dict[str, str]]]:
    for facts, question in _QUESTIONS:
        for kind, of, name, *values in ask(question):
            texts = {fact: str(value) for fact, value in zip(facts, values, strict=True) if value not in (None, "")}
            yield Name(kind, name, of), {fact: text.replace(f"`{database}`.", "") for fact, text in texts.items()}
