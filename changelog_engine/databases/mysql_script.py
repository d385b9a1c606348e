"""Scripts for the client of MySQL and MariaDB, which ends at the first error unless it is told ``--force``."""

from __future__ import annotations

from collections.abc import Sequence

from changelog_engine.databases.mysql_lock import lock_names

_GUARD = "changelog_guard"
_DELIMITER = "$$changelog$$"
# What dumps and changesets change most often; the rest of a session cannot be put back from inside of it.
_SETTINGS = ("sql_mode", "foreign_key_checks", "unique_checks", "sql_safe_updates", "time_zone", "lock_wait_timeout")


def guard(database: str, lock_name: str, expectation: str) -> Sequence[str]:
    """The lines at the head; ``database`` is quoted. What must not be NULL says in its name what went wrong."""
    names = lock_names(lock_name)
    return (
        f"USE {database};",
        "SET NAMES utf8mb4;",
        f"CREATE TEMPORARY TABLE {_GUARD} ("
        "somebody_else_works_on_this_database int NOT NULL, "
        "the_ledger_has_moved_on_since_this_script_was_made int NOT NULL);",
        # One row of VALUES: with INSERT ... SELECT, a server that is not strict would turn NULL into 0.
        f"INSERT INTO {_GUARD} VALUES (IF(GET_LOCK('{names.gate}', 5) = 1, "
        f"NULLIF(GET_LOCK('{names.lock}', 0), 0), NULL), 1);",
        f"DO RELEASE_LOCK('{names.gate}');",
        f"INSERT INTO {_GUARD} VALUES (1, IF({expectation}, 1, NULL));",
        f"DROP TEMPORARY TABLE {_GUARD};",
    )


def reset(database: str) -> Sequence[str]:
    """Lines that put back the settings that changesets usually change."""
    settings = ", ".join(f"{name} = DEFAULT" for name in _SETTINGS)
    return (f"USE {database};", "SET NAMES utf8mb4;", f"SET SESSION {settings};")


def closed(sql: str) -> Sequence[str]:
    """A statement as the client takes it for one: it would cut it at each ``;``."""
    if ";" in sql:
        return (f"DELIMITER {_DELIMITER}", sql, _DELIMITER, "DELIMITER ;")
    last = sql.rsplit("\n", 1)[-1]
    return (sql, ";") if "--" in last or "#" in last else (f"{sql};",)
