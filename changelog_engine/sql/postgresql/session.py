"""Settings and upkeep: statements that make nothing, though some need what they name."""

from __future__ import annotations

from changelog_engine.sql.effects import Act, Kind, Thing
from changelog_engine.sql.postgresql.names import other, schema_named
from changelog_engine.sql.postgresql.parsing import Node
from changelog_engine.sql.postgresql.state import Handler, State, names_of
from changelog_engine.sql.postgresql.targets import Target, act_on

_ROLES = ("role", "session_authorization")


def _set(state: State, node: Node) -> None:
    name = node.get("name", "")
    if name == "search_path" or node.get("kind") == "VAR_RESET_ALL":
        state.set_path(node)
    elif name in _ROLES:
        for argument in node.get("args", []):
            role = argument.get("A_Const", {}).get("sval", {}).get("sval", "")
            if role and role != "none":
                state.use(Kind.ROLE, [role], "role", state.at(argument.get("A_Const", {})))


def _discard(state: State, node: Node) -> None:
    if node.get("target") == "DISCARD_ALL":
        state.set_path({})


def _nothing(state: State, node: Node) -> None:
    """A statement that names nothing which anybody makes."""
    del state, node


def _lock(state: State, node: Node) -> None:
    for item in node.get("relations", []):
        state.use_relation(state.relation(item["RangeVar"]), state.at(item["RangeVar"]), "table")


def _vacuum(state: State, node: Node) -> None:
    """VACUUM and ANALYZE."""
    for item in node.get("rels", []):
        table = item["VacuumRelation"]
        if "relation" in table:
            relation = state.relation(table["relation"])
            place = state.at(table["relation"])
            state.use_relation(relation, place, "table")
            for name in names_of(table, "va_cols"):
                state.use_column(relation, name, place)


def _reindex(state: State, node: Node) -> None:
    if "relation" in node:
        word = "index" if node.get("kind") == "REINDEX_OBJECT_INDEX" else "table"
        state.use_relation(state.relation(node["relation"]), state.at(node["relation"]), word)
    elif node.get("kind") == "REINDEX_OBJECT_SCHEMA":
        state.use_schema(schema_named(node["name"]), state.start)


def _cluster(state: State, node: Node) -> None:
    if "relation" not in node:
        return
    relation = state.relation(node["relation"])
    place = state.at(node["relation"])
    state.use_relation(relation, place, "table")
    if relation is not None and "indexname" in node:
        index = relation.thing._replace(name=node["indexname"])
        state.add(Act.USES, index, "index", place, relation.alternatives)


def _refresh(state: State, node: Node) -> None:
    relation = state.relation(node["relation"])
    place = state.at(node["relation"])
    state.use_relation(relation, place, "materialized view")
    if relation is not None and node.get("concurrent"):
        # It goes by a unique index, whichever there is.
        state.add(Act.MAY_USE, Thing(Kind.KEY, "*", "", relation.of), "key", place, relation.alternatives)


def _constraints(state: State, node: Node) -> None:
    for item in node.get("constraints", []):
        state.opaque(f"constraint {item['RangeVar']['relname']}, of whichever table", state.start)


def _act_on_other(act: Act, word: str, key: str) -> Handler:
    def handler(state: State, node: Node) -> None:
        missing_ok = bool(node.get("missing_ok"))
        target = Target(other(word, node[key]), word)
        if missing_ok:
            state.add(act, target.thing, word, state.start)
        else:
            act_on(state, act, target, state.start)

    return handler


def _collation(state: State, node: Node) -> None:
    state.use(Kind.COLLATION, names_of(node, "collname"), "collation", state.start)


def _move_all(state: State, node: Node) -> None:
    state.use_other("tablespace", [node["new_tablespacename"]], state.start)
    state.opaque("all that a tablespace holds when it is run", state.start)


_WITHOUT_NAMES = (
    *("VariableShowStmt", "TransactionStmt", "ListenStmt", "UnlistenStmt", "NotifyStmt", "CheckPointStmt"),
    *("LoadStmt", "FetchStmt", "ClosePortalStmt", "DeallocateStmt", "ExecuteStmt", "AlterSystemStmt"),
    # The database itself.
    *("AlterDatabaseStmt", "AlterDatabaseSetStmt", "AlterDatabaseRefreshCollStmt"),
)

STATEMENTS: dict[str, Handler] = {
    **dict.fromkeys(_WITHOUT_NAMES, _nothing),
    "VariableSetStmt": _set,
    "DiscardStmt": _discard,
    "LockStmt": _lock,
    "VacuumStmt": _vacuum,
    "ReindexStmt": _reindex,
    "ClusterStmt": _cluster,
    "RefreshMatViewStmt": _refresh,
    "ConstraintsSetStmt": _constraints,
    "AlterCollationStmt": _collation,
    "AlterTableMoveAllStmt": _move_all,
    "DropdbStmt": _act_on_other(Act.DROPS, "database", "dbname"),
    "DropTableSpaceStmt": _act_on_other(Act.DROPS, "tablespace", "tablespacename"),
    "DropSubscriptionStmt": _act_on_other(Act.DROPS, "subscription", "subname"),
}
