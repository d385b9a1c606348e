"""The command line in this process, in a folder of its own, on a database of each kind."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from changelog_engine.cli.main import run

SHOP = """\
format: 1
name: shop
contexts: [dev, prod]

parameters:
  currency: EUR
  password: {env: SHOP_PASSWORD, secret: true}

changesets:
  - id: create-customers
    author: mira
    labels: [base]
    sql: CREATE TABLE customers (id int PRIMARY KEY, email text NOT NULL);
    rollback: DROP TABLE customers;

  - id: create-orders
    depends_on: [create-customers]
    sql: |
      CREATE TABLE orders (id int PRIMARY KEY, customer int, currency text DEFAULT '${currency}');
    rollback: DROP TABLE orders;

  - tag: release-1

  - id: demo-customers
    contexts: dev
    labels: [demo]
    depends_on: [create-customers]
    preconditions:
      - sql: {query: SELECT count(*) FROM customers, expect: 0}
        on_fail: mark_applied
    sql: INSERT INTO customers VALUES (1, 'demo@example.com');
    rollback: DELETE FROM customers WHERE id = 1;
    checks:
      - {name: somebody is there, sql: SELECT count(*) FROM customers, expect: 1}

  - id: live-customers
    contexts: prod
    sql: INSERT INTO customers VALUES (2, 'live@example.com');
    depends_on: [create-customers]
    rollback: DELETE FROM customers WHERE id = 2;
"""
"""Two changesets for everybody and a tag; then one for `dev` and one for `prod`."""


@dataclass(frozen=True)
class Answer:
    """What a command line gave back."""

    code: int
    out: str
    err: str

    @property
    def object(self) -> dict[str, Any]:
        """Standard output as the one JSON object that it has to be."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


class Cli:
    """Runs command lines in ``folder``, as a user would who has set nothing of ours but ``CHANGELOG_URL``."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> Answer:
        """Run a command line; it has to end with ``code``."""
        self._capsys.readouterr()
        ended = run(arguments)
        out, err = self._capsys.readouterr()
        assert ended == code, f"{' '.join(arguments)}: exit {ended}\n{out}\n{err}"
        return Answer(ended, out, err)

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run a command line with ``--format json``; what it printed, while standard error stays empty."""
        answer = self(*arguments, "--format", "json", code=code)
        assert answer.err == ""
        return answer.object

    def write(self, text: str, name: str = "changelogs/main.yaml") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    def states(self, *arguments: str) -> dict[str, str]:
        return {one["id"]: one["state"] for one in self.json("status", *arguments)["changesets"]}


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line in an empty folder; the default database is an SQLite file in it."""
    for name in list(os.environ):
        if name.startswith("CHANGELOG_") or name in ("NO_COLOR", "SHOP_PASSWORD"):
            monkeypatch.delenv(name)
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Cli(folder, capsys)


@pytest.fixture
def shop(cli: Cli, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line in a project with a small shop, on an empty database of each kind."""
    monkeypatch.setenv("CHANGELOG_URL", database_url)
    cli.write(SHOP)
    return cli
