"""SQLite's schema as values: from its pragmas, and from the text that it keeps where they don't tell.

Checks, collations and AUTOINCREMENT stand in the text of CREATE TABLE only, which SQLite rewrites when a table is
altered: they are picked out of it, so that neither layout nor the order of columns matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from changelog_engine.catalog import Catalog, Facts, Name
from changelog_engine.databases.sqlite_objects import Ask

_TOKEN = re.compile(
    r"""--[^\n]*|/\*.*?\*/|(?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])|(?P<word>\w+)|(?P<sign>\S)""",
    re.DOTALL,
)
_OBJECTS = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


def read_catalog(ask: Ask) -> Catalog:
    """All that the database file holds."""
    found: dict[Name, Facts] = {}
    for kind, name, table, sql in ask(_OBJECTS):
        if kind == "table":
            found.update(_table(ask, name, sql or ""))
        elif kind == "view":
            found[Name("view", name)] = {"definition": normal(sql)}
        elif kind == "trigger":
            found[Name("trigger", name, table)] = {"definition": normal(sql)}
    return found


def _table(ask: Ask, name: str, sql: str) -> Iterator[tuple[Name, Facts]]:
    tokens = _tokens(sql)
    facts = {"virtual": normal(sql) if tokens[1:2] == ["VIRTUAL"] else "", "options": _options(tokens)}
    yield Name("table", name), _without_empty(facts)
    for _, column, kind, not_null, default, key, hidden in ask("SELECT * FROM pragma_table_xinfo(?)", name):
        column_facts = {
            "type": kind.upper(),
            "nullable": "no" if not_null else "yes",
            "default": default or "",
            "place in the primary key": str(key) if key else "",
            "generated": {2: "virtual", 3: "stored"}.get(hidden, ""),
        }
        yield Name("column", column, name), _without_empty(column_facts)
    for number, check in enumerate(sorted(_clauses(tokens, "CHECK")), 1):
        yield Name("check", str(number), name), {"definition": check}
    for number, generated in enumerate(sorted(_clauses(tokens, "AS")), 1):
        yield Name("expression", str(number), name), {"definition": generated}
    yield from _foreign_keys(ask, name)
    yield from _indexes(ask, name)


def _foreign_keys(ask: Ask, table: str) -> Iterator[tuple[Name, Facts]]:
    keys: dict[int, list[tuple[str, str | None]]] = {}
    rules: dict[int, tuple[str, str]] = {}
    for number, _, target, column, referenced, on_update, on_delete, _ in ask(
        "SELECT * FROM pragma_foreign_key_list(?)", table
    ):
        keys.setdefault(number, []).append((column, referenced))
        rules[number] = (target, f"on update {on_update}, on delete {on_delete}")
    for number, columns in keys.items():
        target, rule = rules[number]
        named = ", ".join(column for column, _ in columns)
        referenced = ", ".join(column or "its key" for _, column in columns)
        yield Name("foreign key", f"({named})", table), {"references": f"{target} ({referenced})", "rule": rule}


def _indexes(ask: Ask, table: str) -> Iterator[tuple[Name, Facts]]:
    """Those made by CREATE INDEX by their text, those of UNIQUE constraints by their columns."""
    for _, name, unique, origin, _ in ask("SELECT * FROM pragma_index_list(?)", table):
        if origin == "c":
            sql = ask("SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?", name)[0][0]
            yield Name("index", name, table), {"definition": normal(sql)}
        elif origin == "u" and unique:
            columns = ", ".join(str(row[0]) for row in ask("SELECT name FROM pragma_index_info(?)", name))
            yield Name("unique constraint", f"({columns})", table), {}


def _options(tokens: list[str]) -> str:
    """What follows the columns, and what stands among them and in no pragma."""
    words = [token.upper() for token in tokens]
    end = len(words) - 1 - words[::-1].index(")") if ")" in words else len(words)
    kept = [" ".join(words[end + 1 :])] if end + 1 < len(words) else []
    kept += ["AUTOINCREMENT"] if "AUTOINCREMENT" in words else []
    collations = [words[index + 1] for index, word in enumerate(words[:-1]) if word == "COLLATE"]
    return ", ".join((*kept, *(f"COLLATE {name}" for name in sorted(collations))))


def _clauses(tokens: list[str], keyword: str) -> Iterator[str]:
    """What stands in parentheses after each such keyword."""
    for index, token in enumerate(tokens[:-1]):
        if token.upper() != keyword or tokens[index + 1] != "(":
            continue
        depth, end = 0, index + 1
        while end < len(tokens):
            depth += {"(": 1, ")": -1}.get(tokens[end], 0)
            if depth == 0:
                break
            end += 1
        yield " ".join(tokens[index + 2 : end])


def _tokens(sql: str) -> list[str]:
    return [match[0] for match in _TOKEN.finditer(sql) if match.lastgroup is not None]


def normal(sql: str | None) -> str:
    """The text without layout and comments; names that a renaming has put in quotes stand without them."""
    return " ".join(re.sub(r'^["`\[](.+)["`\]]$', r"\1", token) for token in _tokens(sql or ""))


def _without_empty(facts: dict[str, str]) -> dict[str, str]:
    return {fact: value for fact, value in facts.items() if value}
