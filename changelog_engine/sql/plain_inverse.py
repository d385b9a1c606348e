"""What undoes a text of SQLite's, MySQL's or MariaDB's SQL, from the words of its statements.

Names are written back as they stand in the statement, quotes and all. Only forms that are read to their end are undone:
a word too many, and nothing is certain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from changelog_engine.model import Location, SqlText
from changelog_engine.sql.inverses import DROPPED, ENSURED, REPLACED, ROWS, Inverse, UncertainError
from changelog_engine.sql.plain_words import STRING, UNKNOWN, Token, Words
from changelog_engine.sql.statements import split_statements

_NUMBER = re.compile(r"[0-9][0-9.eE]*\Z")
_TEXT = Location("", 1, 1)
_NO_COLUMNS = (
    *("CONSTRAINT", "PRIMARY", "UNIQUE", "KEY", "INDEX", "FOREIGN", "CHECK", "FULLTEXT", "SPATIAL", "PARTITION"),
    *("PERIOD", "SYSTEM"),
)


@dataclass(slots=True)
class Table:
    """Columns in their order as they are written, and the sets of them, in lower case, by which a row is known."""

    columns: list[str] = field(default_factory=list)
    keys: list[tuple[str, ...]] = field(default_factory=list)


class PlainInverter:
    """Undoes one text after another, in the order in which they are applied, on one kind of database.

    ``tables`` are those that the changelog has made so far, by their names in lower case.
    """

    def __init__(self, dbms: str) -> None:
        self.dbms = dbms
        self.tables: dict[str, Table] = {}

    def note(self, texts: Sequence[str]) -> None:
        """Take in what a changeset's texts, as written, do, without undoing them."""
        for text in texts:
            for statement in split_statements(SqlText(text, _TEXT), self.dbms):
                self._note(Words(statement.text, self.dbms))

    def invert(self, texts: Sequence[str]) -> Inverse:
        """What undoes a changeset's texts as written, in the order to run.

        Raises ``UncertainError`` for the first statement of which that is not certain; what the texts do is taken in
        all the same.
        """
        try:
            found = [self._inverses(text, number) for number, text in enumerate(texts)]
        except UncertainError:
            self.note(texts)
            raise
        return Inverse(tuple(sql for inverses in reversed(found) for sql in inverses))

    def _inverses(self, text: str, number: int) -> tuple[str, ...]:
        found: list[tuple[str, ...]] = []
        place = 0
        for statement in split_statements(SqlText(text, _TEXT), self.dbms):
            place = text.index(statement.text, place)
            words = Words(statement.text, self.dbms)
            try:
                found.append(_undo(words, self))
            except UncertainError as error:
                raise UncertainError(error.reason, place, number) from None
            self._note(words)
            place += len(statement.text)
        return tuple(sql for statements in reversed(found) for sql in statements)

    def forget_table(self, name: str) -> None:
        """Know no longer what the tables of a name are like, as something else than SQL has changed one."""
        for key in [key for key in self.tables if key.rpartition(".")[2] == _key(name)]:
            del self.tables[key]

    def _note(self, words: Words) -> None:
        words.place = 0
        try:
            if words.take("CREATE"):
                self._note_create(words)
            elif words.take("DROP", "TABLE"):
                words.take("IF", "EXISTS")
                self.tables.pop(_key(words.name()), None)
            elif words.take("ALTER", "TABLE"):
                words.take("IF", "EXISTS")
                self._note_alter(words)
            elif words.take("RENAME", "TABLE"):
                self.tables.clear()  # which may swap names
        except UncertainError:
            return

    def _note_create(self, words: Words) -> None:
        if words.take("TABLE"):
            self._note_table(words)
        elif "TRIGGER" in [token.word for token in words.tokens[:12]]:
            # Its table, by which rows come or go, is the first name after ON.
            _skip_to(words, "ON")
            if words.take("ON"):
                self.tables.pop(_key(words.name()), None)

    def _note_table(self, words: Words) -> None:
        is_ensured = words.take("IF", "NOT", "EXISTS")
        name = _key(words.name())
        self.tables.pop(name, None)
        if is_ensured or not words.take("("):
            return
        table = Table()
        for part in words.parts():
            _note_part(table, part)
        self.tables[name] = table

    def _note_alter(self, words: Words) -> None:
        name = words.name()
        table = self.tables.pop(_key(name), None)
        if table is None:
            return
        if words.take("RENAME", "TO"):
            self.tables[_key(_beside(name, words.name()))] = table
        elif words.take("ADD") and not _has_comma(words):
            words.take("COLUMN")
            if not words.take_any(*_NO_COLUMNS, "IF") and not {"FIRST", "AFTER"} & set(words.rest().split()):
                table.columns.append(words.name())
            self.tables[_key(name)] = table


def _key(name: str) -> str:
    """What is the same for all ways to write a name; the schema counts, but for SQLite's own."""
    return ".".join(part.strip("\"`[]'").lower() for part in name.split(".")).removeprefix("main.")


def _note_part(table: Table, part: list[Token]) -> None:
    """A column, or a constraint, of a table that is made."""
    if not part:
        return
    words = [token.word for token in part]
    first = words[2] if words[0] == "CONSTRAINT" and len(words) > 2 else words[0]
    if first in _NO_COLUMNS:
        if first in ("PRIMARY", "UNIQUE") and "(" in words and "CONFLICT" not in words:
            inside = part[words.index("(") + 1 : -1]
            table.keys.append(tuple(_key(token.text) for token in inside if token.word != ","))
        return
    name = _key(part[0].text)
    table.columns.append(part[0].text)
    if ("PRIMARY" in words or "UNIQUE" in words) and "CONFLICT" not in words:
        table.keys.append((name,))


# ------------------------------------------------------------------------------------------------- statements


def _undo(words: Words, known: PlainInverter) -> tuple[str, ...]:
    first = words.tokens[0].word if words.tokens else ""
    if first in _REFUSED:
        raise UncertainError(_REFUSED[first])
    if first in ("ANALYZE", "REINDEX", "VACUUM", "OPTIMIZE"):
        return ()
    words.place = 1
    handler = _HANDLERS.get(first)
    if handler is None:
        raise UncertainError(UNKNOWN)
    return handler(words, known)


def _create(words: Words, known: PlainInverter) -> tuple[str, ...]:
    if words.take("OR", "REPLACE"):
        raise UncertainError(REPLACED)
    if words.take_any("TEMP", "TEMPORARY"):
        raise UncertainError("what is temporary is gone before a rollback, and so are its rows")
    while words.take_any("UNIQUE", "VIRTUAL", "FULLTEXT", "SPATIAL", "DEFINER", "ALGORITHM", "SQL"):
        if words.tokens[words.place - 1].word in ("DEFINER", "ALGORITHM", "SQL"):
            _skip_to(words, "VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT")
    for kind in ("TABLE", "VIEW", "INDEX", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE"):
        if words.take(kind):
            break
    else:
        raise UncertainError(UNKNOWN)
    if words.take("IF", "NOT", "EXISTS"):
        raise UncertainError(ENSURED)
    name = words.name()
    if kind == "INDEX" and known.dbms != "sqlite":
        _skip_to(words, "ON")
        words.take("ON")
        return (f"DROP INDEX {name} ON {words.name()}",)
    return (f"DROP {kind} {name}",)


def _skip_to(words: Words, *wanted: str) -> None:
    while not words.is_at_end() and words.tokens[words.place].word not in wanted:
        words.place += 1


def _alter(words: Words, known: PlainInverter) -> tuple[str, ...]:
    if not words.take("TABLE"):
        raise UncertainError(UNKNOWN)
    if words.take("IF"):
        raise UncertainError("with IF EXISTS nobody knows whether it changed anything")
    table = words.name()
    if words.take("RENAME"):
        return _rename(words, table)
    if words.take("ADD"):
        return _add(words, table, known.dbms)
    raise UncertainError(DROPPED if words.take("DROP") else UNKNOWN)


def _rename(words: Words, table: str) -> tuple[str, ...]:
    if words.take("TO") or words.take("AS"):
        new = words.name()
        undone = f"ALTER TABLE {_beside(table, new)} RENAME TO {table.rpartition('.')[2]}"
    elif words.take("INDEX") or words.take("KEY"):
        old = words.name()
        _expect(words, "TO")
        undone = f"ALTER TABLE {table} RENAME INDEX {words.name()} TO {old}"
    else:
        words.take("COLUMN")
        old = words.name()
        _expect(words, "TO")
        undone = f"ALTER TABLE {table} RENAME COLUMN {words.name()} TO {old}"
    if not words.is_at_end():
        raise UncertainError(UNKNOWN)
    return (undone,)


def _beside(table: str, name: str) -> str:
    schema = table.rpartition(".")[0]
    return f"{schema}.{name}" if schema and "." not in name else name


def _expect(words: Words, word: str) -> None:
    if not words.take(word):
        raise UncertainError(UNKNOWN)


def _add(words: Words, table: str, dbms: str) -> tuple[str, ...]:
    if _has_comma(words):
        raise UncertainError("several changes in one ALTER TABLE are not taken apart: make each a statement of its own")
    if words.take("CONSTRAINT"):
        name = words.name()
        kind = words.rest()
        if kind.startswith("PRIMARY"):
            raise UncertainError("whether the key's columns were NOT NULL before is not known")
        if kind.startswith("FOREIGN") and dbms != "sqlite":
            raise UncertainError("the index that the database may make for it would stay")
        if kind.startswith("UNIQUE"):
            return (f"ALTER TABLE {table} DROP INDEX {name}",)
        return (f"ALTER TABLE {table} DROP CONSTRAINT {name}",)
    if words.take("UNIQUE") or words.take("FULLTEXT") or words.take("INDEX") or words.take("KEY"):
        words.take("INDEX") or words.take("KEY")
        if words.is_at_end() or words.tokens[words.place].word == "(":
            raise UncertainError("the index has no name in the changelog: give it one")
        return (f"ALTER TABLE {table} DROP INDEX {words.name()}",)
    if words.take("PRIMARY") or words.take("FOREIGN") or words.take("CHECK"):
        raise UncertainError("the constraint has no name in the changelog: give it one")
    if not words.take("COLUMN") and words.take_any("PARTITION", "PERIOD", "SYSTEM", "SPATIAL"):
        raise UncertainError(UNKNOWN)
    if words.take("IF", "NOT", "EXISTS"):
        raise UncertainError(ENSURED)
    name = words.name()
    if "REFERENCES" in words.rest().split():
        raise UncertainError("the database does not drop a column that refers to another table")
    return (f"ALTER TABLE {table} DROP COLUMN {name}",)


def _has_comma(words: Words) -> bool:
    depth = 0
    for token in words.tokens[words.place :]:
        depth += {"(": 1, ")": -1}.get(token.word, 0)
        if token.word == "," and depth == 0:
            return True
    return False


def _rename_table(words: Words, _known: PlainInverter) -> tuple[str, ...]:
    """``RENAME TABLE a TO b, c TO d``, of MySQL."""
    _expect(words, "TABLE")
    pairs = []
    while True:
        old = words.name()
        _expect(words, "TO")
        pairs.append((old, words.name()))
        if not words.take(","):
            break
    if not words.is_at_end():
        raise UncertainError(UNKNOWN)
    return (f"RENAME TABLE {', '.join(f'{new} TO {old}' for old, new in reversed(pairs))}",)


def _insert(words: Words, known: PlainInverter) -> tuple[str, ...]:
    if not words.take("INTO"):
        raise UncertainError("with IGNORE or OR … nobody knows which rows it made" if words.tokens else UNKNOWN)
    table_name = words.name()
    table = known.tables.get(_key(table_name))
    if table is None:
        raise UncertainError(
            "the key of the table is not known for certain: no SQL before it makes the table, or it has triggers"
        )
    written = [part[0].text for part in words.parts() if part] if words.take("(") else list(table.columns)
    columns = [_key(name) for name in written]
    if not words.take("VALUES"):
        raise UncertainError("the rows are not literals, so nobody knows by what to find them again")
    rows: list[list[list[Token]]] = []
    while words.take("("):
        rows.append(words.parts())
        words.take(",")
    if not words.is_at_end():
        raise UncertainError("what follows the rows (ON CONFLICT, RETURNING) leaves open which of them it made")
    for key in table.keys:
        if all(name in columns for name in key) and all(len(row) == len(columns) for row in rows):
            places = [columns.index(name) for name in key]
            values = [[_literal(row[place]) for place in places] for row in rows]
            if all(value is not None for row in values for value in row):
                names = [written[place] for place in places]
                conditions = [
                    " AND ".join(f"{name} = {value}" for name, value in zip(names, row, strict=True)) for row in values
                ]
                whole = conditions[0] if len(conditions) == 1 else " OR ".join(f"({each})" for each in conditions)
                return (f"DELETE FROM {table_name} WHERE {whole}",)
    raise UncertainError("no key of the table is given in literals, so nobody knows by what to find the rows again")


def _literal(tokens: list[Token]) -> str | None:
    """A number or a text; None for anything else."""
    text = "".join(token.text for token in tokens)
    if len(tokens) == 1 and (STRING.match(text) or _NUMBER.match(text)):
        return text
    if len(tokens) == 2 and tokens[0].text == "-" and _NUMBER.match(tokens[1].text):
        return text
    return None


_REFUSED: Mapping[str, str] = {
    "DROP": DROPPED,
    "REPLACE": ROWS,
    "UPDATE": ROWS,
    "DELETE": ROWS,
    "TRUNCATE": ROWS,
    "WITH": ROWS,
    "CALL": "what it does depends on what it finds, and is known to nobody afterwards",
}
_HANDLERS: Mapping[str, Callable[[Words, PlainInverter], tuple[str, ...]]] = {
    "CREATE": _create,
    "ALTER": _alter,
    "RENAME": _rename_table,
    "INSERT": _insert,
}
