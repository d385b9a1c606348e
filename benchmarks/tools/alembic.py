"""Alembic: a module a revision, with a transaction each; through SQLAlchemy and psycopg 3."""

from __future__ import annotations

from pathlib import Path

from benchmarks.process import Command
from benchmarks.server import Database
from benchmarks.tools.tool import Tool
from benchmarks.workload import Changes

_INI = "[alembic]\nscript_location = .\nversion_locations = versions\n"

_ENV = """\
import os
from alembic import context
from sqlalchemy import create_engine, pool

with create_engine(os.environ["BENCHMARK_URL"], poolclass=pool.NullPool).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""

_REVISION = """\
from alembic import op

revision = {id!r}
down_revision = {before!r}


def upgrade():
    op.execute({sql!r})


def downgrade():
    op.execute({undo!r})
"""


def _write(folder: Path, changes: Changes) -> None:
    (folder / "alembic.ini").write_text(_INI, encoding="utf-8")
    (folder / "env.py").write_text(_ENV, encoding="utf-8")
    versions = folder / "versions"
    versions.mkdir()
    before = None
    for change in changes:
        revision = change.id.replace("-", "_")
        text = _REVISION.format(id=revision, before=before, sql=change.sql, undo=change.undo)
        (versions / f"{revision}.py").write_text(text, encoding="utf-8")
        before = revision


def _command(folder: Path, database: Database) -> Command:
    arguments = ("alembic", "-c", "alembic.ini", "upgrade", "head")
    return Command(arguments, folder, {"BENCHMARK_URL": database.url("postgresql+psycopg")})


TOOL = Tool("Alembic", "alembic", ("--version",), _write, _command, "keeps no history")
