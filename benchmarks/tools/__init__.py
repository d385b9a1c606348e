"""The tools that are measured side by side: each is one module, and one line of ``OTHERS``."""

from __future__ import annotations

from benchmarks.tools import alembic, dbmate, flyway, golang_migrate, goose, liquibase, ours, psql
from benchmarks.tools.tool import Tool

OURS = ours.TOOL
OURS_ATOMIC = ours.ATOMIC
PSQL = psql.TOOL
PSQL_ATOMIC = psql.ATOMIC
OTHERS: tuple[Tool, ...] = (
    dbmate.TOOL,
    golang_migrate.TOOL,
    goose.TOOL,
    alembic.TOOL,
    flyway.TOOL,
    liquibase.TOOL,
)


def installed() -> dict[Tool, str]:
    """The other tools that are on this machine, with their versions."""
    found = ((tool, tool.version()) for tool in OTHERS)
    return {tool: version for tool, version in found if version is not None}
