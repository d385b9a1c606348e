"""What `verify` proves and finds, and that an update can be held to it."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import pytest

from changelog_engine.errors import ChangesetFailedError, PlanRefusedError
from changelog_engine.findings import FindingKind, VerifyResult
from changelog_engine.plan.request import UpdateRequest
from tests.fixtures.processes import changelog
from tests.fixtures.projects import Project


def verify(project: Project, **options: object) -> VerifyResult:
    return project.engine().verify(**options)[0]  # type: ignore[arg-type]


def kinds(result: VerifyResult) -> list[FindingKind]:
    return [finding.kind for finding in result.findings]


def test_a_changelog_without_faults_is_proven(project: Project) -> None:
    project.tables("one", "two", "three", tag_after="two", depends_on={"three": ["one"]})
    result = verify(project, orders=4, seed=1)
    assert result.findings == ()
    assert result.changesets == ("one", "two", "three")
    assert (result.rollbacks, result.ways) == (3, 1)
    assert 1 <= result.orders_tried <= 4
    assert not project.has_table("one")


def test_what_a_rollback_leaves_is_told(project: Project) -> None:
    project.write("""
        changesets:
          - id: one
            sql: "CREATE TABLE one (id int); CREATE TABLE other (id int)"
            rollback: DROP TABLE other
        """)
    [finding] = verify(project).findings
    assert finding.difference == ("table `one` is there, and was not expected",)
    assert "does not bring back" in finding.message


def test_a_rollback_that_fails_and_one_after_which_nothing_can_be_applied_again(project: Project) -> None:
    project.write("""
        changesets:
          - {id: one, sql: CREATE TABLE one (id integer PRIMARY KEY), rollback: DROP TABLE uno}
          - {id: rows, depends_on: [one], sql: INSERT INTO one VALUES (1), rollback: DELETE FROM one WHERE id = 2}
          - {id: kept, sql: CREATE TABLE kept (id int), rollback: {irreversible: its data is gone}}
        """)
    result = verify(project)
    fails, again = result.findings
    assert (fails.changeset, again.changeset) == ("one", "rows")
    assert "fails" in fails.message
    assert "uno" in fails.message
    assert "cannot be applied again" in again.message
    assert any("`kept`" in note and "irreversible" in note for note in result.notes)


def test_two_that_do_not_commute_are_a_pair_that_may_stand_in_either_order(postgresql_project: Project) -> None:
    replace = "DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW sh' || 'own AS SELECT {} AS one'; END $$"
    postgresql_project.write(f"""
        changesets:
          - id: first
            sql: "{replace.format(1)}"
            rollback: DROP VIEW IF EXISTS shown
          - id: second
            sql: "{replace.format(2)}"
            rollback: {{irreversible: it replaces what was there}}
        """)
    [finding] = verify(postgresql_project, orders=1).findings
    assert finding.pair == ("first", "second")
    assert any("view `shown`: definition is" in line for line in finding.difference)
    assert "optional: true" in finding.remedy


def test_a_way_back_that_ends_elsewhere_is_found(postgresql_project: Project) -> None:
    """Each rollback is right by itself, and yet the way back is not: the second depends on what the first has left."""
    postgresql_project.write("""
        changesets:
          - {id: base, sql: CREATE TABLE base (id int), rollback: DROP TABLE base}
          - tag: t
          - id: column
            depends_on: [base]
            sql: ALTER TABLE base ADD COLUMN a int
            rollback: ALTER TABLE base DROP COLUMN a
          - id: index
            depends_on: [column]
            sql: CREATE INDEX base_a ON base (a)
            rollback: |
              DROP INDEX base_a;
              DO $$ BEGIN IF EXISTS (SELECT FROM pg_tables WHERE tablename = 'later') THEN
              EXECUTE 'CREATE TABLE left_over (id int)'; END IF; END $$;
          - {id: later, sql: CREATE TABLE later (id int), rollback: SELECT 1}
        """)
    result = verify(postgresql_project, orders=0)
    assert FindingKind.WAY in kinds(result)
    [way] = [finding for finding in result.findings if finding.kind is FindingKind.WAY]
    assert "tag `t`" in way.message
    assert way.difference


def test_a_changelog_that_cannot_be_applied_says_so(project: Project) -> None:
    project.write("changesets:\n  - {id: one, sql: DROP TABLE nothing, rollback: SELECT 1}\n")
    with pytest.raises(ChangesetFailedError, match="nothing could be proven"):
        verify(project)


def test_roles_that_no_changeset_makes_are_there(postgresql_project: Project) -> None:
    postgresql_project.write("""
        changesets:
          - {id: one, sql: CREATE TABLE one (id int), rollback: DROP TABLE one}
          - id: two
            depends_on: [one]
            sql: GRANT SELECT ON one TO "the readers"
            rollback: REVOKE SELECT ON one FROM "the readers"
          - {id: three, run_as: owners, sql: CREATE TABLE three (id int), rollback: DROP TABLE three}
          - {id: four, sql: CREATE ROLE made_here, rollback: DROP ROLE made_here}
        """)
    assert verify(postgresql_project, orders=2).findings == ()


def test_an_update_is_held_to_what_was_proven(project: Project) -> None:
    project.tables("one", "two")
    _, proof = project.engine().verify(orders=1)
    engine = project.engine()
    assert engine.update(UpdateRequest(engine.filters()), proof=proof).applied == ("one", "two")
    project.tables("one", "two", "three", "four")
    engine = project.engine()
    with pytest.raises(PlanRefusedError, match="`three` and `four` are not proven; nothing was run"):
        engine.update(UpdateRequest(engine.filters()), proof=proof)
    assert not project.has_table("three")


def test_another_rollback_is_not_what_was_proven(project: Project) -> None:
    project.tables("one")
    _, proof = project.engine().verify(orders=1)
    project.write("changesets:\n  - {id: one, sql: CREATE TABLE one (id int), rollback: DROP TABLE IF EXISTS one}\n")
    engine = project.engine()
    with pytest.raises(PlanRefusedError, match="not as proven"):
        engine.update(UpdateRequest(engine.filters()), proof=proof)


# ------------------------------------------------------------------------------------------- the command line


def run(project: Project, *arguments: str) -> tuple[int, str, str]:
    ended = changelog(*arguments, "--changelog", "main.yaml", "--url", project.url, cwd=project.folder)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_command_exits_1_with_findings_and_says_what_to_do(project: Project) -> None:
    project.write("changesets:\n  - {id: one, sql: CREATE TABLE one (id int), rollback: SELECT 1}\n")
    code, out, _ = run(project, "verify", "--record", "proof.json")
    assert code == 1
    assert "rollback: the rollback of `one` does not bring back what was before (main.yaml:2)" in out
    assert "table `one` is there, and was not expected" in out
    assert not (project.folder / "proof.json").exists()


def test_the_command_records_a_proof_that_update_takes(project: Project) -> None:
    project.tables("one")
    code, out, _ = run(project, "verify", "--record", "proof.json", "--seed", "5", "--orders", "2")
    assert code == 0
    assert "proven: 1 changeset" in out
    code, _, _ = run(project, "update", "--require-proof", "proof.json")
    assert code == 0
    (project.folder / "proof.json").write_text("{}")
    project.tables("one", "two")
    code, _, err = run(project, "update", "--require-proof", "proof.json")
    assert code == 2
    assert "the proof cannot be read" in err
    code, _, err = run(project, "update", "--require-proof", "none.json")
    assert code == 2
    assert "the proof none.json cannot be read" in err


def test_json_has_what_programs_need(project: Project) -> None:
    project.write("changesets:\n  - {id: one, sql: CREATE TABLE one (id int), rollback: SELECT 1}\n")
    code, out, _ = run(project, "verify", "--format", "json", "--seed", "5")
    value = json.loads(out)
    assert code == 1
    assert value["seed"] == 5
    assert value["changesets"] == ["one"]
    [finding] = value["findings"]
    assert (finding["kind"], finding["changeset"], finding["pair"]) == ("rollback", "one", None)
    assert finding["difference"] == ["table `one` is there, and was not expected"]


def test_junit_has_a_case_for_each_changeset(project: Project) -> None:
    project.write("""
        changesets:
          - {id: one, sql: CREATE TABLE one (id int), rollback: SELECT 1}
          - {id: two, sql: CREATE TABLE two (id int), rollback: DROP TABLE two}
        """)
    _, out, _ = run(project, "verify", "--format", "junit")
    suite = ElementTree.fromstring(out)
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["one"]


def test_a_server_that_is_not_there_or_of_another_kind(project: Project) -> None:
    project.tables("one")
    other = "postgresql://x@127.0.0.1:1/x" if project.url.startswith("sqlite") else "sqlite:///other.db"
    code, _, err = run(project, "verify", "--scratch-url", other)
    assert code == 2
    assert "name a server of the same kind" in err


def test_scratch_databases_of_a_named_server_are_dropped(postgresql_project: Project) -> None:
    count = "SELECT count(*) FROM pg_database WHERE datname LIKE 'changelog\\_scratch\\_%'"
    postgresql_project.tables("one", "two")
    result = verify(postgresql_project, scratch_url=postgresql_project.url, orders=2)
    assert result.findings == ()
    assert postgresql_project.sql(count) == [(0,)]
