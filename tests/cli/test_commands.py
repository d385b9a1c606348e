"""Each row of the table of commands, for people, on each database."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import SHOP, Cli


class TestLooking:
    def test_without_arguments_it_shows_where_you_stand(self, shop: Cli) -> None:
        before = shop().out
        assert "changelog: changelogs/main.yaml" in before
        assert "(from `CHANGELOG_URL`)" in before
        assert "4 changesets: 4 pending" in before
        assert "nothing was ever applied here" in before
        assert "next: `changelog plan --context NAME`" in before
        shop("update", "--all-contexts")
        after = shop().out
        assert "4 changesets: 4 applied" in after
        assert "tags: release-1" in after
        assert re.search(r"head [0-9]+:1:[0-9a-f]{64}", after)
        assert "next: nothing is pending" in after

    def test_validate_counts_what_it_read(self, shop: Cli) -> None:
        assert shop("validate").out == "valid: 4 changesets and 1 tag in 1 file\n"

    def test_status_shows_state_reason_and_place(self, shop: Cli) -> None:
        shop("update", "--context", "dev", "--count", "1")
        out = shop("status", "--context", "dev").out
        lines = {line.split()[1]: line for line in out.splitlines() if "main.yaml:" in line}
        assert lines["create-customers"].startswith("applied ")
        assert lines["create-orders"].startswith("pending ")
        assert lines["live-customers"].startswith("excluded ")
        assert "`prod`" in lines["live-customers"]
        assert "4 changesets: 1 applied, 2 pending, 1 excluded" in out

    def test_status_filters(self, shop: Cli) -> None:
        shop("update", "--no-context")
        assert set(shop.states("--no-context", "--select", "create-*")) == {"create-customers", "create-orders"}
        assert shop.states("--context", "dev,prod", "--label", "demo") == {
            "create-customers": "applied",
            "create-orders": "applied",
            "demo-customers": "pending",
            "live-customers": "excluded",
        }
        assert shop.states("--all-contexts")["live-customers"] == "pending"

    def test_status_check_exits_4_where_anything_is_pending(self, shop: Cli) -> None:
        assert shop("status", "--no-context", "--check", code=4).out
        shop("update", "--no-context")
        shop("status", "--no-context", "--check")
        shop("status", "--context", "dev", "--check", code=4)

    def test_commands_that_look_write_nothing(self, shop: Cli) -> None:
        for command in ("status", "plan", "history", "lock"):
            shop(command, *(["--no-context"] if command in ("status", "plan") else []))
        shop("update", "--no-context", "--dry-run")
        shop("update", "--no-context", "--sql")
        assert not (shop.folder.parent / "database.db").exists()
        assert shop("history").out.startswith("the ledger is empty")

    def test_graph_has_four_forms(self, shop: Cli) -> None:
        assert "create-orders" in shop("graph").out
        assert shop("graph", "--format", "mermaid").out.startswith(("flowchart", "graph"))
        assert shop("graph", "--format", "dot").out.startswith("digraph")
        assert shop("graph", "--format", "json").object
        assert "live-customers" not in shop("graph", "--select", "+create-orders").out


class TestPlan:
    def test_shows_each_step_with_reason_place_and_conditions(self, shop: Cli) -> None:
        out = shop("plan", "--context", "dev").out
        assert re.findall(r"^ *(\d+)\. (\w+) +(\S+)$", out, re.MULTILINE) == [
            ("1", "apply", "create-customers"),
            ("2", "apply", "create-orders"),
            ("3", "tag", "release-1"),
            ("4", "apply", "demo-customers"),
        ]
        assert "pending" in out
        assert "after `create-customers`" in out
        assert "if: SELECT count(*) FROM customers gives 0 (else mark applied)" in out
        assert "check: somebody is there" in out
        assert "CREATE TABLE" not in out
        assert "nothing was run" in out

    def test_verbose_shows_the_statements(self, shop: Cli) -> None:
        out = shop("plan", "--context", "dev", "--verbose").out
        assert "CREATE TABLE customers" in out
        assert "DEFAULT 'EUR'" in out

    def test_count_and_to_tag_cut_it_short(self, shop: Cli) -> None:
        steps = shop.json("plan", "--all-contexts", "--count", "2")["steps"]
        assert [step["id"] for step in steps if step["action"] != "tag"] == ["create-customers", "create-orders"]
        steps = shop.json("plan", "--all-contexts", "--to-tag", "release-1")["steps"]
        assert [step["id"] for step in steps] == ["create-customers", "create-orders", "release-1"]

    def test_sql_prints_a_script(self, shop: Cli) -> None:
        script = shop("plan", "--no-context", "--sql").out
        assert "CREATE TABLE customers" in script
        assert "changelog_ledger" in script
        shop("plan", "--no-context", "--sql", "-o", "release.sql")
        assert "CREATE TABLE customers" in (shop.folder / "release.sql").read_text()

    def test_it_says_how_changesets_treat_the_others(self, cli: Cli) -> None:
        cli.write("""
            changesets:
              - {id: a, retries: 5, run_as: owner, sql: SELECT 1, rollback: SELECT 1}
              - {id: b, lock_timeout: 0, retries: 1, sql: SELECT 1, rollback: SELECT 1}
            """)
        cli.write('lock_timeout = "5s"\nstatement_timeout = "90s"\n', "changelog.toml")
        out = cli("plan").out
        assert "lock_timeout 5 s, statement_timeout 90 s, 5 retries, run as `owner`" in out
        assert "lock_timeout none, statement_timeout 90 s, 1 retry\n" in out
        assert [step["consideration"] for step in cli.json("plan")["steps"]] == [
            {
                "lock_timeout_ms": 5_000,
                "statement_timeout_ms": 90_000,
                "retries": {"attempts": 5, "initial_seconds": 1.0},
                "run_as": "owner",
            },
            {
                "lock_timeout_ms": 0,
                "statement_timeout_ms": 90_000,
                "retries": {"attempts": 1, "initial_seconds": 1.0},
            },
        ]

    def test_a_saved_plan_is_run_as_it_is(self, shop: Cli) -> None:
        assert "saved to release.plan" in shop("plan", "--no-context", "--count", "1", "-o", "release.plan").out
        out = shop("update", "--no-context", "--plan", "release.plan").out
        assert "1 changeset applied" in out
        assert shop.states("--no-context")["create-orders"] == "pending"

    def test_a_saved_plan_that_was_overtaken_is_refused(self, shop: Cli) -> None:
        shop("plan", "--no-context", "-o", "release.plan")
        shop("update", "--no-context", "--count", "1")
        assert shop("update", "--no-context", "--plan", "release.plan", code=7).err

    def test_a_saved_plan_brings_its_contexts_along(self, shop: Cli) -> None:
        shop("plan", "--context", "dev", "--count", "1", "-o", "release.plan")
        refused = shop("update", "--context", "prod", "--plan", "release.plan", code=7).err
        assert "it was made for the contexts `dev`, and these are `prod`" in refused
        assert "1 changeset applied" in shop("update", "--plan", "release.plan").out
        assert shop.states("--no-context")["create-orders"] == "pending"

    def test_a_file_that_is_no_plan_is_refused(self, shop: Cli) -> None:
        shop.write("{}", "x.plan")
        shop("update", "--no-context", "--plan", "x.plan", code=2)

    def test_of_a_rollback_shows_what_would_be_undone(self, shop: Cli) -> None:
        shop("update", "--context", "dev")
        out = shop("plan", "rollback", "--tag", "release-1").out
        assert re.findall(r"^ *(\d+)\. (\w+) +(\S+)$", out, re.MULTILINE) == [("1", "rollback", "demo-customers")]
        assert "DELETE FROM customers" in shop("plan", "rollback", "--tag", "release-1", "--sql").out
        assert shop.states("--context", "dev")["demo-customers"] == "applied"
        assert shop("rollback", "--tag", "release-1", "--dry-run").out == out


class TestUpdate:
    def test_prints_a_line_a_step_and_a_summary(self, shop: Cli) -> None:
        out = shop("update", "--context", "dev").out
        assert re.search(r"^applied create-customers \(\d+ ms\)$", out, re.MULTILINE)
        assert re.search(r"^tagged release-1$", out, re.MULTILINE)
        assert re.search(r"^3 changesets applied in \d", out, re.MULTILINE)
        assert re.search(r"^database: \S+ \(from `CHANGELOG_URL`\)$", out, re.MULTILINE)
        assert re.search(r"^deployment: \S+$", out, re.MULTILINE)
        assert re.search(r"^next: ", out, re.MULTILINE)

    def test_again_has_nothing_to_do(self, shop: Cli) -> None:
        shop("update", "--context", "dev")
        assert shop("update", "--context", "dev").out.startswith("nothing to do")

    def test_quiet_prints_nothing_where_all_went_well(self, shop: Cli) -> None:
        answer = shop("update", "--context", "dev", "--quiet")
        assert (answer.out, answer.err) == ("", "")

    def test_verbose_prints_the_statements(self, shop: Cli) -> None:
        assert "    CREATE TABLE customers" in shop("update", "--context", "dev", "--verbose").out

    def test_dry_run_is_the_plan_and_does_nothing(self, shop: Cli) -> None:
        assert shop("update", "--context", "dev", "--dry-run").out == shop("plan", "--context", "dev").out
        assert set(shop.states("--context", "dev").values()) == {"pending", "excluded"}

    def test_takes_along_what_the_selected_requires(self, shop: Cli) -> None:
        shop("update", "--context", "dev", "--select", "create-orders")
        assert shop.states("--context", "dev") == {
            "create-customers": "applied",
            "create-orders": "applied",
            "demo-customers": "pending",
            "live-customers": "excluded",
        }

    def test_parameters_come_from_options_and_the_environment_of_the_file(self, shop: Cli) -> None:
        assert "DEFAULT 'USD'" in shop("plan", "--no-context", "--verbose", "--param", "currency=USD").out
        shop.write('[parameters]\ncurrency = "CHF"\n', "changelog.toml")
        assert "DEFAULT 'CHF'" in shop("plan", "--no-context", "--verbose").out

    def test_to_tag_stops_there(self, shop: Cli) -> None:
        shop("update", "--all-contexts", "--to-tag", "release-1")
        assert shop.states("--all-contexts")["demo-customers"] == "pending"

    def test_what_is_skipped_is_said_and_no_failure(self, shop: Cli) -> None:
        shop.write(SHOP.replace("on_fail: mark_applied", "on_fail: skip").replace("expect: 0}", "expect: 7}"))
        out = shop("update", "--context", "dev").out
        assert "skipped demo-customers" in out
        assert "1 skipped" in out

    def test_the_environment_of_the_file_is_chosen(self, shop: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        shop.write('[environments.prod]\ncontexts = "prod"\n', "changelog.toml")
        shop("update", "--env", "prod")
        assert shop.states("--env", "prod")["live-customers"] == "applied"
        monkeypatch.setenv("CHANGELOG_ENV", "prod")
        shop("status", "--check")


class TestRollback:
    @pytest.mark.parametrize(
        ("target", "left"),
        [
            (["--tag", "release-1"], ["create-customers", "create-orders"]),
            (["--count", "2"], ["create-customers"]),
            (["--select", "create-orders"], ["create-customers", "demo-customers"]),
            (["--select", "create-customers", "--cascade"], []),
            (["--all"], []),
            (["--to-date", "2000-01-01"], []),
            (["--to-date", "2999-01-01T00:00+02:00"], ["create-customers", "create-orders", "demo-customers"]),
        ],
    )
    def test_goes_back_to_each_kind_of_target(self, shop: Cli, target: list[str], left: list[str]) -> None:
        shop("update", "--context", "dev")
        shop("rollback", *target)
        states = shop.states("--context", "dev")
        assert [one for one, state in states.items() if state == "applied"] == left

    def test_undoes_what_a_deployment_applied(self, shop: Cli) -> None:
        shop("update", "--no-context")
        deployment = shop.json("update", "--context", "dev")["deployment"]
        out = shop("rollback", "--deployment", deployment).out
        assert "rolled back demo-customers" in out
        assert "1 changeset rolled back" in out

    def test_echoes_a_date_in_utc(self, shop: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        import time

        monkeypatch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        try:
            shop("update", "--no-context")
            answer = shop("rollback", "--to-date", "2000-07-01T12:00")
        finally:
            monkeypatch.delenv("TZ")
            time.tzset()
        assert "2000-07-01T10:00:00Z (UTC)" in answer.err

    def test_with_nothing_to_undo_says_so(self, shop: Cli) -> None:
        shop("update", "--no-context")
        shop("rollback", "--all")
        assert shop("rollback", "--all").out.startswith("nothing to do")

    def test_refuses_where_something_applied_requires_it(self, shop: Cli) -> None:
        shop("update", "--no-context")
        answer = shop("rollback", "--select", "create-customers", code=7)
        assert "`create-orders`" in answer.err
        assert "--cascade" in answer.err

    def test_sql_prints_a_script_and_does_nothing(self, shop: Cli) -> None:
        shop("update", "--no-context")
        assert "DROP TABLE orders" in shop("rollback", "--count", "1", "--sql").out
        assert shop.states("--no-context")["create-orders"] == "applied"

    def test_prefers_the_rollback_of_the_ledger_unless_told(self, shop: Cli) -> None:
        shop("update", "--no-context")
        shop.write(SHOP.replace("DROP TABLE orders;", "DROP TABLE IF EXISTS orders;"))
        assert "IF EXISTS" not in shop("rollback", "--count", "1", "--sql").out
        assert "IF EXISTS" in shop("rollback", "--count", "1", "--rollback-from", "changelog", "--sql").out

    def test_redo_undoes_and_applies_again(self, shop: Cli) -> None:
        shop("update", "--no-context")
        out = shop("redo", "create-orders", "--no-context").out
        assert "1 changeset rolled back, 1 changeset applied in " in out
        assert len([line for line in out.splitlines() if line.startswith("next:")]) == 1
        assert out.index("rolled back create-orders") < out.index("applied create-orders")
        shop("redo", "--select", "create-customers", "--no-context", code=7)
        shop("redo", "create-customers", "--cascade", "--no-context")
        assert set(shop.states("--no-context", "--select", "create-*").values()) == {"applied"}


class TestRecord:
    def test_tags_are_set_moved_listed_and_deleted(self, shop: Cli) -> None:
        shop("update", "--no-context", "--count", "1")
        assert "stands for 1 changeset" in shop("tag", "before").out
        shop("update", "--no-context")
        shop("tag", "before", code=2)
        assert "stands for 2 changesets" in shop("tag", "before", "--force").out
        out = shop("tag", "--list").out
        assert re.search(r"^before +by hand ", out, re.MULTILINE)
        assert re.search(r"^release-1 +declared ", out, re.MULTILINE)
        assert "deleted" in shop("tag", "before", "--delete").out
        assert "before" not in shop("tag", "--list").out

    def test_history_shows_the_events_and_verifies_them(self, shop: Cli) -> None:
        shop("update", "--no-context")
        shop("rollback", "--count", "1")
        out = shop("history").out
        assert [line.split()[3] for line in out.splitlines()[1:]] == ["applied", "applied", "tagged", "rolled"]
        verified = shop("history", "--verify").out
        assert "chain: intact" in verified
        head = re.search(r"^head: (\S+)$", verified, re.MULTILINE)
        assert head
        assert "chain: intact" in shop("history", "--expect-head", head[1]).out
        shop("history", "--expect-head", "4:1:" + "0" * 64, code=6)

    def test_mark_applied_and_unmark_run_nothing(self, shop: Cli) -> None:
        assert "`create-customers`" in shop("mark-applied", "create-customers", "--no-context").out
        assert shop.states("--no-context")["create-customers"] == "applied"
        shop("unmark", "create-customers", "--no-context")
        assert shop.states("--no-context")["create-customers"] == "pending"
        shop("update", "--no-context")

    def test_an_edit_stops_update_until_it_is_accepted(self, shop: Cli) -> None:
        shop("update", "--no-context")
        shop.write(SHOP.replace("customer int", "customer bigint"))
        assert shop.states("--no-context")["create-orders"] == "changed"
        answer = shop("update", "--no-context", code=6)
        assert "create-orders" in answer.err
        assert "customer bigint" in answer.err
        assert "changelog accept-checksum create-orders" in answer.err
        assert "stops here: `create-orders` is changed" in shop("plan", "--no-context").out
        shop("accept-checksum", "create-orders", "--no-context")
        shop("update", "--no-context")

    def test_a_changeset_in_doubt_is_settled(self, shop: Cli) -> None:
        shop.write(
            """
            changesets:
              - id: backfill
                transaction: false
                sql: CREATE TABLE backfill (id int);
                rollback: DROP TABLE backfill;
                checks:
                  - {name: filled, sql: SELECT count(*) FROM backfill, expect: 1}
            """
        )
        shop("update", code=1)
        assert shop.states() == {"backfill": "in_doubt"}
        shop("update", code=6)
        shop("resolve", "backfill", "--applied")
        assert shop.states() == {"backfill": "applied"}

    def test_lock_says_that_nobody_holds_it(self, shop: Cli) -> None:
        shop("update", "--no-context")
        assert shop("lock").out.startswith("free")
        assert shop("lock", "--release").out


class TestFiles:
    def test_an_empty_folder_is_told_how_to_begin(self, cli: Cli) -> None:
        answer = cli()
        assert "no changelog here" in answer.out
        assert "`changelog init`" in answer.out

    def test_init_makes_a_project_that_runs(self, cli: Cli) -> None:
        out = cli("init").out
        assert "wrote changelog.toml" in out
        assert "wrote changelogs/main.yaml" in out
        cli("validate")
        cli("update", "--all-contexts")
        cli("init", code=2)

    def test_new_adds_a_changeset_and_keeps_the_rest(self, cli: Cli) -> None:
        path = cli.write("# by hand\nchangesets:\n  - id: a   # first\n    sql: SELECT 1\n    rollback: SELECT 2\n")
        before = path.read_text()
        assert "added `b`" in cli("new", "b", "--depends-on", "a", "--author", "mira").out
        assert path.read_text().startswith(before)
        assert "id: b" in path.read_text()
        cli("new", "a", code=2)

    def test_schema_is_json_on_standard_output_or_in_a_file(self, cli: Cli) -> None:
        printed = cli("schema").object
        assert printed["$schema"].startswith("https://json-schema.org/")
        cli("schema", "-o", "changelog.schema.json")
        assert '"$schema"' in Path("changelog.schema.json").read_text()

    @pytest.mark.parametrize(
        ("shell", "sign"), [("bash", "complete "), ("zsh", "#compdef changelog"), ("fish", "complete ")]
    )
    def test_completion_scripts_are_printed(self, cli: Cli, shell: str, sign: str) -> None:
        answer = cli("completion", shell)
        assert sign in answer.out
        assert "_CHANGELOG_COMPLETE" in answer.out
        assert answer.err == ""
