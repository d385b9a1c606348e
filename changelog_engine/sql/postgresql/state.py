"""What reading a text has found so far, and how names are looked up at the place that it has come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from changelog_engine.sql.effects import (
    Act,
    Call,
    ColumnType,
    Effect,
    Effects,
    ForeignKey,
    Inherits,
    Kind,
    Literal,
    Opaque,
    RowField,
    RowWrite,
    Thing,
    Writing,
)
from changelog_engine.sql.postgresql.names import DEFAULT_PATH, Relation, column, of_relation, schema_named, strings
from changelog_engine.sql.postgresql.own_names import built_in
from changelog_engine.sql.postgresql.parsing import Node, RefusedError, parse

Handler = Callable[["State", Node], None]

_NEEDS = (Act.USES, Act.MAY_USE, Act.USES_WHEN_RUN)
_TEMPORARY = "pg_temp"
_LONGEST_VALUE = 63
_MOST_LITERALS = 1000
SERIAL = frozenset({"serial", "serial2", "serial4", "serial8", "bigserial", "smallserial"})
_OWN_SCHEMAS = ("pg_catalog", "information_schema")
_UNUSED = ("pg_catalog", "$user", _TEMPORARY)


class State:
    """Statements and expressions are read into one of these.

    ``handlers`` says how each kind of statement is read. ``body`` is the routine whose body is being read, if any: what
    that does is done when it is called, so only what it needs counts; ``firm`` is false where the server does not look
    at that either before it is called. ``conditional`` is what may be run or not (IF in DO).

    ``variables`` are the names that a body has besides columns, and ``rows`` those of them that are rows of a relation.

    ``source`` is the text that is being read: the whole, or a body in it, which begins at ``offset`` (None where that
    is not known, as quotation marks were doubled in it). ``text`` is the statement that is being read; it begins at
    ``begin`` in the source, and at ``start`` in the whole text.
    """

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self.handlers = handlers
        self.source = ""
        self.offset: int | None = 0
        self.begin = 0
        self.text = ""
        self.start = 0
        self._place_of: Callable[[int], int] = int
        self.path: tuple[str, ...] = DEFAULT_PATH
        self.makes_temporary = False
        self.temporary: set[str] = set()
        self.body: str | None = None
        self.firm = True
        self.conditional = False
        self._optional = False
        self.variables: frozenset[str] = frozenset()
        self.rows: dict[str, Relation] = {}
        self._objects: list[Effect] = []
        self._seen: set[tuple[Act, Thing]] = set()
        self._writes: list[RowWrite] = []
        self._foreign_keys: list[ForeignKey] = []
        self._opaque: list[Opaque] = []
        self._column_types: list[ColumnType] = []
        self._literals: dict[tuple[Thing, str], Literal] = {}
        self._inherits: list[Inherits] = []
        self._row_fields: list[RowField] = []
        self._calls: list[Call] = []

    def effects(self) -> Effects:
        return Effects(
            tuple(self._objects),
            tuple(self._writes),
            tuple(self._foreign_keys),
            tuple(self._opaque),
            tuple(self._column_types),
            tuple(self._literals.values()),
            tuple(self._inherits),
            tuple(self._row_fields),
            tuple(self._calls),
        )

    # ------------------------------------------------------------------------------------------ what is found

    def at(self, node: Node) -> int:
        """The place of a node, in characters; the statement's where it has none."""
        location = node.get("location", -1)
        return self.offset + self._place_of(location) if location > 0 and self.offset is not None else self.start

    def add(
        self,
        act: Act,
        thing: Thing,
        word: str,
        place: int,
        alternatives: tuple[str, ...] = (),
        arguments: str | None = None,
    ) -> None:
        """An effect; within a body only what the body needs."""
        if self.body is not None and act not in _NEEDS:
            self._opaque_body(place)
            return
        if act is Act.USES and self._optional:
            act = Act.MAY_USE
        elif act is Act.USES and not self.firm:
            act = Act.USES_WHEN_RUN
        elif act is Act.CREATES and self.conditional:
            act = Act.ENSURES
        # What is needed is said once; what is done may be done again (dropped, and made anew).
        if (act, thing) not in self._seen or act not in _NEEDS:
            self._seen.add((act, thing))
            self._objects.append(Effect(act, thing, word, place, alternatives, arguments))

    def made(self, thing: Thing) -> bool:
        """Whether the text has made it so far."""
        return any((act, thing) in self._seen for act in (Act.CREATES, Act.ENSURES, Act.REPLACES, Act.RENAMES_TO))

    def writes(
        self,
        writing: Writing,
        relation: Relation,
        place: int,
        columns: Sequence[str] = (),
        rows: tuple[tuple[tuple[str, str], ...], ...] | None = None,
    ) -> None:
        if self.body is None:
            self._writes.append(RowWrite(writing, relation.thing, tuple(sorted(columns)), rows, place))

    def refers(
        self, relation: Relation, columns: Sequence[str], target: Relation, keys: Sequence[str], place: int
    ) -> None:
        """A foreign key is made."""
        if self.body is None:
            self._foreign_keys.append(ForeignKey(relation.thing, tuple(columns), target.thing, tuple(keys), place))

    def row_of(self, type_names: Sequence[str]) -> Relation | None:
        """The relation whose rows a type is, unless that is the database's own."""
        if is_own_type(type_names):
            return None
        return self.named(type_names[-2] if len(type_names) > 1 else None, type_names[-1])

    def is_of_type(self, column: Thing, type_names: Sequence[str]) -> None:
        """The type that a column gets; the database's own have no values to look for."""
        if self.body is None and not is_own_type(type_names):
            thing, alternatives = self.looked_up(Kind.TYPE, type_names)
            self._column_types.append(ColumnType(column, thing, alternatives))

    def inherits(self, relation: Relation | None, parent: Relation | None) -> None:
        if self.body is None and relation is not None and parent is not None:
            self._inherits.append(Inherits(relation.thing, parent.thing, parent.alternatives))

    def has_fields(self, routine: Thing, columns: Sequence[str]) -> None:
        """A function that triggers call uses columns of the row."""
        self._row_fields += [RowField(routine, name) for name in columns]

    def calls(self, relation: Relation, routine_names: Sequence[str]) -> None:
        """A trigger calls a function."""
        routine, _ = self.looked_up(Kind.ROUTINE, routine_names)
        self._calls.append(Call(relation.thing, routine, self.start, relation.alternatives))

    def gives(self, relation: Relation | None, name: str, node: Node) -> None:
        """A column is given a value, or compared with one; only texts that may be values of an enum count."""
        constant = node.get("A_Const", {})
        text = constant["sval"].get("sval", "") if "sval" in constant else ""
        if relation is None or not text or len(text) > _LONGEST_VALUE or len(self._literals) >= _MOST_LITERALS:
            return
        literal = Literal(column(relation.of, name), text, self.at(constant), relation.alternatives)
        self._literals.setdefault((literal.column, text), literal)

    def _opaque_body(self, place: int) -> None:
        what = f"`{self.body}` makes or changes objects when it is called"
        if not any(opaque.what == what for opaque in self._opaque):
            self.opaque(what, place)

    def opaque(self, what: str, place: int) -> None:
        self._opaque.append(Opaque(what, place))

    # --------------------------------------------------------------------------------------------- statements

    def read(self, text: str, offset: int | None) -> None:
        """All statements of a text, which begins at ``offset`` in the whole. Raises ``RefusedError``."""
        parsed = parse(text)
        self.source, self.offset, self._place_of = text, offset, parsed.place_of
        for statement in parsed.statements:
            self.begin, self.text = statement.place, statement.text
            if offset is not None:
                self.start = offset + statement.place
            try:
                self.statement(statement.kind, statement.node)
            except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
                # A tree of a shape that nobody has thought of: it is said, and what comes after it is read.
                self.opaque("a statement that is not understood", self.start)

    def read_inner(self, text: str) -> None:
        """The statements of a text that the present statement holds in a literal."""
        start, offset = self.start, self.offset_of(text)
        try:
            self.read(text, offset)
        except RefusedError as error:
            place = start if offset is None else offset + error.place
            self.opaque(f"SQL that the parser refuses: {error.message}", place)

    def offset_of(self, text: str) -> int | None:
        """Where a text that the present statement holds begins in the whole; None if that is not known."""
        found = self.source.find(text, self.begin)
        return self.offset + found if found >= 0 and self.offset is not None else None

    def statement(self, kind: str, node: Node) -> None:
        """Read one statement; a kind that is not known is opaque."""
        handler = self.handlers.get(kind)
        if handler is None:
            self.opaque(f"a statement that is not understood ({kind.removesuffix('Stmt')})", self.start)
        else:
            handler(self, node)

    # ------------------------------------------------------------------------------------------------ look-up

    def looked_up(self, kind: Kind, names: Sequence[str], of: str = "") -> tuple[Thing, tuple[str, ...]]:
        """A used thing of a qualified or plain name, and the other schemas that it may be in."""
        if len(names) > 1:
            return Thing(kind, names[-1], schema_named(names[-2]), of), ()
        return Thing(kind, names[-1], self.path[0], of), self.path[1:]

    def named(self, schema: str | None, name: str) -> Relation | None:
        """A used relation; None for one that is temporary."""
        if schema == _TEMPORARY or (schema is None and name in self.temporary):
            return None
        if schema is None:
            first = self.path[0]
            return Relation(Thing(Kind.RELATION, name, first), of_relation(first, name), self.path[1:])
        schema = schema_named(schema)
        return Relation(Thing(Kind.RELATION, name, schema), of_relation(schema, name))

    def relation(self, node: Node) -> Relation | None:
        """What a RangeVar names; None for a temporary one."""
        return self.named(node.get("schemaname"), node["relname"])

    def new_relation(self, node: Node) -> Relation | None:
        """What a RangeVar names that is about to be made; None for a temporary one, which nobody else sees."""
        schema = node.get("schemaname")
        if node.get("relpersistence") == "t" or schema == _TEMPORARY or (self.makes_temporary and schema is None):
            self.temporary.add(node["relname"])
            return None
        made = self.named(schema, node["relname"])
        if made is None:
            return None
        if self.body is not None:
            self.temporary.add(node["relname"])
        self.use_schema(made.thing.schema, self.at(node))
        return Relation(made.thing, made.of)

    def new(self, kind: Kind, names: Sequence[str], place: int, of: str = "") -> Thing:
        """A thing about to be made: in the schema that it names, else in the first of the search path."""
        schema = schema_named(names[-2]) if len(names) > 1 else self.path[0]
        self.use_schema(schema, place)
        return Thing(kind, names[-1], schema, of)

    def use_schema(self, schema: str, place: int) -> None:
        """A schema by its name, or as things have it."""
        if schema and schema not in built_in(Kind.SCHEMA):
            self.add(Act.USES, Thing(Kind.SCHEMA, schema), "schema", place)

    def use_relation(self, relation: Relation | None, place: int, word: str = "relation", act: Act = Act.USES) -> None:
        if relation is not None and not _is_own(relation.thing):
            self.add(act, relation.thing, word, place, relation.alternatives)

    def use_column(self, relation: Relation | None, name: str, place: int, act: Act = Act.USES) -> None:
        if relation is not None and not _is_own(relation.thing):
            self.add(act, column(relation.of, name), "column", place, relation.alternatives)

    def use(self, kind: Kind, names: Sequence[str], word: str, place: int, act: Act = Act.USES) -> None:
        """A thing of a qualified or plain name that is used, unless it is the database's own."""
        if not names:
            return
        if len(names) == 1:
            if names[0] in built_in(kind):
                return
        elif names[-2] in _OWN_SCHEMAS:
            return
        thing, alternatives = self.looked_up(kind, names)
        self.add(act, thing, word, place, alternatives)

    def use_other(self, word: str, names: Sequence[str], place: int) -> None:
        """What has no kind of its own: an operator class, a server."""
        if names and names[-1] not in built_in(word):
            self.add(Act.USES, Thing(Kind.OTHER, names[-1], "", word), word, place)

    def use_role(self, node: Node | None) -> None:
        """What a RoleSpec names; PUBLIC and CURRENT_USER are no roles of anybody."""
        if node is not None and node.get("roletype") == "ROLESPEC_CSTRING":
            self.use(Kind.ROLE, [node["rolename"]], "role", self.at(node))

    # ------------------------------------------------------------------------------------------------ settings

    def set_path(self, node: Node) -> None:
        """SET search_path, as a VariableSetStmt has it."""
        if node.get("kind") != "VAR_SET_VALUE":
            self.path, self.makes_temporary = DEFAULT_PATH, False
            return
        values = [argument.get("A_Const", {}).get("sval", {}).get("sval", "") for argument in node.get("args", [])]
        self.set_path_to(values)

    def set_path_to(self, schemas: Sequence[str]) -> None:
        named = tuple(schema_named(schema) for schema in schemas if schema and schema not in _UNUSED)
        self.path = tuple(dict.fromkeys(named)) or DEFAULT_PATH
        self.makes_temporary = bool(schemas) and schemas[0] == _TEMPORARY

    @contextmanager
    def within(self, body: str | None, firm: bool = True, variables: frozenset[str] = frozenset()) -> Iterator[None]:
        """The body of a routine; None for one that is run at once (DO). What it sets is as it was afterwards."""
        kept = dict(self.__dict__)
        self.body, self.firm, self.variables = body or self.body, firm and self.firm, self.variables | variables
        self.temporary = set(self.temporary)
        try:
            yield
        finally:
            self.__dict__.update(kept)

    @contextmanager
    def optionally(self, optional: bool) -> Iterator[None]:
        """What is named need not be there (IF EXISTS), if ``optional``."""
        kept, self._optional = self._optional, optional
        try:
            yield
        finally:
            self._optional = kept

    @contextmanager
    def maybe(self) -> Iterator[None]:
        """What may be run or not."""
        kept, self.conditional = self.conditional, True
        try:
            yield
        finally:
            self.conditional = kept


def is_own_type(names: Sequence[str]) -> bool:
    """Whether a type is the database's own, by its qualified or plain name."""
    if len(names) > 1:
        return names[-2] in _OWN_SCHEMAS
    return not names or names[0] in built_in(Kind.TYPE) or names[0] in SERIAL


def _is_own(relation: Thing) -> bool:
    if relation.schema:
        return relation.schema in _OWN_SCHEMAS
    return relation.name in built_in(Kind.RELATION)


def names_of(node: Node, key: str) -> list[str]:
    """The texts in a list of String nodes that a node has."""
    return strings(node.get(key, []))
