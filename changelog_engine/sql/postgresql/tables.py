"""CREATE TABLE, with its columns and constraints; indexes and views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.postgresql.expressions import (
    Scope,
    columns_in,
    relation_scope,
    tighten,
    use_key,
    use_type,
    use_value,
    walk,
)
from changelog_engine.sql.postgresql.names import Relation, column, key_name, key_part, made_up, strings
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.queries import make_from_query, read_query
from changelog_engine.sql.postgresql.state import SERIAL, Handler, State, names_of

ANY = "*"
"""The name of a column, key or constraint that cannot be told from the text."""

_INCLUDING_INDEXES = 1 << 6


class Table(NamedTuple):
    """A table that gets columns and constraints. ``relation`` is None for a temporary one; ``is_new`` as long as it has
    no rows; ``act`` is what is done to its parts. ``missing_ok``: it need not be there.
    """

    name: str
    relation: Relation | None
    is_new: bool
    act: Act = Act.CREATES
    missing_ok: bool = False

    def scope(self) -> Scope:
        return relation_scope(self.relation, self.name)


def make_part(state: State, table: Table, kind: Kind, name: str, word: str, place: int) -> None:
    """A column, constraint or key of the table."""
    if table.relation is not None:
        state.add(table.act, Thing(kind, name, "", table.relation.of), word, place, table.relation.alternatives)


def make_any(state: State, table: Table, kinds: Sequence[Kind], place: int) -> None:
    """Columns and the like that it gets from elsewhere."""
    for kind in kinds:
        make_part(state, table, kind, ANY, kind.value, place)


def make_relation(state: State, act: Act, relation: Relation, word: str, place: int) -> None:
    """A relation that has a type of its rows."""
    state.add(act, relation.thing, word, place)
    state.add(act, Thing(Kind.TYPE, relation.thing.name, relation.thing.schema), "type", place)


# -------------------------------------------------------------------------------------------------- CREATE TABLE


def create_table(state: State, node: Node) -> None:
    """A CreateStmt, also of a foreign table or a partition."""
    place = state.at(node["relation"])
    relation = state.new_relation(node["relation"])
    act = Act.ENSURES if node.get("if_not_exists") else Act.CREATES
    if relation is not None:
        make_relation(state, act, relation, "table", place)
    table = Table(node["relation"]["relname"], relation, True, act)
    for item in node.get("inhRelations", []):
        parent = state.relation(item["RangeVar"])
        state.use_relation(parent, state.at(item["RangeVar"]), "table")
        state.inherits(relation, parent)
        make_any(state, table, (Kind.COLUMN, Kind.KEY, Kind.CONSTRAINT), place)
    if "ofTypename" in node:
        use_type(state, node["ofTypename"])
        make_any(state, table, (Kind.COLUMN,), place)
    add_elements(state, table, node.get("tableElts", []))
    for key in ("partspec", "partbound"):
        walk(state, node.get(key, {}), table.scope())
    _use_classes(state, node.get("partspec", {}).get("partParams", []), "PartitionElem")
    if node.get("accessMethod"):
        state.use_other("access method", [node["accessMethod"]], place)
    use_tablespace(state, node, place)


def use_tablespace(state: State, node: Node, place: int) -> None:
    name = node.get("tablespacename") or node.get("tableSpace") or node.get("indexspace")
    if name:
        state.use_other("tablespace", [name], place)


def add_elements(state: State, table: Table, elements: Sequence[Node]) -> None:
    for item in elements:
        if "ColumnDef" in item:
            add_column(state, table, item["ColumnDef"])
    for item in elements:
        if "Constraint" in item:
            add_constraint(state, table, item["Constraint"])
        elif "TableLikeClause" in item:
            like = item["TableLikeClause"]
            place = state.at(like["relation"])
            state.use_relation(state.relation(like["relation"]), place, "table")
            has_keys = like.get("options", 0) & _INCLUDING_INDEXES
            make_any(state, table, (Kind.COLUMN, Kind.CONSTRAINT, *((Kind.KEY,) if has_keys else ())), place)


def add_column(state: State, table: Table, node: Node) -> None:
    """A ColumnDef: the column, its type and its constraints."""
    name, place = node["colname"], state.at(node)
    make_part(state, table, Kind.COLUMN, name, "column", place)
    type_names = names_of(node.get("typeName", {}), "names")
    if "typeName" in node:
        use_type(state, node["typeName"])
        if table.relation is not None:
            state.is_of_type(column(table.relation.of, name), type_names)
    if "collClause" in node:
        state.use(Kind.COLLATION, strings(node["collClause"]["collname"]), "collation", place)
    is_identity = any(item["Constraint"]["contype"] == "CONSTR_IDENTITY" for item in node.get("constraints", []))
    if is_identity or (type_names and type_names[-1] in SERIAL):
        make_sequence(state, table, name, place)
    for item in node.get("constraints", []):
        add_constraint(state, table, item["Constraint"], name, type_names)
    for option in node.get("fdwoptions", []):
        walk(state, option, Scope())


def make_sequence(state: State, table: Table, name: str, place: int) -> None:
    """The sequence that a serial or identity column has."""
    if table.relation is not None:
        sequence = made_up(table.name, name, "seq")
        state.add(table.act, table.relation.thing._replace(name=sequence), "sequence", place)


# --------------------------------------------------------------------------------------------------- constraints


def add_constraint(state: State, table: Table, node: Node, of_column: str = "", type_names: Sequence[str] = ()) -> None:
    """A Constraint, of a column or of the table."""
    kind = node["contype"]
    place = state.at(node)
    if kind in ("CONSTR_PRIMARY", "CONSTR_UNIQUE"):
        _add_key(state, table, node, [of_column] if of_column else names_of(node, "keys"))
    elif kind == "CONSTR_FOREIGN":
        _add_foreign_key(state, table, node, [of_column] if of_column else names_of(node, "fk_attrs"))
    elif kind == "CONSTR_CHECK":
        _add_check(state, table, node)
    elif kind == "CONSTR_NOTNULL":
        name = of_column or next(iter(names_of(node, "keys")), "")
        _name(state, table, node, name, "not_null", place)
        if not of_column:
            _tighten(state, table, node, [name])
    elif kind == "CONSTR_EXCLUSION":
        _add_exclusion(state, table, node)
    elif kind in ("CONSTR_DEFAULT", "CONSTR_GENERATED"):
        expression = node.get("raw_expr", {})
        walk(state, expression, table.scope() if kind == "CONSTR_GENERATED" else Scope())
        constant = expression.get("A_Const", {})
        if type_names and "sval" in constant:
            use_value(state, list(type_names), constant["sval"].get("sval", ""), state.at(constant))


def _name(state: State, table: Table, node: Node, second: str, label: str, place: int) -> str:
    """The constraint by its name, given or made up; gives back the name."""
    of = table.relation.of if table.relation is not None else ""
    name: str = node.get("conname", "")
    if not name:
        number = 0
        name = made_up(table.name, second, label)
        while table.relation is not None and state.made(Thing(Kind.CONSTRAINT, name, "", of)):
            number += 1
            name = made_up(table.name, second, f"{label}{number}")
    make_part(state, table, Kind.CONSTRAINT, name, "constraint", place)
    return name


def _add_key(state: State, table: Table, node: Node, columns: list[str]) -> None:
    place = state.at(node)
    is_primary = node["contype"] == "CONSTR_PRIMARY"
    name = _name(state, table, node, "" if is_primary else "_".join(columns), "pkey" if is_primary else "key", place)
    if table.relation is None:
        return
    if node.get("indexname"):
        # The index is renamed to the constraint's name.
        index = table.relation.thing._replace(name=node["indexname"])
        state.add(Act.USES, index, "index", place, table.relation.alternatives)
        if name != node["indexname"]:
            state.add(Act.RENAMES_FROM, index, "index", place, table.relation.alternatives)
    state.add(table.act, table.relation.thing._replace(name=name), "index", place)
    for column_name in [*columns, *names_of(node, "including")]:
        state.use_column(table.relation, column_name, place)
    if node.get("without_overlaps"):
        _may_use_scalars(state, place)
    if columns:
        make_part(state, table, Kind.KEY, key_name(columns), "key", place)
        _tighten(state, table, node, columns)
    if is_primary:
        make_part(state, table, Kind.KEY, "", "primary key", place)


def _tighten(state: State, table: Table, node: Node, columns: list[str]) -> None:
    if not table.is_new and not node.get("skip_validation"):
        tighten(state, table.relation, columns, state.at(node))


def _add_foreign_key(state: State, table: Table, node: Node, columns: list[str]) -> None:
    place = state.at(node)
    _name(state, table, node, "_".join(columns), "fkey", place)
    target = state.relation(node["pktable"])
    target_columns = names_of(node, "pk_attrs")
    target_place = state.at(node["pktable"])
    state.use_relation(target, target_place, "table")
    for name in target_columns:
        state.use_column(target, name, target_place)
    use_key(state, target, key_name(target_columns), target_place)
    for name in columns:
        state.use_column(table.relation, name, place)
    if table.relation is not None and target is not None:
        state.refers(table.relation, columns, target, target_columns, place)
        _tighten(state, table, node, columns)


def _add_check(state: State, table: Table, node: Node) -> None:
    expression = node.get("raw_expr", {})
    columns = columns_in(expression)
    _name(state, table, node, columns[0] if len(columns) == 1 else "", "check", state.at(node))
    walk(state, expression, table.scope())
    _tighten(state, table, node, columns)


def _add_exclusion(state: State, table: Table, node: Node) -> None:
    place = state.at(node)
    elements = [item["List"]["items"][0]["IndexElem"] for item in node.get("exclusions", [])]
    name = _name(state, table, node, _index_columns(elements), "excl", place)
    if table.relation is not None:
        state.add(table.act, table.relation.thing._replace(name=name), "index", place)
    for item in node.get("exclusions", []):
        element, operator = item["List"]["items"]
        _use_element(state, table, element["IndexElem"])
        state.use(Kind.OPERATOR, strings(operator["List"]["items"]), "operator", place)
    method = node.get("access_method", "btree")
    state.use_other("access method", [method], place)
    if method == "gist":
        _may_use_scalars(state, place)
    walk(state, node.get("where_clause", {}), table.scope())
    _tighten(state, table, node, columns_in(node.get("exclusions", [])))


def _may_use_scalars(state: State, place: int) -> None:
    """Numbers and texts in a GiST index need an extension; which of its columns are such cannot be told."""
    state.add(Act.MAY_USE, Thing(Kind.EXTENSION, "btree_gist"), "extension", place)


# ------------------------------------------------------------------------------------------------------- indexes


def _index_columns(elements: Sequence[Node]) -> str:
    names: list[str] = []
    for element in elements:
        name = element.get("name") or _expression_name(element.get("expr", {}))
        base, number = name, 0
        while name in names:
            number += 1
            name = f"{base}{number}"
        names.append(name)
    return "_".join(names)


def _expression_name(expression: Node) -> str:
    if "FuncCall" in expression:
        return strings(expression["FuncCall"]["funcname"])[-1]
    return "expr"


def _use_element(state: State, table: Table, element: Node) -> None:
    if "name" in element:
        state.use_column(table.relation, element["name"], state.start)
    walk(state, element.get("expr", {}), table.scope())
    if "collation" in element:
        state.use(Kind.COLLATION, strings(element["collation"]), "collation", state.start)
    state.use_other("operator class", names_of(element, "opclass"), state.start)


def _use_classes(state: State, parameters: Sequence[Node], kind: str) -> None:
    for item in parameters:
        element = item[kind]
        if "name" in element:
            continue
        state.use_other("operator class", names_of(element, "opclass"), state.start)


def create_index(state: State, node: Node) -> None:
    relation = state.relation(node["relation"])
    place = state.at(node["relation"])
    state.use_relation(relation, place, "table")
    table = Table(node["relation"]["relname"], relation, False)
    elements = [item["IndexElem"] for item in node.get("indexParams", [])]
    included = [item["IndexElem"] for item in node.get("indexIncludingParams", [])]
    for element in (*elements, *included):
        _use_element(state, table, element)
    walk(state, node.get("whereClause", {}), table.scope())
    if relation is None:
        return
    state.use_other("access method", [node.get("accessMethod", "btree")], place)
    use_tablespace(state, node, place)
    if node.get("accessMethod") == "gist" and len(elements) > 1:
        _may_use_scalars(state, place)
    act = Act.ENSURES if node.get("if_not_exists") else Act.CREATES
    thing = _index_thing(state, node, relation, _index_columns([*elements, *included]))
    # The index is in its table's schema, wherever that is.
    state.add(act, thing, "index", place, relation.alternatives)
    names = [element["name"] for element in elements if "name" in element]
    if node.get("unique"):
        key = Thing(Kind.KEY, key_name([key_part(element) for element in elements]), "", relation.of)
        state.add(act, key, "key", place, relation.alternatives)
        tighten(state, relation, names, place)


def _index_thing(state: State, node: Node, relation: Relation, columns: str) -> Thing:
    if node.get("idxname"):
        return relation.thing._replace(name=node["idxname"])
    number, label = 0, "idx"
    while state.made(thing := relation.thing._replace(name=made_up(relation.thing.name, columns, label))):
        number += 1
        label = f"idx{number}"
    return thing


# --------------------------------------------------------------------------------------------------------- views


def create_view(state: State, node: Node) -> None:
    act = Act.REPLACES if node.get("replace") else Act.CREATES
    query = node["query"]["SelectStmt"]
    made = state.new_relation(node["view"])
    names = names_of(node, "aliases")
    read_query(state, query, Scope())
    _make_view(state, made, query, names, act, "view", state.at(node["view"]))


def _make_view(
    state: State, made: Relation | None, query: Node, names: list[str], act: Act, word: str, place: int
) -> None:
    if made is not None and names:
        make_relation(state, act, made, word, place)
        for name in names:
            state.add(act, column(made.of, name), "column", place)
    else:
        make_from_query(state, made, query, act, word, place)


def create_table_as(state: State, node: Node) -> None:
    into = node["into"]
    act = Act.ENSURES if node.get("if_not_exists") else Act.CREATES
    place = state.at(into["rel"])
    made = state.new_relation(into["rel"])
    ((kind, query),) = node["query"].items()
    state.statement(kind, query)
    word = "materialized view" if node.get("objtype") == "OBJECT_MATVIEW" else "table"
    if kind == "SelectStmt":
        _make_view(state, made, query, names_of(into, "colNames"), act, word, place)
    elif made is not None:
        make_relation(state, act, made, word, place)
        state.add(act, column(made.of, ANY), "column", place)


def _create_foreign_table(state: State, node: Node) -> None:
    create_table(state, node["base"])
    state.use_other("server", [node["servername"]], state.start)


def _composite_type(state: State, node: Node) -> None:
    relation = state.new_relation(node["typevar"])
    if relation is None:
        return
    make_relation(state, Act.CREATES, relation, "type", state.start)
    table = Table(relation.thing.name, relation, True)
    for item in node.get("coldeflist", []):
        add_column(state, table, item["ColumnDef"])


STATEMENTS: dict[str, Handler] = {
    "CreateStmt": create_table,
    "IndexStmt": create_index,
    "ViewStmt": create_view,
    "CreateTableAsStmt": create_table_as,
    "CreateForeignTableStmt": _create_foreign_table,
    "CompositeTypeStmt": _composite_type,
}
