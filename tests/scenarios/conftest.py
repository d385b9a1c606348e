"""A project on each kind of database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.projects import Project


@pytest.fixture
def project(tmp_path: Path, database_url: str) -> Project:
    return Project(tmp_path, database_url)


@pytest.fixture
def postgresql_project(tmp_path: Path, postgresql_url: str) -> Project:
    return Project(tmp_path, postgresql_url)
