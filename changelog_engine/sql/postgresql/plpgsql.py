"""Bodies in PL/pgSQL: the queries and expressions in them, and the types of their variables."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from changelog_engine.sql.lexer import PLAIN, lexer_for
from changelog_engine.sql.postgresql.expressions import literal, use_type_named
from changelog_engine.sql.postgresql.names import Relation, split_name
from changelog_engine.sql.postgresql.parsing import Node, RefusedError, parse, parse_body
from changelog_engine.sql.postgresql.state import State, is_own_type

_STATEMENT, _ASSIGNMENTS = 0, (3, 4, 5)
_TARGET = re.compile(r"[^=:]*(?::=|=)")
_PLAIN = re.compile(r"\s*(?:[\w.]+|'[^']*')\s*")
"""A name, a number or a literal alone, which uses nothing."""

_CONDITIONAL = frozenset(
    (
        *("then_body", "elsif_list", "else_body", "case_when_list", "else_stmts", "exceptions"),
        *("PLpgSQL_stmt_while", "PLpgSQL_stmt_fors", "PLpgSQL_stmt_dynfors", "PLpgSQL_stmt_forc"),
    )
)
_DYNAMIC = {"PLpgSQL_stmt_dynexecute": "query", "PLpgSQL_stmt_dynfors": "query"}
_MISTAKEN = re.compile(r"is not a (?:scalar|known) variable|pseudo-type|record variable|not implemented", re.IGNORECASE)
_SECTION = re.compile(r"\bdeclare\b(.*?)\bbegin\b", re.IGNORECASE | re.DOTALL)
_DECLARED = re.compile(
    r"(?:^|;)\s*(\w+|\"[^\"]+\")\s+(?:constant\s+)?([\w.\"]+(?:\s*%\s*\w+)?)(?:\s*\[\s*\d*\s*\])*", re.IGNORECASE
)
_NO_TYPES = frozenset(
    (
        *("record", "alias", "cursor", "scroll", "no", "double", "character", "bit", "time", "timestamp", "int"),
        *("integer", "smallint", "bigint", "real", "decimal", "dec", "boolean", "char", "nchar", "national", "float"),
    )
)
"""What is no type, and types of the database's own that have other names in its catalog."""

_ROW_FIELD = re.compile(r"\b(?:new|old)\s*\.\s*(?:\"([^\"]+)\"|([a-z_]\w*))", re.IGNORECASE)
_REFERENCE = re.compile(r"(.+?)%\s*(type|rowtype)", re.IGNORECASE | re.DOTALL)
_GIVEN = (
    *("tg_name", "tg_when", "tg_level", "tg_op", "tg_relid", "tg_relname", "tg_table_name", "tg_table_schema"),
    *("tg_nargs", "tg_argv", "tg_event", "tg_tag", "found", "sqlstate", "sqlerrm"),
)
"""Variables that triggers and blocks have without declaring them."""


def read_plpgsql(state: State, header: str, body: str) -> None:
    """The body of the present statement. The ``header`` is what stands before it ("DO"), with no types of others."""
    declared = _declarations(body)
    try:
        functions = _parse(header, body, declared)
    except RefusedError as error:
        name = f"the body of `{state.body}`" if state.body else "a DO block"
        state.opaque(f"{name}, which the parser refuses: {error.message}", state.start)
        return
    offset = state.offset_of(body)
    state.source, state.offset, state.begin = body, offset, 0
    for function in functions:
        tree = function["PLpgSQL_function"]
        names = frozenset(_variables(tree))
        # The types of variables are looked up when the function is made.
        with state.within(state.body, True, names):
            for variable in declared:
                _read_type(state, variable.type)
        with state.within(state.body, state.body is None, names):
            state.rows = state.rows | _rows(state, declared)
            _Body(state, body, offset).read(tree)


class _Declaration(NamedTuple):
    """A variable, and where its type begins and ends in the body."""

    name: str
    type: str
    start: int
    end: int


def _declarations(body: str) -> list[_Declaration]:
    """The variables whose types are not the database's own: read from the text, as the parser does not keep those."""
    blank = _without_texts(body)
    return [
        _Declaration(match[1].strip('"'), match[2], section.start(1) + match.start(2), section.start(1) + match.end(2))
        for section in _SECTION.finditer(blank)
        for match in _DECLARED.finditer(section[1])
        if match[2].lower() not in _NO_TYPES and not is_own_type(split_name(match[2]))
    ]


def _without_texts(body: str) -> str:
    """A body with blanks in place of its texts and comments."""
    return "".join(
        body[start:end] if kind is PLAIN or body[start] == '"' else " " * (end - start)
        for kind, start, end in lexer_for("postgresql").segments(body)
    )


def _parse(header: str, body: str, declared: list[_Declaration]) -> list[Node]:
    """The parser does not know the types that others make: it takes variables of them for records, or for scalars where
    they are rows, and refuses what is done with them then. Where it does, other types are put in their place.
    """
    try:
        return parse_body(_statement(header, body))
    except RefusedError as error:
        if not declared or not _MISTAKEN.search(error.message):
            raise
    for variable in reversed(declared):
        known = "record" if has_fields(variable.name, body) else "text"
        body = body[: variable.start] + known + body[variable.end :]
    return parse_body(_statement(header, body))


def _statement(header: str, body: str) -> str:
    tag = "$changelog$"
    while tag in body:
        tag = f"${tag[1:-1]}_$"
    return f"{header} {tag}{body}{tag}"


def fields_of_rows(body: str) -> list[str]:
    """The columns that the body of a trigger's function uses of the row that it is called for."""
    named = (match[1] or match[2].lower() for match in _ROW_FIELD.finditer(_without_texts(body)))
    return list(dict.fromkeys(named))


def has_fields(variable: str, body: str) -> bool:
    """Whether a body uses fields of a variable: then that is a row."""
    return re.search(rf"\b{re.escape(variable)}\"?\.\w", body, re.IGNORECASE) is not None


def _variables(tree: Node) -> list[str]:
    declared = (value for datum in tree.get("datums", []) for value in datum.values())
    return [*_GIVEN, *(value["refname"].lower() for value in declared if "refname" in value)]


def _rows(state: State, declared: list[_Declaration]) -> dict[str, Relation]:
    """The variables that may be rows of relations."""
    found = {}
    for variable in declared:
        match = _REFERENCE.match(variable.type)
        if match is None or match[2].lower() == "rowtype":
            relation = state.row_of(split_name(match[1] if match else variable.type))
            if relation is not None:
                found[variable.name] = relation
    return found


def _read_type(state: State, name: str) -> None:
    """A type as it is written in a declaration."""
    match = _REFERENCE.match(name)
    parts = split_name(match[1] if match else name)
    if not parts or parts[-1] in state.variables:
        return
    if match is None:
        use_type_named(state, parts, state.start)
        return
    if match[2].lower() == "rowtype":
        state.use_relation(state.named(parts[-2] if len(parts) > 1 else None, parts[-1]), state.start)
    elif len(parts) > 1:
        relation = state.named(parts[-3] if len(parts) > 2 else None, parts[-2])
        state.use_relation(relation, state.start)
        state.use_column(relation, parts[-1], state.start)


class _Body:
    """Reads the tree of a body; ``offset`` is where its text begins in the whole."""

    def __init__(self, state: State, text: str, offset: int | None) -> None:
        self._state = state
        self._text = text
        self._offset = offset
        self._statement = state.start
        # What is read comes in the order of the text, mostly.
        self._cursor = 0

    def read(self, node: Any) -> None:
        if isinstance(node, list):
            for item in node:
                self.read(item)
        elif isinstance(node, dict):
            for key, value in node.items():
                if key in _CONDITIONAL:
                    with self._state.maybe():
                        self._read_keyed(key, value)
                else:
                    self._read_keyed(key, value)

    def _read_keyed(self, key: str, value: Any) -> None:
        if key == "PLpgSQL_expr":
            self._expression(value["query"], value.get("parseMode", _STATEMENT))
        elif key == "dynquery":
            self._dynamic(value)
        elif key in _DYNAMIC:
            self._dynamic(value[_DYNAMIC[key]])
            self.read({name: inner for name, inner in value.items() if name != _DYNAMIC[key]})
        else:
            self.read(value)

    def _expression(self, query: str, mode: int) -> None:
        if mode in _ASSIGNMENTS:
            match = _TARGET.match(query)
            query = query[match.end() :] if match else query
        if mode != _STATEMENT:
            if _PLAIN.fullmatch(query):
                return
            self._read_sql(query, "SELECT ")
        else:
            self._read_sql(query, "")

    def _read_sql(self, query: str, prefix: str) -> None:
        state = self._state
        offset = self._find(query)
        state.start = self._statement if offset is None else offset
        start = state.start
        try:
            state.read(prefix + query, None if offset is None else max(0, offset - len(prefix)))
        except RefusedError as error:
            state.opaque(f"SQL that the parser refuses: {error.message}", start)

    def _find(self, query: str) -> int | None:
        """Where a query begins in the whole text. The parser gives PERFORM as SELECT, and blanks in place of INTO."""
        if self._offset is None:
            return None
        for cut, piece in ((0, query), (6, query[6:]), (0, query.partition("  ")[0])):
            for begin in (self._cursor, 0) if piece.strip() else ():
                found = self._text.find(piece, begin)
                if found >= cut:
                    self._cursor = found
                    return self._offset + found - cut
        return None

    def _dynamic(self, node: Node) -> None:
        """A query that is worked out when it is run; a literal is read at once."""
        query = node["PLpgSQL_expr"]["query"]
        text = _literal_of(query)
        if text is not None:
            self._read_sql(text, "")
            return
        self._expression(query, -1)
        owner = f"`{self._state.body}`" if self._state.body else "a DO block"
        place = self._find(query)
        what = f"dynamic SQL in {owner}: EXECUTE {query.strip()}"
        self._state.opaque(what, self._statement if place is None else place)


def _literal_of(expression: str) -> str | None:
    try:
        parsed = parse(f"SELECT {expression}")
    except RefusedError:
        return None
    targets = parsed.statements[0].node.get("targetList", [])
    return literal(targets[0]["ResTarget"].get("val", {})) if len(targets) == 1 else None
