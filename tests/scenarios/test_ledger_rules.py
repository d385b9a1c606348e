"""The ledger's rules: what commits together, what failures leave, what the rows hold and never hold."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.errors import (
    BrokenChainError,
    ChangesetFailedError,
    CheckFailedError,
    ChecksumMismatchError,
    InDoubtError,
    InvalidChangelogError,
    LedgerTooNewError,
    UsageError,
)
from changelog_engine.ledger.entries import Event, Head
from changelog_engine.plan.request import (
    ContextChoice,
    ContextMode,
    Everything,
    LastApplied,
    ParameterSources,
    Selected,
)
from tests.fixtures.projects import Project


def events(project: Project) -> list[tuple[str, str | None]]:
    return [(str(entry.event), entry.changeset_id or entry.tag) for entry in project.entries()]


def test_a_changeset_that_fails_in_the_middle_leaves_nothing_but_its_failure(project: Project) -> None:
    project.write("""
        changesets:
          - id: one
            sql: CREATE TABLE one (id int)
            rollback: DROP TABLE one
          - id: two
            sql: |
              CREATE TABLE two (id int);
              INSERT INTO absent VALUES (1);
            rollback: DROP TABLE two
          - id: three
            sql: CREATE TABLE three (id int)
            rollback: DROP TABLE three
        """)
    with pytest.raises(ChangesetFailedError) as failure:
        project.update()
    assert failure.value.changeset == "two"
    assert failure.value.statement == "INSERT INTO absent VALUES (1)"
    assert failure.value.location is not None
    assert (failure.value.location.file, failure.value.location.line) == ("main.yaml", 9)
    assert failure.value.facts["result"].applied == ("one",)
    assert (project.has_table("one"), project.has_table("two"), project.has_table("three")) == (True, False, False)
    assert events(project) == [("applied", "one"), ("failed", "two")]
    detail = json.loads(project.entries()[-1].detail or "")
    assert detail["statement"] == 2
    assert "absent" in detail["message"]
    assert project.states() == {"one": "applied", "two": "pending", "three": "pending"}


def test_a_changeset_whose_row_cannot_be_written_is_not_applied(project: Project) -> None:
    project.tables("one")
    project.update()
    project.write("""
        changesets:
          - id: one
            sql: CREATE TABLE one (id int)
            rollback: DROP TABLE one
          - id: hides-the-ledger
            sql: |
              CREATE TABLE two (id int);
              ALTER TABLE changelog_ledger RENAME TO elsewhere;
            rollback: DROP TABLE two
        """)
    with pytest.raises(ChangesetFailedError):
        project.update()
    assert not project.has_table("two")
    assert project.engine().verify_history().chain == "intact"


def test_a_check_that_fails_undoes_its_changeset(project: Project) -> None:
    project.write("""
        changesets:
          - id: filled
            sql: |
              CREATE TABLE t (id int);
              INSERT INTO t VALUES (1), (2);
            checks:
              - name: one row
                sql: SELECT count(*) FROM t
                expect: 1
            rollback: DROP TABLE t
        """)
    with pytest.raises(CheckFailedError, match=r"`one row`.*gave `2` where `1` is expected"):
        project.update()
    assert not project.has_table("t")
    assert project.states() == {"filled": "pending"}


def test_a_changeset_outside_of_a_transaction_goes_on_where_it_failed(project: Project) -> None:
    changelog = """
        changesets:
          - id: steps
            transaction: false
            sql: |
              CREATE TABLE a (id int);
              CREATE TABLE b (id {type});
              INSERT INTO a VALUES (1);
            rollback: {{sql: DROP TABLE b; DROP TABLE a, transaction: false}}
        """
    project.write(changelog.format(type="int REFERENCES nowhere ON"))
    with pytest.raises(ChangesetFailedError, match="statement 2 of 3"):
        project.update()
    assert (project.has_table("a"), project.has_table("b")) == (True, False)
    assert events(project) == [("started", "steps"), ("statement_done", "steps"), ("failed", "steps")]
    project.write(changelog.format(type="int"))
    assert project.update().applied == ("steps",)
    assert project.sql("SELECT count(*) FROM a") == [(1,)]
    assert project.states() == {"steps": "applied"}


def test_a_changeset_half_done_whose_done_part_was_edited_is_in_doubt(project: Project) -> None:
    project.write("""
        changesets:
          - id: steps
            transaction: false
            sql: CREATE TABLE a (id int); BROKEN
            rollback: DROP TABLE a
        """)
    with pytest.raises(ChangesetFailedError):
        project.update()
    project.write("""
        changesets:
          - id: steps
            transaction: false
            sql: CREATE TABLE a (id int, name text); CREATE TABLE b (id int)
            rollback: DROP TABLE a
        """)
    with pytest.raises(InDoubtError) as doubt:
        project.update()
    assert "resolve steps --applied" in (doubt.value.hint or "")
    assert project.states() == {"steps": "in_doubt"}
    project.engine().resolve("steps", applied=False)
    project.sql("DROP TABLE a")
    assert project.update().applied == ("steps",)


def test_a_check_that_fails_outside_of_a_transaction_leaves_its_changeset_in_doubt(project: Project) -> None:
    project.write("""
        changesets:
          - id: steps
            transaction: false
            sql: CREATE TABLE a (id int)
            checks: [{name: a row, sql: SELECT count(*) FROM a, expect: 1}]
            rollback: DROP TABLE a
        """)
    with pytest.raises(CheckFailedError):
        project.update()
    assert project.states() == {"steps": "in_doubt"}
    with pytest.raises(InDoubtError):
        project.update()
    with pytest.raises(UsageError, match="not in doubt"):
        project.engine().resolve("other", applied=True)
    project.engine().resolve("steps", applied=True)
    assert project.states() == {"steps": "applied"}
    assert project.rollback(Everything()).rolled_back == ("steps",)
    assert not project.has_table("a")


def test_a_rollback_halts_where_what_it_would_undo_is_in_doubt(project: Project) -> None:
    project.write("""
        changesets:
          - id: base
            sql: CREATE TABLE base (id int)
            rollback: DROP TABLE base
          - id: steps
            depends_on: [base]
            run: on_change
            transaction: false
            sql: DELETE FROM base
            checks: [{name: none, sql: SELECT count(*) FROM base, expect: 0}]
            rollback: SELECT 1
        """)
    project.update()
    text = (project.folder / "main.yaml").read_text()
    project.write(text.replace("DELETE FROM base", "INSERT INTO base VALUES (1)"))
    with pytest.raises(CheckFailedError):
        project.update()
    assert project.states()["steps"] == "in_doubt"
    with pytest.raises(InDoubtError):
        project.rollback(Selected("steps"))
    with pytest.raises(InDoubtError):
        project.rollback(Everything())


def test_update_halts_at_an_edited_changeset_and_shows_what_was_edited(project: Project) -> None:
    project.tables("one", "two")
    project.update()
    text = (project.folder / "main.yaml").read_text()
    project.write(text.replace("CREATE TABLE one (id int)", "CREATE TABLE one (id bigint)"))
    with pytest.raises(ChecksumMismatchError) as mismatch:
        project.update()
    assert "-sql: CREATE TABLE one (id int)" in mismatch.value.message
    assert "+sql: CREATE TABLE one (id bigint)" in mismatch.value.message
    assert project.states() == {"one": "changed", "two": "applied"}
    assert project.engine().plan_update().steps == ()
    assert project.rollback(LastApplied(1)).rolled_back == ("two",)
    assert project.engine().accept_checksum("one").changesets == ("one",)
    assert project.update().applied == ("two",)
    assert project.states() == {"one": "applied", "two": "applied"}


def test_an_edit_in_a_file_of_sql_is_shown(project: Project) -> None:
    project.write("changesets: [{id: one, sql_file: one.sql, rollback: DROP TABLE one}]")
    project.write("CREATE TABLE one (id int);\nINSERT INTO one VALUES (1);\n", "one.sql")
    project.update()
    project.write("CREATE TABLE one (id int);\nINSERT INTO one VALUES (2);\n", "one.sql")
    with pytest.raises(ChecksumMismatchError) as mismatch:
        project.update()
    lines = mismatch.value.message.splitlines()
    assert "-INSERT INTO one VALUES (1);" in lines
    assert "+INSERT INTO one VALUES (2);" in lines
    assert " CREATE TABLE one (id int);" in lines


@pytest.mark.parametrize("is_recorded", [False, True], ids=["at once", "after the new name was recorded"])
def test_an_edit_of_a_renamed_changeset_is_shown(project: Project, is_recorded: bool) -> None:
    project.tables("one")
    project.update()
    renamed = """
        changesets:
          - id: uno
            formerly: [one]
            sql: CREATE TABLE one (id int)
            rollback: DROP TABLE one
        """
    if is_recorded:
        project.write(renamed)
        project.update()
    project.write(renamed.replace("id int", "id bigint"))
    with pytest.raises(ChecksumMismatchError) as mismatch:
        project.update()
    assert "-sql: CREATE TABLE one (id int)" in mismatch.value.message
    assert "+sql: CREATE TABLE one (id bigint)" in mismatch.value.message


def test_run_on_change_and_always_are_no_mismatch_and_do_not_run_their_dependents_again(project: Project) -> None:
    changelog = """
        changesets:
          - id: base
            sql: CREATE TABLE runs (what text)
            rollback: DROP TABLE runs
          - id: changing
            depends_on: [base]
            run: on_change
            sql: INSERT INTO runs VALUES ('{what}')
            rollback: DELETE FROM runs WHERE what <> 'always'
          - id: always
            depends_on: [base]
            run: always
            sql: INSERT INTO runs VALUES ('always')
            rollback: DELETE FROM runs WHERE what = 'always'
          - id: dependent
            depends_on: [changing, always]
            sql: CREATE TABLE dependent (id int)
            rollback: DROP TABLE dependent
        """
    project.write(changelog.format(what="first"))
    assert project.update().applied == ("base", "changing", "always", "dependent")
    assert project.update().applied == ("always",)
    project.write(changelog.format(what="second"))
    assert project.states() == {"base": "applied", "changing": "outdated", "always": "applied", "dependent": "applied"}
    assert project.update().applied == ("changing", "always")
    rows = [row[0] for row in project.sql("SELECT what FROM runs")]
    assert sorted(str(row) for row in rows) == ["always", "always", "always", "first", "second"]
    undone = project.rollback(Selected("changing+"))
    assert undone.rolled_back == ("dependent", "changing")
    assert project.sql("SELECT DISTINCT what FROM runs") == [("always",)]


def test_an_applied_id_that_is_required_but_no_longer_declared_is_an_error_with_the_remedy(project: Project) -> None:
    project.tables("one", "two", depends_on={"two": ["one"]})
    project.update()
    project.write("""
        changesets:
          - id: two
            depends_on: [one]
            sql: CREATE TABLE two (id int)
            rollback: DROP TABLE two
        """)
    with pytest.raises(InvalidChangelogError, match="`one`") as error:
        project.update()
    hint = error.value.problems[0].hint or ""
    assert "formerly" in hint
    assert "stub" in hint


def test_a_renamed_changeset_counts_as_the_one_that_was_applied(project: Project) -> None:
    project.tables("one", "two")
    project.update()
    before = project.entries()
    text = (project.folder / "main.yaml").read_text()
    project.write(text.replace("id: one", "id: uno\n    formerly: [one]"))
    assert project.states() == {"uno": "applied", "two": "applied"}
    assert project.update().applied == ()
    assert events(project)[len(before) :] == [("renamed", "one"), ("renamed", "uno")]
    assert project.states() == {"uno": "applied", "two": "applied"}
    assert project.update().deployment == ""
    assert project.rollback(LastApplied(1)).rolled_back == ("two",)
    assert project.rollback(LastApplied(1)).rolled_back == ("uno",)
    assert not project.has_table("one")


def test_two_changelogs_in_one_database_do_not_see_each_other(project: Project) -> None:
    project.write("""
        name: crm
        changesets: [{id: first, sql: CREATE TABLE crm_first (id int), rollback: DROP TABLE crm_first}]
        """)
    project.update()
    other = Project(project.folder / "other", project.url)
    other.write("""
        name: billing
        changesets: [{id: first, sql: CREATE TABLE billing_first (id int), rollback: DROP TABLE billing_first}]
        """)
    assert other.states() == {"first": "pending"}
    assert other.update().applied == ("first",)
    assert other.rollback(Everything()).rolled_back == ("first",)
    assert project.states() == {"first": "applied"}
    assert project.has_table("crm_first")
    assert [entry.seq for entry in project.entries()] == [1, 2, 3]
    assert project.engine().verify_history().chain == "intact"
    assert len(project.engine().history().events) == 1


def test_the_value_of_a_secret_is_nowhere_in_the_ledger_nor_in_messages(project: Project) -> None:
    project.write("""
        parameters:
          password: {secret: true}
          plain: {default: "100%"}
        changesets:
          - id: keeps
            sql: |
              CREATE TABLE kept (value text);
              INSERT INTO kept VALUES ('${plain} $${plain} x${password}x');
            rollback: |
              INSERT INTO kept VALUES ('${password}');
              DROP TABLE kept;
          - id: breaks
            sql: SELECT * FROM "no_such_${password}"
            rollback: SELECT 1
        """)
    secret = "hunter2"
    project.settings = replace(project.settings, parameters=ParameterSources(given={"password": secret}))
    with pytest.raises(ChangesetFailedError) as failure:
        project.update()
    assert project.sql("SELECT value FROM kept") == [("100% ${plain} xhunter2x",)]
    assert secret not in failure.value.message
    assert secret not in repr(failure.value.facts)
    assert secret not in (failure.value.statement or "")
    assert all(secret not in repr(entry) for entry in project.entries())
    kept = project.entries()[0]
    assert "'100% $${plain} x${password}x'" in (kept.content or "")
    assert project.rollback(Selected("keeps")).rolled_back == ("keeps",)


def test_a_text_above_the_limit_is_kept_as_its_digest_but_a_rollback_whole(project: Project) -> None:
    long = "x" * (1024 * 1024 + 1)
    project.write(f"""
        changesets:
          - id: long
            sql: |
              CREATE TABLE long (value text);
              INSERT INTO long VALUES ('{long}');
            rollback: DELETE FROM long WHERE value = '{long}'; DROP TABLE long
        """)
    project.update()
    row = project.entries()[0]
    assert (row.content or "").startswith("sha256:")
    assert (row.source or "").startswith("sha256:")
    assert long in (row.rollback or "")
    assert project.engine().verify_history().chain == "intact"
    assert project.rollback(Everything()).rolled_back == ("long",)


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE changelog_ledger SET author = 'eve' WHERE seq = 2", 2),
        ("UPDATE changelog_ledger SET content = 'DROP TABLE users' WHERE seq = 1", 1),
        ("DELETE FROM changelog_ledger WHERE seq = 2", 2),
        ("DELETE FROM changelog_ledger WHERE seq = 3", None),
    ],
)
def test_an_edit_by_hand_shows(project: Project, tampering: str, broken_at: int | None) -> None:
    project.tables("one", "two", "three")
    project.update()
    head = project.engine().verify_history().head
    project.sql(tampering)
    with pytest.raises(BrokenChainError) as broken:
        project.engine().verify_history(head)
    if broken_at is not None:
        assert broken.value.facts["result"].chain == f"broken at {broken_at}"


def test_update_sees_a_ledger_whose_end_was_cut_off(project: Project) -> None:
    project.tables("one", "two")
    project.update()
    project.sql("DELETE FROM changelog_ledger WHERE seq = 2")
    with pytest.raises(BrokenChainError, match="nothing was run"):
        project.update()


def test_the_head_is_compared_with_the_one_that_is_expected(project: Project) -> None:
    project.tables("one")
    project.update()
    head = project.engine().verify_history().head
    assert project.engine().verify_history(head).chain == "intact"
    with pytest.raises(BrokenChainError, match="does not hold the expected row") as caught:
        project.engine().verify_history(Head(head.seq, "1:other"))
    assert caught.value.facts["result"].chain == f"broken at {head.seq}"


def test_a_head_that_was_kept_stays_good_as_rows_are_added(project: Project) -> None:
    project.tables("one")
    project.update()
    kept = project.engine().verify_history().head
    project.tables("one", "two")
    project.update()
    assert project.engine().verify_history(kept).chain == "intact"
    assert project.engine().verify_history(Head()).chain == "intact"
    with pytest.raises(BrokenChainError, match=f"there is no row {kept.seq + 9}"):
        project.engine().verify_history(Head(kept.seq + 9, kept.hash))


def test_blanking_a_text_to_its_digest_does_not_break_the_chain(project: Project) -> None:
    from changelog_engine.ledger.entries import text_digest

    project.tables("one", "two")
    project.update()
    content = project.entries()[0].content or ""
    project.sql(f"UPDATE changelog_ledger SET content = '{text_digest(content)}' WHERE seq = 1")
    assert project.engine().verify_history().chain == "intact"


def test_commands_that_only_read_write_nothing(project: Project) -> None:
    project.tables("one")
    engine = project.engine()
    plan = engine.plan_update()
    engine.status()
    engine.script(plan)
    engine.history()
    engine.verify_history()
    engine.lock()
    engine.tags()
    assert not project.has_table("changelog_ledger")
    assert not project.has_table("changelog_lock")


def test_a_ledger_made_by_a_newer_version_is_refused(project: Project) -> None:
    project.tables("one")
    project.update()
    project.sql("UPDATE changelog_lock SET layout = 99")
    for attempt in (project.update, project.states):
        with pytest.raises(LedgerTooNewError, match="layout 99"):
            attempt()


def test_rows_are_dated_in_order_even_where_the_clock_goes_back(project: Project) -> None:
    project.tables("one")
    project.update()
    session = connect(project.url, Access.WRITE)
    later = "2099-01-01T00:00:00.000000Z"
    session.execute(f"UPDATE changelog_ledger SET recorded_at = '{later}'")
    from changelog_engine.ledger.entries import hash_entry

    row = replace(project.entries()[0], hash="")
    digest = hash_entry(row, row.prev_hash)
    session.execute(f"UPDATE changelog_ledger SET hash = '{digest}'")
    session.execute(f"UPDATE changelog_lock SET head_hash = '{digest}'")
    session.close()
    project.tables("one", "two")
    project.update()
    assert [entry.recorded_at for entry in project.entries()] == [later, later]
    assert project.engine().verify_history().chain == "intact"


def test_the_view_says_what_the_engine_says(project: Project) -> None:
    project.tables("one", "two", "three")
    project.update()
    project.rollback(LastApplied(1))
    project.engine().unmark("two")
    assert project.sql("SELECT changeset_id, state FROM changelog_state") == [("one", "applied")]
    assert project.states() == {"one": "applied", "two": "pending", "three": "pending"}
    assert [entry.event for entry in project.entries()][-2:] == [Event.ROLLED_BACK, Event.UNMARKED]


def test_contexts_of_the_run_and_who_ran_it_are_recorded(project: Project) -> None:
    project.write("""
        changesets:
          - id: one
            author: mira
            description: the first
            labels: [base]
            contexts: prod or test
            sql: CREATE TABLE one (id int)
            rollback: DROP TABLE one
        """)
    result = project.update("prod")
    row = project.entries()[0]
    assert (row.author, row.description, row.labels, row.contexts) == ("mira", "the first", "base", "prod or test")
    assert (row.run_contexts, row.os_user, row.host, row.file) == ("prod", "mira", "desk", "main.yaml")
    assert row.deployment_id == result.deployment
    assert row.statement_count == 1
    engine = project.engine()
    all_contexts = engine.filters()
    everything = replace(all_contexts, contexts=ContextChoice(ContextMode.ALL))
    assert engine.status(everything).changesets[0].state == "applied"
