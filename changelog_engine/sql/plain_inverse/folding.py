"""What each statement changes of what is known of tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from changelog_engine.sql.inverses import UncertainError
from changelog_engine.sql.plain_inverse.known import Known, Table
from changelog_engine.sql.plain_inverse.words import Token, Words, bare

_CONSTRAINTS = ("PRIMARY", "UNIQUE", "KEY", "INDEX", "FOREIGN", "CHECK", "FULLTEXT", "SPATIAL", "CONSTRAINT", "PERIOD")
_NO_COLUMN = ("PARTITION", "SYSTEM", "PERIOD")


def note(known: Known, words: Words) -> None:
    """Take in what a statement does; tables that it names in a way that is not read are not known any more."""
    first = words.tokens[0].word if words.tokens else ""
    words.place = 1
    change = _NOTES.get(first)
    if change is None:
        return
    try:
        change(known, words)
    except UncertainError:
        known.forget_named(words.tokens)


def forget_changed(known: Known, words: Words) -> None:
    """Know no longer what the tables are like that a statement makes, changes or drops."""
    first, *others = [token.word for token in words.tokens[:12]] or [""]
    if first in ("ALTER", "RENAME", "DROP") or (first == "CREATE" and {"TABLE", "TRIGGER", "INDEX"} & set(others)):
        known.forget_named(words.tokens)


def _everything(known: Known, _words: Words) -> None:
    known.tables.clear()


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
        _add_part(table, part, known.dbms)
    options = words.rest()
    if not {"SELECT", "AS", "LIKE", "UNION"} & set(options):
        known.tables[key] = table


def _add_part(table: Table, part: Sequence[Token], dbms: str) -> None:
    """A column, or a constraint or index, of a table. UncertainError where it says what to do with a row that is there.

    SQLite's ON CONFLICT lets an INSERT take the place of another row.
    """
    words = [token.word for token in part]
    if not words or ("CONFLICT" in words and "ON" in words):
        raise UncertainError("")
    if words[0] not in _CONSTRAINTS:
        name = bare(part[0].text).lower()
        table.columns[name] = part
        if "PRIMARY" in words or "UNIQUE" in words or (dbms != "sqlite" and "KEY" in words):
            table.keys.append((name,))
            table.indexes[name] = (name,)
        if "REFERENCES" in words:
            table.foreign.append((name,))
        return
    if words[0] == "CONSTRAINT":
        named = len(words) > 1 and words[1] not in ("PRIMARY", "UNIQUE", "FOREIGN", "CHECK")
        part = part[2:] if named else part[1:]
        given = bare(part[-1].text).lower() if not part else ""
        _add_constraint(table, part, given)
    else:
        _add_constraint(table, part, "")


def _add_constraint(table: Table, part: Sequence[Token], given: str) -> None:
    words = [token.word for token in part]
    if not words or words[0] == "CHECK":
        return
    if words[0] in ("PERIOD",) or "(" not in words:
        raise UncertainError("")
    opening = words.index("(")
    columns = columns_of(part[opening + 1 :])
    if words[0] == "FOREIGN":
        table.foreign.append(columns)
        return
    before = [token for token in part[1:opening] if token.word not in ("KEY", "INDEX", "USING", "BTREE", "HASH")]
    table.indexes[bare(before[0].text).lower() if before else given or ",".join(columns)] = columns
    if words[0] in ("PRIMARY", "UNIQUE"):
        table.keys.append(columns)


def columns_of(tokens: Sequence[Token]) -> tuple[str, ...]:
    """The columns up to the closing parenthesis; what is more than a name gives a name that no column has."""
    found: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        if token.word == ")" and depth == 0:
            break
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if token.word == "," and depth == 0:
            found.append([])
        elif token.word not in ("ASC", "DESC"):
            found[-1].append(bare(token.text).lower())
    return tuple(" ".join(each) for each in found)


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
    if not words.take("TABLE"):
        known.forget_named(words.tokens)
        return
    name = words.name()
    table = known.table(name)
    key = known.key(name)
    if words.take("RENAME"):
        _rename(known, table, name, words)
        return
    if table is None:
        return
    if words.has_several() or not words.take("ADD"):
        known.tables.pop(key, None)
        return
    words.take("COLUMN")
    if words.next_is("(", "IF", *_NO_COLUMN):
        raise UncertainError("")
    _add_part(table, words.tokens[words.place :], known.dbms)


def _rename(known: Known, table: Table | None, name: str, words: Words) -> None:
    if words.take("TO") or words.take("AS"):
        _rename_table(known, name, words.name())
        return
    if words.take_any("INDEX", "KEY"):
        old = bare(words.name()).lower()
        words.take("TO")
        if table is not None:
            table.indexes[bare(words.name()).lower()] = table.indexes.pop(old, ())
        return
    words.take("COLUMN")
    old = bare(words.name()).lower()
    if not words.take("TO"):
        raise UncertainError("")
    written = words.name()
    new = bare(written).lower()
    if table is not None:
        if old in table.columns:
            table.columns[old] = [Token(written, written.upper()), *table.columns[old][1:]]
        table.columns = {new if each == old else each: column for each, column in table.columns.items()}
        table.keys = [_renamed(key, old, new) for key in table.keys]
        table.foreign = [_renamed(key, old, new) for key in table.foreign]
        table.indexes = {index: _renamed(key, old, new) for index, key in table.indexes.items()}


def _renamed(columns: tuple[str, ...], old: str, new: str) -> tuple[str, ...]:
    return tuple(new if each == old else each for each in columns)


def _rename_table(known: Known, old: str, new: str) -> None:
    before = known.key(old)
    after = known.key(new)
    if before.schema and not after.schema:
        after = after._replace(schema=before.schema)
    table = known.tables.pop(before, None)
    known.tables.pop(after, None)
    if table is not None:
        known.tables[after] = table
    if before in known.own:
        known.own.discard(before)
        known.own.add(after)


def _rename_tables(known: Known, words: Words) -> None:
    """``RENAME TABLE a TO b, c TO d``, of MySQL."""
    if not words.take("TABLE"):
        return
    while True:
        old = words.name()
        if not words.take("TO"):
            raise UncertainError("")
        _rename_table(known, old, words.name())
        if not words.take(","):
            return


def _drop(known: Known, words: Words) -> None:
    known.forget_named(words.tokens)
    if words.take_any("DATABASE", "SCHEMA"):
        known.tables.clear()


_NOTES: Mapping[str, Callable[[Known, Words], None]] = {
    "CREATE": _create,
    "ALTER": _alter,
    "RENAME": _rename_tables,
    "DROP": _drop,
    "PRAGMA": _pragma,
    **dict.fromkeys(("USE", "CALL", "ATTACH", "DETACH", "EXECUTE"), _everything),
}
