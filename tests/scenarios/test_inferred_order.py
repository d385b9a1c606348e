"""A changelog without a single `depends_on`: it applies in any order of its files, and any part of it can be undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import URL

from changelog_engine.catalog import Catalog, compare
from changelog_engine.databases.connect import database_kind
from changelog_engine.errors import PlanRefusedError
from changelog_engine.plan.request import Dependents, RollbackRequest, Selected
from tests.fixtures.catalogs import catalog_of
from tests.fixtures.databases import Server
from tests.fixtures.projects import Project
from tests.fixtures.shop import PIECES, changelog_of, pieces_for, write_shop


def text_of(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def own_catalog_of(url: str) -> Catalog:
    """Without the ledger."""
    found = catalog_of(url)
    return {name: facts for name, facts in found.items() if "changelog_" not in f"{name.name} {name.of}"}


@pytest.mark.parametrize("seed", range(4))
def test_a_shop_in_ten_shuffled_files_applies_without_depends_on(project: Project, seed: int) -> None:
    pieces = pieces_for(database_kind(project.url))
    write_shop(project.folder, pieces, seed)
    assert set(project.update().applied) == {piece.id for piece in pieces}
    assert project.sql("SELECT count(*) FROM orders") == [(2,)]


def test_the_order_of_the_files_makes_no_other_database(tmp_path: Path, postgresql_server: Server) -> None:
    catalogs = []
    for seed in (11, 12):
        made = postgresql_server.create_database()
        url = text_of(made)
        (folder := tmp_path / str(seed)).mkdir()
        write_shop(folder, PIECES, seed)
        Project(folder, url).update()
        catalogs.append(own_catalog_of(url))
        postgresql_server.drop_database(made)
    assert compare(*catalogs) == ()


@pytest.fixture
def applied(tmp_path: Path, postgresql_server: Server) -> Iterator[URL]:
    """A database with all of the shop, to be copied."""
    write_shop(tmp_path, PIECES, 5)
    made = postgresql_server.create_database()
    Project(tmp_path, text_of(made)).update()
    yield made
    postgresql_server.drop_database(made)


def test_a_targeted_rollback_leaves_what_the_remaining_ones_make(
    tmp_path: Path, applied: URL, postgresql_server: Server
) -> None:
    @settings(max_examples=6, deadline=None)
    @given(st.sampled_from([piece.id for piece in PIECES]))
    def holds(target: str) -> None:
        copy, empty = postgresql_server.create_database(template=applied), postgresql_server.create_database()
        undone = set(Project(tmp_path, text_of(copy)).rollback(Selected(target), Dependents.CASCADE).rolled_back)
        (folder := tmp_path / "remaining").mkdir(exist_ok=True)
        other = Project(folder, text_of(empty))
        other.write(changelog_of([piece for piece in PIECES if piece.id not in undone]))
        other.update()
        differences = compare(own_catalog_of(text_of(empty)), own_catalog_of(text_of(copy)))
        postgresql_server.drop_database(copy)
        postgresql_server.drop_database(empty)
        assert [str(difference) for difference in differences] == []

    holds()


def test_what_goes_with_it_is_shown_with_the_reason(postgresql_project: Project) -> None:
    write_shop(postgresql_project.folder, PIECES, 6)
    postgresql_project.update()
    with pytest.raises(PlanRefusedError, match="`view-best_customers` requires `view-customer_totals`"):
        postgresql_project.rollback(Selected("view-customer_totals"))
    request = RollbackRequest(Selected("view-order_totals"), Dependents.CASCADE)
    reasons = {step.id: step.reason for step in postgresql_project.engine().plan_rollback(request).steps}
    assert set(reasons) == {
        "view-order_totals",
        *("view-customer_totals", "view-best_customers", "view-graded", "grant-best"),
        *("matview-sales", "index-sales", "function-spent"),
    }
    assert reasons["view-customer_totals"] == (
        "requires `view-order_totals` (uses view order_totals, created by `view-order_totals`)"
    )


def test_all_of_it_can_be_written_into_the_files(postgresql_project: Project) -> None:
    write_shop(postgresql_project.folder, PIECES, 7)
    before = postgresql_project.engine().deps()
    written = postgresql_project.engine().deps(write=True)
    assert {edge.reason for edge in written.edges} == {edge.reason for edge in before.edges}
    assert sum(edge.declared for edge in written.edges) > 80
    assert len(postgresql_project.update().applied) == 60


def test_the_ledger_keeps_what_was_inferred_so_that_any_checkout_can_undo_it(postgresql_project: Project) -> None:
    project = postgresql_project
    project.write(
        """\
        changesets:
          - {id: v, sql: CREATE VIEW v AS SELECT id FROM t, rollback: DROP VIEW v}
          - {id: t, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}
        """
    )
    project.update()
    project.write("infer: false\nchangesets:\n  - {id: t, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}\n")
    assert project.rollback(Selected("t"), Dependents.CASCADE).rolled_back == ("v", "t")


def test_what_was_applied_before_edges_were_inferred_has_those_of_the_changelog(postgresql_project: Project) -> None:
    project = postgresql_project
    text = """\
        changesets:
          - {id: t, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}
          - {id: v, sql: CREATE VIEW v AS SELECT id FROM t, rollback: DROP VIEW v}
        """
    project.write("infer: false\n" + text.replace("        changesets", "changesets").replace("\n        ", "\n"))
    project.update()
    project.write(text)
    assert project.rollback(Selected("t"), Dependents.CASCADE).rolled_back == ("v", "t")


def test_nothing_is_refused_for_what_only_the_sql_requires(project: Project) -> None:
    project.write(
        """\
        contexts: [dev, prod]
        changesets:
          - {id: make, contexts: dev, sql: CREATE TABLE t (id int), rollback: DROP TABLE t}
          - {id: use, sql: INSERT INTO t (id) VALUES (1), rollback: DELETE FROM t}
        """
    )
    project.sql("CREATE TABLE t (id int)")
    result = project.update("prod")
    assert result.applied == ("use",)
    assert "`use` uses table t, created by `make`, which contexts exclude here" in result.notes
