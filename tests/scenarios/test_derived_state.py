"""What is known of the state before a changeset: nothing that may not have run, and the same in any declared order."""

from __future__ import annotations

from pathlib import Path

import pytest

from changelog_engine.errors import InvalidChangelogError
from tests.fixtures.projects import Project

BASE = """
changesets:
  - {id: base, sql: "CREATE TABLE t (id integer PRIMARY KEY, x int)"}
  - {id: odd, depends_on: [base], contexts: CONTEXTS, sql: ALTER TABLE t RENAME COLUMN id TO nr, rollback: SELECT 1}
"""


def rollback_of(project: Project, name: str, *contexts: str) -> tuple[str, ...]:
    """What is derived for a changeset; one text with the reason where nothing is."""
    try:
        plan = project.engine(*contexts).plan_update()
    except InvalidChangelogError as error:
        return (error.problems[0].message,)
    rollback = next(step.rollback for step in plan.steps if step.id == name)
    assert rollback is not None
    return rollback.statements


def rows(**keys: str) -> str:
    more = "".join(f", {key}: {value}" for key, value in keys.items())
    return f'  - {{id: rows, depends_on: [base]{more}, sql: "INSERT INTO t VALUES (1, 2)"}}\n'


def test_what_runs_in_other_contexts_may_not_have_run(project: Project) -> None:
    project.write(BASE.replace("CONTEXTS", "dev") + rows())
    (message,) = rollback_of(project, "rows", "dev")
    assert "the key of the table is not known" in message


@pytest.mark.parametrize("more", [{"contexts": "dev"}, {"contexts": "dev or test", "depends_on": "[base, odd]"}])
def test_what_is_required_or_runs_in_the_same_contexts_has_run(project: Project, more: dict[str, str]) -> None:
    text = rows(**more).replace("depends_on: [base], ", "") if "depends_on" in more else rows(**more)
    project.write(BASE.replace("CONTEXTS", "dev") + text)
    assert rollback_of(project, "rows", "dev") == ("DELETE FROM t WHERE nr = 1",)


def test_a_row_that_a_context_adds_takes_nothing_from_what_is_known(project: Project) -> None:
    text = BASE.replace("ALTER TABLE t RENAME COLUMN id TO nr", '"INSERT INTO t VALUES (7, 8)"')
    project.write(text.replace("CONTEXTS", "dev") + rows())
    assert rollback_of(project, "rows", "dev") == ("DELETE FROM t WHERE id = 1",)


def test_on_postgresql_a_default_that_a_context_sets_is_not_put_back_elsewhere(postgresql_project: Project) -> None:
    project = postgresql_project
    project.write(
        """
        changesets:
          - {id: base, sql: "CREATE TABLE t (id int DEFAULT 1, x int DEFAULT 1)"}
          - {id: view, depends_on: [base], contexts: dev, sql: CREATE VIEW v AS SELECT id FROM t}
          - {id: next, depends_on: [base], sql: ALTER TABLE t ALTER COLUMN x SET DEFAULT 3}
        """
    )
    assert rollback_of(project, "next", "dev") == ("ALTER TABLE t ALTER COLUMN x SET DEFAULT 1",)
    text = (project.folder / "main.yaml").read_text()
    project.write(text.replace("CREATE VIEW v AS SELECT id FROM t", "ALTER TABLE t ALTER COLUMN id SET DEFAULT 2"))
    (message,) = rollback_of(project, "next", "dev")
    assert "what the column was before is not known" in message


def test_changesets_that_have_nothing_to_do_with_each_other_may_stand_in_any_order(project: Project) -> None:
    parts = [
        "  - {id: a, sql: CREATE TABLE a (id integer PRIMARY KEY)}",
        "  - {id: a-name, sql: ALTER TABLE a ADD COLUMN name text}",
        "  - {id: b, sql: CREATE TABLE b (id integer PRIMARY KEY)}",
        "  - {id: b-key, sql: ALTER TABLE b RENAME COLUMN id TO nr}",
        "  - {id: a-row, depends_on: [a-name], sql: \"INSERT INTO a VALUES (1, 'x')\"}",
        "  - {id: b-row, depends_on: [b-key], sql: INSERT INTO b VALUES (4)}",
    ]
    found = set()
    for order in (parts, parts[::-1], parts[1::2] + parts[::2]):
        project.write("changesets:\n" + "\n".join(order) + "\n")
        found.add((rollback_of(project, "a-row"), rollback_of(project, "b-row")))
    assert found == {(("DELETE FROM a WHERE id = 1",), ("DELETE FROM b WHERE nr = 4",))}


def test_what_is_remembered_follows_the_edges(project: Project, tmp_path: Path) -> None:
    """The same SQL in the same order, and another answer, as what it requires has surely run."""
    remembering = {"cache": str(tmp_path / "cache")}
    text = (
        "infer: false"
        + BASE.replace("CONTEXTS", "dev")
        + "  - id: rows\n    contexts: test\n    sql: INSERT INTO t VALUES (1, 2)\n    depends_on: [base]\n"
    )
    project.write(text)
    with pytest.raises(InvalidChangelogError, match="the key of the table is not known"):
        project.engine("test", **remembering).validate()
    project.write(text.replace("    depends_on: [base]", "    depends_on: [base, odd]"))
    project.engine("test", **remembering).validate()


ONCE = """
infer: false
changesets:
  - {id: base, sql: "CREATE TABLE t (id integer PRIMARY KEY, x int)"}
  - id: odd
    depends_on: [base]
    MORE
    sql: ALTER TABLE t RENAME COLUMN id TO nr
    rollback: SELECT 1
  - {id: rows, depends_on: DEPENDS, sql: "INSERT INTO t VALUES (1, 2)"}
"""
SKIPPED = "preconditions: [{not: {table_exists: t}, on_fail: skip}]"
FAILED = "on_error: continue"
MARKED = "preconditions: [{not: {table_exists: t}, on_fail: mark_applied}]"


@pytest.mark.parametrize(
    ("more", "depends"),
    [
        (SKIPPED, "[base]"),
        (SKIPPED, "[base, {id: odd, optional: true}]"),
        (SKIPPED.replace("on_fail", "on_error"), "[base]"),
        (FAILED, "[base]"),
        (MARKED, "[base]"),
        (MARKED, "[odd]"),
    ],
)
def test_what_may_have_been_left_out_has_not_surely_run(project: Project, more: str, depends: str) -> None:
    project.write(ONCE.replace("MORE", more).replace("DEPENDS", depends))
    (message,) = rollback_of(project, "rows")
    assert "the key of the table is not known" in message


@pytest.mark.parametrize("more", [SKIPPED, FAILED])
def test_what_may_have_been_left_out_has_run_where_it_is_required(project: Project, more: str) -> None:
    project.write(ONCE.replace("MORE", more).replace("DEPENDS", "[odd]"))
    assert rollback_of(project, "rows") == ("DELETE FROM t WHERE nr = 1",)


def test_what_has_a_derived_rollback_itself_may_have_been_left_out(project: Project) -> None:
    text = ONCE.replace("MORE", SKIPPED).replace("DEPENDS", "[base]").replace("    rollback: SELECT 1\n", "")
    project.write(text)
    (message,) = rollback_of(project, "rows")
    assert "changeset `rows`" in message
    assert "the key of the table is not known" in message


def test_what_is_remembered_follows_the_preconditions(project: Project, tmp_path: Path) -> None:
    remembering = {"cache": str(tmp_path / "cache")}
    text = ONCE.replace("DEPENDS", "[base]")
    project.write(text.replace("MORE", SKIPPED.replace("skip", "halt")))
    project.engine(**remembering).validate()
    project.write(text.replace("MORE", SKIPPED))
    with pytest.raises(InvalidChangelogError, match="the key of the table is not known"):
        project.engine(**remembering).validate()
