"""With `--format json`: one object on standard output, with the same keys on success and on failure, nothing else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.cli.conftest import SHOP, Cli

ERROR = {"code", "message", "changeset", "statement", "file", "line", "hint"}
CHANGESET = {"id", "state", "reason", "checksum", "depends_on", "contexts", "labels", "file", "line"}
STEP = {"id", "action", "reason", "conditions", "statements"}
UPDATE = {"deployment", "applied", "marked", "skipped", "failed", "tags"}
EVENT = {"seq", "event", "changeset", "tag", "checksum", "deployment", "at", "by", "duration_ms", "hash"}


def ids(steps: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(step["action"], step["id"]) for step in steps]


class TestShapes:
    def test_validate(self, shop: Cli) -> None:
        assert shop.json("validate") == {"errors": [], "warnings": [], "changesets": 4, "tags": 1, "files": 1}

    def test_validate_of_an_invalid_changelog(self, shop: Cli) -> None:
        shop.write(
            SHOP.replace("[create-customers]", "[create-customer]").replace("DROP TABLE orders;", "SELECT '${no}'")
        )
        value = shop.json("validate", code=3)
        assert len(value["errors"]) == 4
        assert all(set(error) == {"message", "file", "line", "column", "hint"} for error in value["errors"])
        assert value["errors"][0]["file"] == "main.yaml"
        assert value["error"]["code"] == "invalid_changelog"
        assert set(value["error"]) == ERROR

    def test_status(self, shop: Cli) -> None:
        shop("update", "--context", "dev", "--to-tag", "release-1")
        value = shop.json("status", "--context", "dev")
        assert value["counts"] == {"applied": 2, "pending": 1, "excluded": 1}
        assert value["tags"] == ["release-1"]
        changesets = {one["id"]: one for one in value["changesets"]}
        assert all(set(one) >= CHANGESET for one in changesets.values())
        orders = changesets["create-orders"]
        assert orders["state"] == "applied"
        assert orders["depends_on"] == ["create-customers"]
        assert (orders["file"], orders["line"]) == ("main.yaml", 16)
        assert re.fullmatch("1:[0-9a-f]+", orders["checksum"])
        assert changesets["demo-customers"]["labels"] == ["demo"]
        assert changesets["demo-customers"]["contexts"] == "dev"
        assert "`prod`" in changesets["live-customers"]["reason"]

    @pytest.mark.parametrize("command", [["plan"], ["update", "--dry-run"]])
    def test_plan_and_dry_run(self, shop: Cli, command: list[str]) -> None:
        value = shop.json(*command, "--context", "dev")
        assert ids(value["steps"]) == [
            ("apply", "create-customers"),
            ("apply", "create-orders"),
            ("tag", "release-1"),
            ("apply", "demo-customers"),
        ]
        assert all(set(step) >= STEP for step in value["steps"])
        assert value["steps"][3]["conditions"] == ["SELECT count(*) FROM customers gives 0"]
        assert value["steps"][3]["statements"] == ["INSERT INTO customers VALUES (1, 'demo@example.com')"]
        assert shop.states("--context", "dev")["create-customers"] == "pending"

    @pytest.mark.parametrize("command", [["plan", "rollback"], ["rollback", "--dry-run"]])
    def test_plan_of_a_rollback(self, shop: Cli, command: list[str]) -> None:
        shop("update", "--context", "dev")
        value = shop.json(*command, "--tag", "release-1")
        assert ids(value["steps"]) == [("rollback", "demo-customers")]
        assert value["steps"][0]["statements"] == ["DELETE FROM customers WHERE id = 1"]

    def test_plan_that_is_saved_or_printed_as_a_script(self, shop: Cli) -> None:
        assert shop.json("plan", "--no-context", "-o", "x.plan")["saved"] == "x.plan"
        assert "CREATE TABLE" in shop.json("plan", "--no-context", "--sql")["script"]

    def test_update(self, shop: Cli) -> None:
        value = shop.json("update", "--context", "dev")
        assert set(value) >= UPDATE
        assert value["deployment"]
        assert value["applied"] == ["create-customers", "create-orders", "demo-customers"]
        assert (value["marked"], value["skipped"], value["failed"]) == ([], [], [])
        assert value["tags"] == ["release-1"]
        again = shop.json("update", "--context", "dev")
        assert (again["deployment"], again["applied"]) == (None, [])

    def test_update_that_marks_skips_and_fails(self, shop: Cli) -> None:
        shop.write(
            """
            changesets:
              - id: table
                sql: CREATE TABLE t (id int)
                rollback: DROP TABLE t
              - id: marked
                depends_on: [table]
                preconditions: [{sql: {query: SELECT count(*) FROM t, expect: 1}, on_fail: mark_applied}]
                sql: INSERT INTO t VALUES (1)
                rollback: DELETE FROM t
              - id: skipped
                depends_on: [table]
                preconditions: [{sql: {query: SELECT count(*) FROM t, expect: 1}, on_fail: skip}]
                sql: INSERT INTO t VALUES (1)
                rollback: DELETE FROM t
              - id: failing
                on_error: continue
                sql: INSERT INTO nowhere VALUES (1)
                rollback: DELETE FROM nowhere
              - id: last
                sql: CREATE TABLE u (id int)
                rollback: DROP TABLE u
            """
        )
        value = shop.json("update", code=1)
        assert value["applied"] == ["table", "last"]
        assert value["marked"] == ["marked"]
        assert [one["id"] for one in value["skipped"]] == ["skipped"]
        assert value["skipped"][0]["reason"]
        assert [one["id"] for one in value["failed"]] == ["failing"]
        assert "nowhere" in value["failed"][0]["message"]

    def test_rollback(self, shop: Cli) -> None:
        shop("update", "--context", "dev")
        value = shop.json("rollback", "--tag", "release-1")
        assert value["rolled_back"] == ["demo-customers"]
        assert "release-1" in value["to"]
        assert value["deployment"]

    def test_redo(self, shop: Cli) -> None:
        shop("update", "--no-context")
        value = shop.json("redo", "create-orders", "--no-context")
        assert value["rollback"]["rolled_back"] == ["create-orders"]
        assert value["update"]["applied"] == ["create-orders"]

    def test_history(self, shop: Cli) -> None:
        shop("update", "--no-context")
        value = shop.json("history")
        assert [event["event"] for event in value["events"]] == ["applied", "applied", "tagged"]
        assert all(set(event) >= EVENT for event in value["events"])
        assert [event["seq"] for event in value["events"]] == [1, 2, 3]
        assert value["events"][0]["changeset"] == "create-customers"
        assert value["events"][2]["tag"] == "release-1"
        assert "chain" not in value
        assert shop.json("history", "--verify")["chain"] == "intact"

    def test_tags_lock_and_record(self, shop: Cli) -> None:
        shop("update", "--no-context")
        assert shop.json("tag", "x")["changesets"] == ["create-customers", "create-orders"]
        assert [tag["name"] for tag in shop.json("tag", "--list")["tags"]] == ["release-1", "x"]
        assert shop.json("tag", "x", "--delete")["name"] == "x"
        assert shop.json("lock")["held"] is False
        assert shop.json("unmark", "create-orders", "--no-context")["changesets"] == ["create-orders"]
        assert shop.json("mark-applied", "create-orders", "--no-context")["changesets"] == ["create-orders"]

    def test_commands_around_files(self, cli: Cli) -> None:
        assert set(cli.json("init")["files"]) >= {"changelog.toml", "changelogs/main.yaml"}
        assert cli.json("graph")
        added = cli.json("new", "next-one")
        assert (added["changeset"], added["file"]) == ("next-one", "changelogs/main.yaml")
        assert cli.json("schema")["$schema"]
        assert cli.json("schema", "-o", "s.json") == {"file": "s.json"}
        assert cli.json("completion", "zsh")["script"].startswith("#compdef changelog")


class TestFailures:
    """The same object as far as it came, with `error`."""

    def test_update_that_fails_in_the_middle(self, shop: Cli) -> None:
        shop.write(SHOP.replace("currency text DEFAULT '${currency}'", "currency nonsense(("))
        value = shop.json("update", "--context", "dev", code=1)
        assert value["applied"] == ["create-customers"]
        error = value["error"]
        assert set(error) == ERROR
        assert error["code"] == "changeset_failed"
        assert error["changeset"] == "create-orders"
        assert error["statement"].startswith("CREATE TABLE orders")
        assert (error["file"], error["line"]) == ("main.yaml", 19)
        assert error["hint"]

    def test_a_check_that_fails(self, shop: Cli) -> None:
        shop.write(SHOP.replace("expect: 1}", "expect: 2}"))
        value = shop.json("update", "--context", "dev", code=1)
        assert value["error"]["code"] == "check_failed"
        assert value["error"]["changeset"] == "demo-customers"

    def test_a_rollback_that_is_refused(self, shop: Cli) -> None:
        shop("update", "--no-context")
        value = shop.json("rollback", "--select", "create-customers", code=7)
        assert value["rolled_back"] == []
        assert value["error"]["code"] == "plan_refused"
        assert "--cascade" in value["error"]["hint"]

    def test_a_rollback_that_fails_in_the_middle(self, shop: Cli) -> None:
        shop.write(SHOP.replace("DROP TABLE customers;", "DROP TABLE nowhere;"))
        shop("update", "--no-context")
        value = shop.json("rollback", "--all", code=1)
        assert value["rolled_back"] == ["create-orders"]
        assert value["error"]["changeset"] == "create-customers"

    @pytest.mark.parametrize(
        ("command", "empty"),
        [
            (["status"], {"changesets": [], "counts": {}, "tags": []}),
            (["plan", "--no-context"], {"steps": []}),
            (["update", "--no-context"], {"applied": [], "deployment": None}),
            (["rollback", "--all"], {"rolled_back": [], "to": None}),
            (["history"], {"events": []}),
        ],
    )
    def test_a_database_that_cannot_be_reached(self, cli: Cli, command: list[str], empty: dict[str, Any]) -> None:
        cli.write(SHOP)
        url = "postgresql://me:geheim@127.0.0.1:1/shop"
        value = cli.json(*command, "--url", url, code=1)
        assert empty.items() <= value.items()
        assert value["error"]["code"] == "connection_failed"
        assert "geheim" not in str(value)

    def test_an_invalid_changelog_in_any_command(self, shop: Cli) -> None:
        shop.write("changesets: [{id: a}]")
        for command in (["status"], ["plan"], ["update"], ["rollback", "--all"], ["tag", "x"], ["graph"]):
            value = shop.json(*command, code=3)
            assert value["errors"]
            assert value["error"]["file"] == "main.yaml"

    def test_a_bug_is_one_object_too(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        from changelog_engine.engine import Engine

        def fail(_: Engine) -> None:
            raise ZeroDivisionError("geheim")

        monkeypatch.setattr(Engine, "validate", fail)
        value = cli.json("validate", code=1)
        assert value["error"]["code"] == "internal"
        assert "ZeroDivisionError" in value["error"]["message"]
        assert "geheim" not in str(value)

    def test_a_redo_that_fails_says_what_was_undone(self, shop: Cli) -> None:
        shop("update", "--no-context")
        shop.write(SHOP.replace("currency text DEFAULT '${currency}'", "currency nonsense(("))
        value = shop.json("redo", "create-orders", "--no-context", code=1)
        assert value["rollback"]["rolled_back"] == ["create-orders"]
        assert value["update"]["applied"] == []
        assert value["error"]["changeset"] == "create-orders"
        assert "rolled back before that in this run: `create-orders`" in shop_error(shop)


def shop_error(shop: Cli) -> str:
    shop.write(SHOP)
    shop("update", "--no-context")
    shop.write(SHOP.replace("currency text DEFAULT '${currency}'", "currency nonsense(("))
    return shop("redo", "create-orders", "--no-context", code=1).err
