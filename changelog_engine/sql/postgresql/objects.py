"""Sequences, schemas, extensions and all the smaller kinds of objects."""

from __future__ import annotations

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.postgresql.expressions import Scope, cast_name, use_type, walk
from changelog_engine.sql.postgresql.names import Relation, definitions, name_in, other, schema_named, strings
from changelog_engine.sql.postgresql.own_names import built_in
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.state import Handler, State, names_of
from changelog_engine.sql.postgresql.targets import Target, act_on, target_of


def _ensures(node: Node) -> Act:
    return Act.ENSURES if node.get("if_not_exists") else Act.CREATES


# -------------------------------------------------------------------------------------------- sequences, schemas


def _create_sequence(state: State, node: Node) -> None:
    relation = state.new_relation(node["sequence"])
    if relation is not None:
        state.add(_ensures(node), relation.thing, "sequence", state.at(node["sequence"]))
    _sequence_options(state, node)


def _alter_sequence(state: State, node: Node) -> None:
    relation = state.relation(node["sequence"])
    if relation is not None:
        target = Target(relation.thing, "sequence", relation.alternatives)
        act_on(state, Act.ALTERS, target, state.at(node["sequence"]), bool(node.get("missing_ok")))
    _sequence_options(state, node)


def _sequence_options(state: State, node: Node) -> None:
    options = definitions(node, "options")
    owner = name_in(options.get("owned_by", {}))
    if len(owner) > 1:
        relation = state.named(owner[-3] if len(owner) > 2 else None, owner[-2])
        state.use_relation(relation, state.start, "table")
        state.use_column(relation, owner[-1], state.start)
    if "TypeName" in options.get("as", {}):
        use_type(state, options["as"]["TypeName"])


def _create_schema(state: State, node: Node) -> None:
    state.use_role(node.get("authrole"))
    name = node.get("schemaname") or node.get("authrole", {}).get("rolename", "")
    state.add(_ensures(node), Thing(Kind.SCHEMA, name), "schema", state.start)
    with state.within(None):
        state.path = (schema_named(name), *state.path)
        for element in node.get("schemaElts", []):
            for kind, inner in element.items():
                state.statement(kind, inner)


def _create_extension(state: State, node: Node) -> None:
    schema = definitions(node, "options").get("schema")
    if schema is not None:
        state.use_schema(schema_named(name_in(schema)[-1]), state.start)
    state.add(_ensures(node), Thing(Kind.EXTENSION, node["extname"]), "extension", state.start)


def _alter_extension(state: State, node: Node) -> None:
    act_on(state, Act.ALTERS, Target(Thing(Kind.EXTENSION, node["extname"]), "extension"), state.start)
    if "object" in node:
        act_on(state, None, target_of(state, node["objtype"], node["object"]), state.start)


# -------------------------------------------------------------------------------------------- the smaller kinds


def _create_other(word: str, key: str) -> Handler:
    """A CREATE that only has a name, a function that handles it and options."""

    def handler(state: State, node: Node) -> None:
        name = node[key]
        for functions in ("handler_name", "plhandler", "plinline", "plvalidator", "func_name"):
            state.use(Kind.ROUTINE, names_of(node, functions), "function", state.start)
        for option, value in definitions(node, "func_options").items():
            if option in ("handler", "validator"):
                state.use(Kind.ROUTINE, name_in(value), "function", state.start)
        if "fdwname" in node and word == "server":
            state.use_other("foreign data wrapper", [node["fdwname"]], state.start)
        state.use_role(node.get("owner"))
        act = Act.REPLACES if node.get("replace") else _ensures(node)
        state.add(act, other(word, name if isinstance(name, str) else strings(name)[-1]), word, state.start)

    return handler


def _alter_other(word: str, key: str) -> Handler:
    def handler(state: State, node: Node) -> None:
        name = node[key]
        thing = other(word, name if isinstance(name, str) else strings(name)[-1])
        act_on(state, Act.ALTERS, Target(thing, word), state.start, bool(node.get("missing_ok")))

    return handler


def _publication(state: State, node: Node) -> None:
    thing = other("publication", node["pubname"])
    if "action" in node or ("options" in node and "pubobjects" not in node):
        act_on(state, Act.ALTERS, Target(thing, "publication"), state.start)
    for item in node.get("pubobjects", []):
        published = item["PublicationObjSpec"]
        if "pubtable" in published:
            table = published["pubtable"]
            relation = state.relation(table["relation"])
            place = state.at(table["relation"])
            state.use_relation(relation, place, "table")
            for name in names_of(table, "columns"):
                state.use_column(relation, name, place)
            walk(state, table.get("whereClause", {}), _scope_of(relation, table["relation"]["relname"]))
        elif "name" in published:
            state.use_schema(schema_named(published["name"]), state.start)


def _create_publication(state: State, node: Node) -> None:
    _publication(state, {"pubname": node["pubname"], "pubobjects": node.get("pubobjects", [])})
    state.add(Act.CREATES, other("publication", node["pubname"]), "publication", state.start)


def _scope_of(relation: Relation | None, name: str) -> Scope:
    scope = Scope()
    scope.relations[name] = relation
    return scope


def _create_statistics(state: State, node: Node) -> None:
    scope = Scope()
    for item in node.get("relations", []):
        relation = state.relation(item["RangeVar"])
        state.use_relation(relation, state.at(item["RangeVar"]), "table")
        scope.relations[item["RangeVar"]["relname"]] = relation
        for element in node.get("exprs", []):
            if "name" in element["StatsElem"]:
                state.use_column(relation, element["StatsElem"]["name"], state.start)
    walk(state, node.get("exprs", []), scope)
    if "defnames" in node:
        state.add(
            _ensures(node), other("statistics object", names_of(node, "defnames")[-1]), "statistics object", state.start
        )


def _create_cast(state: State, node: Node) -> None:
    types = [node["sourcetype"], node["targettype"]]
    for type_name in types:
        use_type(state, type_name)
    if "func" in node:
        _use_function(state, node["func"])
    source, target = (names_of(type_name, "names") for type_name in types)
    state.add(Act.CREATES, other("cast", cast_name(source[-1], target)), "cast", state.start)
    if node.get("context") == "COERCION_EXPLICIT" and target[-1] not in built_in(Kind.TYPE):
        state.add(Act.ENSURES, other("cast", cast_name("*", target)), "cast", state.start)
    else:
        state.opaque(f"where the cast from {source[-1]} to {target[-1]} is used", state.start)


def _use_function(state: State, node: Node) -> None:
    state.use(Kind.ROUTINE, names_of(node, "objname"), "function", state.start)
    for argument in node.get("objargs", []):
        use_type(state, argument["TypeName"])


def _create_transform(state: State, node: Node) -> None:
    use_type(state, node["type_name"])
    state.use_other("language", [node["lang"]], state.start)
    for key in ("fromsql", "tosql"):
        if key in node:
            _use_function(state, node[key])
    name = f"{names_of(node['type_name'], 'names')[-1]} for {node['lang']}"
    state.add(Act.REPLACES if node.get("replace") else Act.CREATES, other("transform", name), "transform", state.start)


def _create_operator_class(state: State, node: Node) -> None:
    use_type(state, node["datatype"])
    state.use_other("access method", [node["amname"]], state.start)
    state.use_other("operator family", names_of(node, "opfamilyname"), state.start)
    _class_items(state, node)
    name = names_of(node, "opclassname")[-1]
    state.add(Act.CREATES, other("operator class", name), "operator class", state.start)
    if node.get("isDefault"):
        of_type = names_of(node["datatype"], "names")[-1]
        state.opaque(f"where the operator class `{name}`, the default one of type {of_type}, is used", state.start)
    if "opfamilyname" not in node:
        state.add(Act.CREATES, other("operator family", name), "operator family", state.start)


def _alter_operator_family(state: State, node: Node) -> None:
    target = Target(other("operator family", names_of(node, "opfamilyname")[-1]), "operator family")
    act_on(state, Act.ALTERS, target, state.start)
    _class_items(state, node)


def _class_items(state: State, node: Node) -> None:
    for item in node.get("items", []):
        member = item["CreateOpClassItem"]
        named = member.get("name", {})
        if member.get("itemtype") == 1:
            state.use(Kind.OPERATOR, names_of(named, "objname"), "operator", state.start)
        elif member.get("itemtype") == 2:
            state.use(Kind.ROUTINE, names_of(named, "objname"), "function", state.start)
        for argument in named.get("objargs", []):
            use_type(state, argument["TypeName"])


def _import_schema(state: State, node: Node) -> None:
    state.use_other("server", [node["server_name"]], state.start)
    state.use_schema(schema_named(node["local_schema"]), state.start)
    state.opaque("the tables that IMPORT FOREIGN SCHEMA makes", state.start)


def _user_mapping(state: State, node: Node) -> None:
    state.use_role(node.get("user"))
    state.use_other("server", [node["servername"]], state.start)


def _alter_function(state: State, node: Node) -> None:
    act_on(state, Act.ALTERS, target_of(state, node["objtype"], {"ObjectWithArgs": node["func"]}), state.start)


def _alter_operator(state: State, node: Node) -> None:
    target = target_of(state, "OBJECT_OPERATOR", {"ObjectWithArgs": node["opername"]})
    act_on(state, Act.ALTERS, target, state.start)


STATEMENTS: dict[str, Handler] = {
    "CreateSeqStmt": _create_sequence,
    "AlterSeqStmt": _alter_sequence,
    "CreateSchemaStmt": _create_schema,
    "CreateExtensionStmt": _create_extension,
    "AlterExtensionStmt": _alter_extension,
    "AlterExtensionContentsStmt": _alter_extension,
    "CreatePublicationStmt": _create_publication,
    "AlterPublicationStmt": _publication,
    "CreateStatsStmt": _create_statistics,
    "CreateCastStmt": _create_cast,
    "CreateTransformStmt": _create_transform,
    "CreateOpClassStmt": _create_operator_class,
    "AlterOpFamilyStmt": _alter_operator_family,
    "ImportForeignSchemaStmt": _import_schema,
    "CreateUserMappingStmt": _user_mapping,
    "AlterUserMappingStmt": _user_mapping,
    "DropUserMappingStmt": _user_mapping,
    "AlterFunctionStmt": _alter_function,
    "AlterOperatorStmt": _alter_operator,
    "CreateOpFamilyStmt": _create_other("operator family", "opfamilyname"),
    "CreatePLangStmt": _create_other("language", "plname"),
    "CreateFdwStmt": _create_other("foreign data wrapper", "fdwname"),
    "CreateForeignServerStmt": _create_other("server", "servername"),
    "CreateAmStmt": _create_other("access method", "amname"),
    "CreateConversionStmt": _create_other("conversion", "conversion_name"),
    "CreateSubscriptionStmt": _create_other("subscription", "subname"),
    "CreateTableSpaceStmt": _create_other("tablespace", "tablespacename"),
    "CreatedbStmt": _create_other("database", "dbname"),
    "AlterFdwStmt": _alter_other("foreign data wrapper", "fdwname"),
    "AlterForeignServerStmt": _alter_other("server", "servername"),
    "AlterSubscriptionStmt": _alter_other("subscription", "subname"),
    "AlterEventTrigStmt": _alter_other("event trigger", "trigname"),
    "AlterStatsStmt": _alter_other("statistics object", "defnames"),
    "AlterTableSpaceOptionsStmt": _alter_other("tablespace", "tablespacename"),
}
