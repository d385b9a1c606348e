"""Queries and expressions as sqlglot has them: the relations, columns and functions that they use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlglot import exp

from changelog_engine.sql.disguise import is_parameter
from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.glot.own_names import built_in
from changelog_engine.sql.glot.state import ANY, State

_ROW_IDS = frozenset({"rowid", "oid", "_rowid_"})
_SEQUENCE_FUNCTIONS = frozenset({"NEXTVAL", "LASTVAL", "SETVAL"})
# Table-valued functions whose first argument, a literal, names a table or an index.
_PRAGMAS_OF_RELATIONS = ("pragma_table_", "pragma_index_", "pragma_foreign_key_list")


class Scope:
    """The names that a query sees: by alias, each relation, or None for what has no columns that we know of.

    ``qualified`` are those whose columns have to be qualified (``excluded``, ``new``). ``outputs`` are names that the
    query itself gives; ``ctes`` hide tables of their name.
    """

    __slots__ = ("ctes", "outputs", "parent", "qualified", "relations")

    def __init__(self, parent: Scope | None = None, ctes: frozenset[str] = frozenset()) -> None:
        self.parent = parent
        self.ctes: frozenset[str] = ctes if parent is None else ctes | parent.ctes
        self.relations: dict[str, Thing | None] = {}
        self.qualified: dict[str, Thing | None] = {} if parent is None else dict(parent.qualified)
        self.outputs: frozenset[str] = frozenset()

    def chain(self) -> Iterator[Scope]:
        """This scope and those around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


def at(state: State, node: Any, offset: int) -> int:
    """The place of a node in the whole text: that of its first part that has one, else the statement's."""
    while isinstance(node, exp.Expression):
        if "start" in node.meta:
            return offset + int(node.meta["start"])
        node = node.this
    return state.start


class Reader:
    """Reads the tree of one statement, whose text begins at ``offset`` in the whole, into a state."""

    def __init__(self, state: State, offset: int) -> None:
        self.state = state
        self.offset = offset

    def at(self, node: Any) -> int:
        return at(self.state, node, self.offset)

    # ------------------------------------------------------------------------------------------------ queries

    def query(self, node: Any, outer: Scope) -> None:
        """A query, within another or alone."""
        base = self.with_clause(node, outer)
        if isinstance(node, exp.SetOperation):
            # Chained UNIONs hang on the left, thousands of them one under the other.
            left: Any = node
            parts: list[Any] = []
            while isinstance(left, exp.SetOperation):
                parts.append(left.expression)
                left = left.this
                base = self.with_clause(left, base) if isinstance(left, exp.SetOperation) else base
            for part in (left, *reversed(parts)):
                self.query(part, base)
            return
        if isinstance(node, exp.Subquery):
            self.query(node.this, base)
            return
        self._select(node, Scope(base))

    def _select(self, node: Any, scope: Scope) -> None:
        sources = ("from_", "joins", "laterals")
        if (source := node.args.get("from_")) is not None:
            self.source(source.this, scope)
        for join in node.args.get("joins") or ():
            self.join(join, scope)
        aliases = (part.alias for part in node.expressions if isinstance(part, exp.Alias))
        scope.outputs = frozenset(self.state.fold(name) for name in aliases)
        for key, value in node.args.items():
            if key not in sources and key != "with_":
                self.walk(value, scope)

    def with_clause(self, node: exp.Expression, outer: Scope) -> Scope:
        """What the parts of a statement see: its CTEs hide relations of their names. A CTE sees those before it."""
        clause = node.args.get("with_")
        if clause is None:
            return outer
        names = [self.state.fold(cte.alias) for cte in clause.expressions]
        # SQLite's CTEs see each other without RECURSIVE too.
        all_seen = clause.args.get("recursive") or self.state.is_sqlite
        scope = Scope(outer, frozenset(names) if all_seen else frozenset())
        for name, cte in zip(names, clause.expressions, strict=True):
            self.query(cte.this, scope)
            scope = Scope(scope, frozenset({name}))
        return scope

    def source(self, node: Any, scope: Scope) -> None:
        """An item of FROM: what it reads, and what its names mean from now on."""
        if isinstance(node, exp.Table):
            self.table(node, scope)
        elif isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            self.source(node.this, scope)
        elif isinstance(node, (exp.Query, exp.Values)):
            around = scope.parent if scope.parent is not None else Scope()
            self.query(node, around) if isinstance(node, exp.Query) else self.walk(node.expressions, around)
            scope.relations[self.state.fold(node.alias)] = None
        else:
            self.walk(node, scope)
            scope.relations[self.state.fold(node.alias_or_name)] = None
        for join in node.args.get("joins") or ():
            self.join(join, scope)

    def join(self, node: exp.Join, scope: Scope) -> None:
        self.source(node.this, scope)
        relations = [relation for relation in scope.relations.values() if relation is not None]
        act = Act.USES if len(relations) == len(scope.relations) == 2 else Act.MAY_USE
        for name in node.args.get("using") or ():
            for relation in relations:
                self.state.use_column(relation, name.name, self.at(name), act)
        self.walk(node.args.get("on"), scope)

    def table(self, node: exp.Table, scope: Scope, word: str = "relation") -> Thing | None:
        """A relation that a statement names, unless a CTE has that name; or a function in its place."""
        if not isinstance(node.this, exp.Identifier):
            self._table_function(node, scope)
            return None
        name = self.state.fold(node.name)
        relation = None
        if node.args.get("db") or name not in scope.ctes:
            relation = self.state.relation(node.name, node.db)
            self.state.use_relation(relation, self.at(node.args.get("db") or node), word)
        scope.relations[self.state.fold(node.alias) or name] = relation
        if isinstance(index := node.args.get("indexed"), exp.Table):
            self.state.use_relation(self.state.relation(index.name, node.db), self.at(index), "index")
        return relation

    def _table_function(self, node: exp.Table, scope: Scope) -> None:
        function = node.this
        name = self.state.fold(function.name if isinstance(function, exp.Anonymous) else function.sql_name())
        self.walk(function.args.get("expressions"), scope)
        if isinstance(function, exp.Anonymous) and name not in built_in(_kind(self.state), Kind.RELATION):
            # In SQLite a virtual table may be called like a function.
            if self.state.is_sqlite and not name.startswith("pragma_"):
                self.state.use_relation(self.state.relation(name), self.at(function), "table")
            for argument in function.expressions[:1]:
                if name.startswith(_PRAGMAS_OF_RELATIONS) and argument.is_string:
                    relation = self.state.relation(argument.name)
                    self.state.use_relation(relation, self.at(argument), "relation", Act.MAY_USE)
        scope.relations[self.state.fold(node.alias) or name] = None

    # -------------------------------------------------------------------------------------------- expressions

    def walk(self, node: Any, scope: Scope) -> None:
        """All that an expression, or a list of them, uses."""
        stack = [node]
        while stack:
            node = stack.pop()
            if isinstance(node, list):
                stack += reversed(node)
            elif isinstance(node, exp.Query):
                self.query(node, scope)
            elif isinstance(node, exp.Column):
                self.column(node, scope)
            elif isinstance(node, exp.Table):
                self.table(node, Scope(scope))
            elif isinstance(node, exp.Expression):
                stack += reversed(self._within(node, scope))

    def _within(self, node: exp.Expression, scope: Scope) -> list[Any]:
        """Take what an expression itself uses; gives the parts that are left to read."""
        if isinstance(node, exp.Anonymous):
            return self._function(node)
        if isinstance(node, exp.Collate):
            self.state.use(Kind.COLLATION, node.expression.name, "collation", self.at(node.expression))
            return [node.this]
        if isinstance(node, exp.In) and isinstance(node.args.get("field"), exp.Column) and self.state.is_sqlite:
            # `a IN t`: of all rows of a table.
            field = node.args["field"]
            if self.state.fold(field.name) not in scope.ctes:
                relation = self.state.relation(field.name, field.table)
                self.state.use_relation(relation, self.at(field), "relation")
            return [node.this]
        return list(node.args.values())

    def _function(self, node: exp.Anonymous) -> list[Any]:
        name = str(node.this)
        if name.upper() == "RAISE" and self.state.is_sqlite:
            return node.expressions[1:]
        if name.upper() in _SEQUENCE_FUNCTIONS and isinstance(node.expressions[0], exp.Column):
            sequence = node.expressions[0]
            relation = self.state.relation(sequence.name, sequence.table)
            self.state.use_relation(relation, self.at(sequence), "sequence")
            return node.expressions[1:]
        if not isinstance(node.this, exp.Expression):
            self.state.use(Kind.ROUTINE, name, "function", self.at(node))
        return node.expressions

    # ------------------------------------------------------------------------------------------------ columns

    def column(self, node: exp.Column, scope: Scope) -> None:
        """A column, by the relations that it may be of."""
        if node.table:
            self._qualified(node, scope)
            return
        name, place = self.state.fold(node.name), self.at(node)
        if isinstance(node.this, exp.Star) or (self.state.is_sqlite and name in _ROW_IDS) or is_parameter(node.name):
            return
        relations: list[Thing | None] = []
        for seen in scope.chain():
            if name in seen.relations:
                # The table as a whole: `t MATCH 'x'`.
                return
            relations += seen.relations.values()
        # In a body of MySQL it may be a variable, in SQLite's double quotes a text.
        may_be_else = self.state.text.startswith('"', place) if self.state.is_sqlite else bool(self.state.body)
        is_certain = len(relations) == 1 and name not in scope.outputs and not may_be_else
        for relation in relations:
            self.state.use_column(relation, name, place, Act.USES if is_certain else Act.MAY_USE)

    def _qualified(self, node: exp.Column, scope: Scope) -> None:
        table = self.state.fold(node.table)
        name = self.state.fold(node.name)
        if is_parameter(node.table):
            return
        for seen in scope.chain():
            for relations in (seen.relations, seen.qualified):
                if table not in relations:
                    continue
                relation = relations[table]
                if not isinstance(node.this, exp.Star) and not (self.state.is_sqlite and name in _ROW_IDS):
                    self.state.use_column(relation, name, self.at(node))
                return
        # Nothing that the query names: if it is right at all, it is a relation or, in MySQL, a variable of a body.
        act = Act.MAY_USE if self.state.body else Act.USES
        self.state.use_relation(self.state.relation(node.table, node.db), self.at(node), "relation", act)


def outputs(query: Any) -> list[str]:
    """The names of a query's columns as written; ``*`` among them where some cannot be told."""
    while isinstance(query, (exp.SetOperation, exp.Subquery)):
        query = query.this
    if not isinstance(query, exp.Select):
        return [ANY]
    return [_output(column) for column in query.expressions]


def _output(node: exp.Expression) -> str:
    if isinstance(node, exp.Alias):
        return node.alias
    if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
        return node.name
    return ANY


def identifiers(nodes: Iterable[Any]) -> list[exp.Identifier]:
    """The identifiers that name columns in a list: plain, or with an order or a length (``a DESC``, ``a(10)``)."""
    found: list[exp.Identifier] = []
    for node in nodes:
        while isinstance(node, (exp.Ordered, exp.Column, exp.ColumnPrefix, exp.Collate)):
            node = node.this
        if isinstance(node, exp.Identifier):
            found.append(node)
        elif isinstance(node, exp.Anonymous) and all(isinstance(item, exp.Literal) for item in node.expressions):
            name = exp.Identifier(this=node.this, quoted=False)
            name.meta.update(node.meta)
            found.append(name)
    return found


def _kind(state: State) -> str:
    return "sqlite" if state.is_sqlite else "mysql"
