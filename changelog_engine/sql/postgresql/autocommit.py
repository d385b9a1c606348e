"""Which statements PostgreSQL refuses in a transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from changelog_engine.sql.disguise import disguise, undisguise
from changelog_engine.sql.effects import Refusal
from changelog_engine.sql.postgresql.names import definitions
from changelog_engine.sql.postgresql.parsing import (
    Node,
    RefusedError,
    Statement,
    parse,
    parse_body,
)
from changelog_engine.sql.postgresql.state import names_of

_EVERYTHING = ("REINDEX_OBJECT_SCHEMA", "REINDEX_OBJECT_SYSTEM", "REINDEX_OBJECT_DATABASE")
_REFRESHING = (
    "ALTER_SUBSCRIPTION_SET_PUBLICATION",
    "ALTER_SUBSCRIPTION_ADD_PUBLICATION",
    "ALTER_SUBSCRIPTION_DROP_PUBLICATION",
)


def refusals(text: str) -> tuple[Refusal, ...] | None:
    """The statements that fail in a transaction; None where the text cannot be read."""
    try:
        statements = parse(disguise(text)).statements
    except (RefusedError, ImportError, OSError):
        return None
    found = []
    for index, statement in enumerate(statements):
        reason = _reason(statement) or _new_value_used(statement, statements[index + 1 :], statements[:index])
        if reason is not None:
            found.append(Refusal(undisguise(reason), statement.place))
    return tuple(found)


def _reason(statement: Statement) -> str | None:
    check = _CHECKS.get(statement.kind)
    return check(statement.node) if check is not None else _ends_transaction(statement)


def _always(what: str) -> Callable[[Node], str | None]:
    def check(node: Node) -> str | None:
        del node
        return what

    return check


def _concurrently(what: str) -> Callable[[Node], str | None]:
    return lambda node: f"{what} CONCURRENTLY" if node.get("concurrent") else None


def _reindex(node: Node) -> str | None:
    if _is_on(definitions(node, "params"), "concurrently"):
        return "REINDEX CONCURRENTLY"
    if node["kind"] in _EVERYTHING:
        return f"REINDEX {node['kind'].removeprefix('REINDEX_OBJECT_')}"
    return None


def _vacuum(node: Node) -> str | None:
    return "VACUUM" if node.get("is_vacuumcmd") else None


def _cluster(node: Node) -> str | None:
    return None if "relation" in node else "CLUSTER of all tables"


def _alter_database(node: Node) -> str | None:
    return "ALTER DATABASE SET TABLESPACE" if "tablespace" in definitions(node, "options") else None


def _alter_table(node: Node) -> str | None:
    commands = (item["AlterTableCmd"].get("def", {}).get("PartitionCmd", {}) for item in node.get("cmds", []))
    return "DETACH PARTITION CONCURRENTLY" if any(command.get("concurrent") for command in commands) else None


def _create_subscription(node: Node) -> str | None:
    options = definitions(node, "options")
    makes_slot = _is_on(options, "create_slot", default=_is_on(options, "connect", default=True))
    return "CREATE SUBSCRIPTION with a slot" if makes_slot else None


def _alter_subscription(node: Node) -> str | None:
    kind = node.get("kind", "")
    if kind == "ALTER_SUBSCRIPTION_REFRESH":
        return "ALTER SUBSCRIPTION REFRESH"
    if kind in _REFRESHING and _is_on(definitions(node, "options"), "refresh", default=True):
        return "ALTER SUBSCRIPTION, which refreshes it"
    return None


def _discard(node: Node) -> str | None:
    return "DISCARD ALL" if node.get("target") == "DISCARD_ALL" else None


def _is_on(options: Mapping[str, Any], name: str, default: bool = False) -> bool:
    """A boolean option, as it may be written: alone, as a word, as 0 or 1."""
    if name not in options:
        return default
    value = options[name]
    if not value:
        return True
    text = value.get("String", {}).get("sval")
    if text is not None:
        return str(text).lower() not in ("false", "off", "0")
    return bool(value.get("Boolean", {}).get("boolval") or value.get("Integer", {}).get("ival"))


_CHECKS: Mapping[str, Callable[[Node], str | None]] = {
    "IndexStmt": _concurrently("CREATE INDEX"),
    "DropStmt": _concurrently("DROP INDEX"),
    "ReindexStmt": _reindex,
    "VacuumStmt": _vacuum,
    "ClusterStmt": _cluster,
    "AlterDatabaseStmt": _alter_database,
    "AlterTableStmt": _alter_table,
    "CreateSubscriptionStmt": _create_subscription,
    "AlterSubscriptionStmt": _alter_subscription,
    "DropSubscriptionStmt": _always("DROP SUBSCRIPTION"),
    "DiscardStmt": _discard,
    "CreatedbStmt": _always("CREATE DATABASE"),
    "DropdbStmt": _always("DROP DATABASE"),
    "CreateTableSpaceStmt": _always("CREATE TABLESPACE"),
    "DropTableSpaceStmt": _always("DROP TABLESPACE"),
    "AlterSystemStmt": _always("ALTER SYSTEM"),
}


def _ends_transaction(statement: Statement) -> str | None:
    """A DO block that commits, which it can do only where no transaction is open around it."""
    if statement.kind != "DoStmt":
        return None
    try:
        bodies = parse_body(statement.text)
    except RefusedError:
        return None
    return "DO with COMMIT or ROLLBACK" if _holds(bodies, ("PLpgSQL_stmt_commit", "PLpgSQL_stmt_rollback")) else None


def _holds(node: Any, keys: Sequence[str]) -> bool:
    if isinstance(node, dict):
        return any(key in keys or _holds(value, keys) for key, value in node.items())
    return isinstance(node, list) and any(_holds(item, keys) for item in node)


def _new_value_used(statement: Statement, later: Sequence[Statement], earlier: Sequence[Statement]) -> str | None:
    """A new value of an enum is not to be used before it is committed, unless its type is as new."""
    node = statement.node
    if statement.kind != "AlterEnumStmt" or "oldVal" in node:
        return None
    name = names_of(node, "typeName")[-1]
    if any(other.kind == "CreateEnumStmt" and names_of(other.node, "typeName")[-1] == name for other in earlier):
        return None
    written = "'" + node["newVal"].replace("'", "''") + "'"
    used = any(written in other.text for other in later if other.kind != "AlterEnumStmt")
    return f"ALTER TYPE ADD VALUE {written}, which is used before it is committed" if used else None
