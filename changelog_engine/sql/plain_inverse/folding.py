"""What each statement changes of what is known of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.plain_inverse.altering import note_alter, rename_table
from changelog_engine.sql.plain_inverse.definitions import add_part, columns_of
from changelog_engine.sql.plain_inverse.known import Known, Table
from changelog_engine.sql.plain_inverse.words import Words, bare, source_of


def note(known: Known, words: Words) -> None:
    """Take in what a statement does; tables that it names in a way that is not read are not known any more."""
    first = words.tokens[0].word if words.tokens else ""
    words.place = 1
    try:
        _NOTES.get(first, _unread)(known, words)
    except UncertainError:
        known.forget_named(words.tokens)


def forget_changed(known: Known, words: Words) -> None:
    """Know no longer what the tables are like that a statement makes, changes or drops."""
    first, *others = [token.word for token in words.tokens[:12]] or [""]
    if first in ("ALTER", "RENAME", "DROP", "COMMENT") or (
        first == "CREATE" and {"TABLE", "TRIGGER", "INDEX"} & set(others)
    ):
        known.forget_named(words.tokens)


def _everything(known: Known, _words: Words) -> None:
    known.tables.clear()


def _nothing(_known: Known, _words: Words) -> None:
    """It changes no table, whatever it names."""


def _unread(known: Known, words: Words) -> None:
    """Another statement may stand in it, as in ``SET STATEMENT … FOR ALTER TABLE t …``."""
    if _ANYTHING & {token.word for token in words.tokens}:
        known.tables.clear()
    else:
        known.forget_named(words.tokens)


def _pragma(known: Known, words: Words) -> None:
    if words.take("WRITABLE_SCHEMA"):
        known.tables.clear()


# --------------------------------------------------------------------------------------------------------- making


def _create(known: Known, words: Words) -> None:
    is_temporary = bool(words.take_any("TEMP", "TEMPORARY"))
    if words.take("TABLE"):
        _create_table(known, words, is_temporary)
        return
    words.skip_to("TRIGGER", "INDEX", "VIEW", "PROCEDURE", "FUNCTION", "TABLE")
    if words.take("TRIGGER"):
        _create_trigger(known, words)
    elif words.take("INDEX"):
        _create_index(known, words)
    elif words.take("TABLE"):
        known.forget_named(words.tokens)


def _create_table(known: Known, words: Words, is_temporary: bool) -> None:
    ensures = words.take("IF", "NOT", "EXISTS")
    name = words.name()
    key = known.key(name)
    known.tables.pop(key, None)
    if not ensures or is_temporary:
        known.own.add(key)
    if ensures or is_temporary or not words.take("("):
        return
    table = Table()
    for part in words.parts():
        add_part(table, part, known.dbms)
    options = words.rest()
    if not {"SELECT", "AS", "LIKE", "UNION"} & set(options):
        words.skip_to("COMMENT")
        if words.take("COMMENT"):
            words.take("=")
            table.comment = source_of(words.tokens[words.place : words.place + 1])
        known.tables[key] = table


def _create_trigger(known: Known, words: Words) -> None:
    words.take("IF", "NOT", "EXISTS")
    words.name()
    events = []
    while not words.is_at_end() and not words.take("ON"):
        events.append(words.tokens[words.place].word)
        words.place += 1
    name = words.name()
    known.triggered.add(known.key(name))
    table = known.table(name)
    if table is not None:
        table.row_words |= {"INSERT", "UPDATE", "DELETE"} & set(events)


def _create_index(known: Known, words: Words) -> None:
    words.take("IF", "NOT", "EXISTS")
    index = bare(words.name().rpartition(".")[2]).lower()
    words.skip_to("ON")
    words.take("ON")
    table = known.table(words.name())
    if table is not None and words.take("("):
        table.indexes[index] = columns_of(words.tokens[words.place :])


# ------------------------------------------------------------------------------------------- altering and dropping


def _alter(known: Known, words: Words) -> None:
    if words.take("TABLE"):
        note_alter(known, words, words.name())
    else:
        known.forget_named(words.tokens)


def _rename_tables(known: Known, words: Words) -> None:
    """``RENAME TABLE a TO b, c TO d``, of MySQL."""
    if not words.take("TABLE"):
        return
    while True:
        old = words.name()
        if not words.take("TO"):
            raise UncertainError("")
        rename_table(known, old, words.name())
        if not words.take(","):
            return


def _drop(known: Known, words: Words) -> None:
    known.forget_named(words.tokens)
    if words.take_any("DATABASE", "SCHEMA"):
        known.tables.clear()


def _comment(known: Known, words: Words) -> None:
    """``COMMENT ON TABLE t IS 'x'``, ``COMMENT ON COLUMN t.x IS NULL``: how typed changes are told."""
    words.take("ON")
    is_column = words.take_any("TABLE", "COLUMN") == "COLUMN"
    name, _, column = words.name().rpartition(".") if is_column else (words.name(), "", "")
    table = known.table(name)
    words.take("IS")
    comment = "" if words.next_is("NULL") else source_of(words.tokens[words.place :])
    if table is not None and not is_column:
        table.comment = comment
    elif table is not None and bare(column).lower() in table.columns:
        table.columns[bare(column).lower()].comment = comment or None


_EVERYTHING = ("USE", "CALL", "ATTACH", "DETACH", "EXECUTE")
_ANYTHING = frozenset((*_EVERYTHING, "DATABASE", "SCHEMA"))
_HARMLESS = (
    *("INSERT", "UPDATE", "DELETE", "REPLACE", "TRUNCATE", "LOAD", "SELECT", "WITH", "VALUES", "DO", "LOCK"),
    *("ANALYZE", "OPTIMIZE", "CHECK", "REPAIR", "VACUUM", "REINDEX", "EXPLAIN", "DESCRIBE", "SHOW", "GRANT", "REVOKE"),
)

_NOTES: Mapping[str, Callable[[Known, Words], None]] = {
    "CREATE": _create,
    "ALTER": _alter,
    "RENAME": _rename_tables,
    "DROP": _drop,
    "COMMENT": _comment,
    "PRAGMA": _pragma,
    **dict.fromkeys(_EVERYTHING, _everything),
    **dict.fromkeys(_HARMLESS, _nothing),
}
