"""Processes to be killed, and databases to kill them on."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.nursery import Nursery
from tests.fixtures.projects import Project


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    with Nursery() as started:
        yield started


@pytest.fixture(scope="session")
def kills() -> int:
    """How many random moments each kind of kill is tried at; ``CHANGELOG_TEST_KILLS`` asks for more of them."""
    return int(os.environ.get("CHANGELOG_TEST_KILLS", "12"))


@pytest.fixture
def postgresql_project(tmp_path: Path, postgresql_url: str) -> Project:
    return Project(tmp_path, postgresql_url)


@pytest.fixture
def sqlite_project(tmp_path: Path, sqlite_url: str) -> Project:
    return Project(tmp_path, sqlite_url)


@pytest.fixture(params=["postgresql", "sqlite"])
def project(request: pytest.FixtureRequest) -> Project:
    found: Project = request.getfixturevalue(f"{request.param}_project")
    return found


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """For the socket of a server, whose path may have some 100 characters; readable for its user."""
    folder = Path(tempfile.mkdtemp(prefix="changelog-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
