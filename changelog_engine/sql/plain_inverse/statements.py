"""What undoes one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from changelog_engine.sql.inverses import DROPPED, ENSURED, REPLACED, ROWS, UncertainError
from changelog_engine.sql.plain_inverse.known import Known
from changelog_engine.sql.plain_inverse.rows import calls, delete_of
from changelog_engine.sql.plain_inverse.tables import alter, index_of
from changelog_engine.sql.plain_inverse.words import UNKNOWN, Words

Statements = tuple[str, ...]

_UPKEEP = ("ANALYZE", "REINDEX", "VACUUM", "OPTIMIZE")


def undo(words: Words, known: Known) -> Statements:
    """The statements that undo one. Raises ``UncertainError`` where that is not certain."""
    first = words.tokens[0].word if words.tokens else ""
    if first in _UPKEEP:
        return ()
    words.place = 1
    handler = _HANDLERS.get(first)
    if handler is None:
        raise UncertainError(UNKNOWN)
    return handler(words, known)


def _create(words: Words, known: Known) -> Statements:
    if words.take("OR", "REPLACE"):
        raise UncertainError(REPLACED)
    if words.take_any("TEMP", "TEMPORARY"):
        return _refuse_calls(words, known)
    while word := words.take_any("UNIQUE", "VIRTUAL", "FULLTEXT", "SPATIAL", "DEFINER", "ALGORITHM", "SQL"):
        if word in ("DEFINER", "ALGORITHM", "SQL"):
            words.skip_to("VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT")
    kind = words.take_any("TABLE", "VIEW", "INDEX", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE")
    if not kind:
        raise UncertainError(UNKNOWN)
    if words.take("IF", "NOT", "EXISTS"):
        raise UncertainError(ENSURED)
    name = words.name()
    if kind == "INDEX":
        return index_of(words, known, name)
    if kind == "TABLE":
        _refuse_calls(words, known)
    return (f"DROP {kind} {name}",)


def _refuse_calls(words: Words, known: Known) -> Statements:
    """Nothing; UncertainError where a query in it calls what may change something."""
    if {"SELECT", "AS"} & set(words.rest()) and calls(words.tokens, known.dbms):
        raise UncertainError("a function that it calls may change something")
    return ()


def _rename_tables(words: Words, _known: Known) -> Statements:
    """``RENAME TABLE a TO b, c TO d``, of MySQL."""
    pairs = []
    if not words.take("TABLE") or words.take("IF"):
        raise UncertainError(UNKNOWN)
    while True:
        old = words.name()
        if not words.take("TO"):
            raise UncertainError(UNKNOWN)
        new = words.name()
        if ("." in old) != ("." in new):
            raise UncertainError("which database it moves to is not named")
        pairs.append((old, new))
        if not words.take(","):
            break
    if not words.is_at_end():
        raise UncertainError(UNKNOWN)
    return (f"RENAME TABLE {', '.join(f'{new} TO {old}' for old, new in reversed(pairs))}",)


def _insert(words: Words, known: Known) -> Statements:
    is_plain = words.take("INTO")
    if not is_plain:
        words.skip_to("INTO")
        words.take("INTO")
    name = words.name()
    if _is_own_rows(words, known, name):
        return ()
    if not is_plain:
        raise UncertainError("with OR … or IGNORE nobody knows which rows it made")
    return delete_of(words, known, name)


def _update(words: Words, known: Known) -> Statements:
    name = words.name()
    if words.take("SET") and _is_own_rows(words, known, name):
        return ()
    raise UncertainError(ROWS)


def _delete(words: Words, known: Known) -> Statements:
    if words.take("FROM"):
        name = words.name()
        if (words.is_at_end() or words.next_is("WHERE")) and _is_own_rows(words, known, name):
            return ()
    raise UncertainError(ROWS)


def _is_own_rows(words: Words, known: Known, name: str) -> bool:
    """Whether the rows are of a table that the changeset has made: they go with it, and nothing else changes."""
    return known.is_own(name) and known.key(name) not in known.triggered and not calls(words.tokens, known.dbms)


def _never(reason: str) -> Callable[[Words, Known], Statements]:
    def refuse(_words: Words, _known: Known) -> Statements:
        raise UncertainError(reason)

    return refuse


_HANDLERS: Mapping[str, Callable[[Words, Known], Statements]] = {
    "CREATE": _create,
    "ALTER": alter,
    "RENAME": _rename_tables,
    "INSERT": _insert,
    "UPDATE": _update,
    "DELETE": _delete,
    "DROP": _never(DROPPED),
    **dict.fromkeys(("REPLACE", "TRUNCATE", "WITH"), _never(ROWS)),
    "CALL": _never("what it does depends on what it finds, and is known to nobody afterwards"),
}
