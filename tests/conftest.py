"""Fixtures of all tests: a database of each kind, empty and for this test alone."""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.databases import Server, server_version, shared_server

if TYPE_CHECKING:
    from tests.fixtures.mariadb import MariadbServer

_RUN_ID = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
DATABASE_KINDS = ("postgresql", "sqlite")


def pytest_report_header() -> str:
    return f"databases: {server_version()}, SQLite {sqlite3.sqlite_version}"


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[Server]:
    """The PostgreSQL server of this test run."""
    with shared_server(_RUN_ID) as server:
        yield server


@pytest.fixture
def postgresql_url(postgresql_server: Server) -> Iterator[str]:
    """An empty PostgreSQL database."""
    url = postgresql_server.create_database()
    yield url.render_as_string(hide_password=False)
    postgresql_server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """An SQLite database whose file does not exist yet."""
    return f"sqlite:///{tmp_path / 'database.db'}"


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[MariadbServer]:
    """The MariaDB server of this test run."""
    from tests.fixtures.mariadb import shared_mariadb, why_not

    if reason := why_not():
        pytest.skip(reason)
    with shared_mariadb(_RUN_ID) as server:
        yield server


@pytest.fixture
def mariadb_url(mariadb_server: MariadbServer) -> Iterator[str]:
    """An empty MariaDB database."""
    url = mariadb_server.create_database()
    yield url.render_as_string(hide_password=False)
    mariadb_server.drop_database(url)


@pytest.fixture(params=DATABASE_KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
