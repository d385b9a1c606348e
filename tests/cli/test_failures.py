"""What a person reads when something goes wrong, and the exit code."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from changelog_engine.cli.wording import plain
from changelog_engine.engine import Engine
from tests.cli.conftest import SHOP, Cli
from tests.fixtures.databases import PASSWORD_ROLE, Server


def test_an_invalid_changelog_shows_every_error_with_its_line(shop: Cli) -> None:
    shop.write(
        SHOP.replace("rollback: DROP TABLE customers;", "rolback: x").replace("[create-customers]", "[nobody]", 1)
    )
    answer = shop("update", "--no-context", code=3)
    assert answer.out == ""
    assert answer.err.count("error: ") >= 2
    assert "    rolback: x\n" in answer.err
    assert "^^^^^^^" in answer.err
    assert "hint: did you mean `rollback`?" in answer.err
    assert "    depends_on: [nobody]" in answer.err
    assert answer.err.rstrip().endswith("errors; nothing was run")


def test_warnings_of_validate_go_to_standard_error(cli: Cli) -> None:
    cli.write(
        """
        changesets:
          - id: load-countries
            sql: SELECT 1
            rollback: SELECT 1
          - id: b
            depends_on: [{id: load-country, optional: true}]
            sql: SELECT 1
            rollback: SELECT 1
        """
    )
    answer = cli("validate")
    assert "warning: " in answer.err
    assert "load-countries" in answer.err
    assert "1 warning" in answer.out
    assert cli.json("validate")["warnings"][0]["line"] == 7


def test_a_statement_that_fails_names_its_line_what_is_left_and_what_to_do(shop: Cli) -> None:
    shop.write(SHOP.replace("currency text DEFAULT '${currency}'", "currency nonsense(("))
    answer = shop("update", "--context", "dev", code=1)
    assert "applied create-customers" in answer.out
    assert "error: changeset `create-orders` failed at statement 1 of 1: " in answer.err
    assert "--> main.yaml:19:" in answer.err
    assert "applied before that in this run, and still so: `create-customers`" in answer.err
    assert "`create-orders` left nothing behind: its transaction was rolled back" in answer.err
    assert "hint: " in answer.err
    assert "`changelog update` goes on where this run ended" in answer.err
    shop.write(SHOP)
    assert "2 changesets applied" in shop("update", "--context", "dev").out


def test_an_atomic_update_that_fails_leaves_nothing(shop: Cli) -> None:
    shop.write(SHOP.replace("currency text DEFAULT '${currency}'", "currency nonsense(("))
    answer = shop("update", "--context", "dev", "--atomic", code=1)
    assert "to be committed at the end" in answer.out
    assert "nothing of this run is left" in answer.err
    assert "still so" not in answer.err
    assert shop.states("--context", "dev")["create-customers"] == "pending"


def test_what_failed_while_the_run_went_on_ends_with_1(shop: Cli) -> None:
    shop.write(
        SHOP.replace("currency text DEFAULT '${currency}'", "currency nonsense((").replace(
            "- id: create-orders\n", "- id: create-orders\n    on_error: continue\n"
        )
    )
    answer = shop("update", "--context", "dev", code=1)
    assert "failed create-orders: " in answer.err
    assert "2 changesets applied, 1 failed" in answer.out.replace(", 1 skipped", "")
    assert "next: mend what failed" in answer.out


def test_an_irreversible_changeset_stops_a_rollback_before_anything_is_undone(shop: Cli) -> None:
    shop.write(SHOP.replace("rollback: DROP TABLE customers;", "rollback: {irreversible: the data would be lost}"))
    shop("update", "--no-context")
    answer = shop("rollback", "--all", code=7)
    assert "the data would be lost" in answer.err
    assert shop.states("--no-context")["create-orders"] == "applied"


def test_a_broken_chain_ends_with_6_and_the_row(shop: Cli, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["database_url"] != "sqlite":
        pytest.skip("edited by hand through Python's own module")
    import sqlite3

    shop("update", "--no-context")
    connection = sqlite3.connect(shop.folder.parent / "database.db")
    connection.execute("UPDATE changelog_ledger SET author = 'somebody' WHERE seq = 2")
    connection.commit()
    connection.close()
    assert "row 2" in shop("history", "--verify", code=6).err
    value = shop.json("history", "--verify", code=6)
    assert value["chain"] == "broken at 2"
    assert value["error"]["code"] == "broken_chain"


def test_an_unreachable_server_is_named_without_the_password(cli: Cli) -> None:
    cli.write(SHOP)
    answer = cli("status", "--url", "postgresql://me:geheim@127.0.0.1:1/shop", code=1)
    assert "127.0.0.1" in answer.err
    assert "hint: " in answer.err
    assert "geheim" not in answer.err + answer.out


def test_a_wrong_password_is_refused_and_not_repeated(cli: Cli, postgresql_server: Server) -> None:
    cli.write(SHOP)
    url = postgresql_server.url.set(username=PASSWORD_ROLE, password="geheim")
    with suppress(psycopg.errors.DuplicateObject):
        postgresql_server.execute(f"CREATE ROLE {PASSWORD_ROLE} LOGIN PASSWORD 'right'")
    answer = cli("update", "--no-context", "--url", url.render_as_string(hide_password=False), code=1)
    assert PASSWORD_ROLE in answer.err
    assert "hint: " in answer.err
    assert "geheim" not in answer.err + answer.out


def test_a_read_only_database_is_refused_in_words(cli: Cli) -> None:
    if os.geteuid() == 0:
        pytest.skip("nothing is read-only for root")
    cli.write(SHOP)
    cli("update", "--no-context", "--count", "1")
    os.chmod(cli.folder / "changelog.db", 0o444)
    cli("status", "--no-context")
    assert "read" in cli("update", "--no-context", code=1).err


def test_secrets_are_shown_nowhere(shop: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "s3cret-value")
    shop.write(SHOP.replace("'live@example.com'", "'${password}'"))
    said = []
    for command in (["plan", "--verbose"], ["plan", "--sql"], ["update", "--verbose"], ["status"], ["plan", "-o", "p"]):
        answer = shop(*command, "--all-contexts")
        said.append(answer.out + answer.err)
    said += [shop("history").out, Path("p").read_text()]
    assert "s3cret-value" not in "".join(said)
    assert "${password}" in said[0]


class TestBugs:
    @pytest.fixture(autouse=True)
    def bug(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(engine: Engine) -> None:
            raise ZeroDivisionError(f"at {engine.settings.url}")

        monkeypatch.setattr(Engine, "validate", fail)

    def test_are_named_by_type_and_place_and_how_to_report_them(self, cli: Cli) -> None:
        answer = cli("validate", "--url", "postgresql://me:ge%40heim@host/db", code=1)
        assert answer.err.startswith("error: internal error: ZeroDivisionError at test_failures.py:")
        assert "hint: this is a bug" in answer.err
        assert "Traceback" not in answer.err
        assert "heim" not in answer.err

    def test_show_a_traceback_without_secrets_with_verbose(self, cli: Cli) -> None:
        answer = cli("validate", "--verbose", "--url", "postgresql://me:ge%40heim@host/db", code=1)
        assert "Traceback" in answer.err
        assert "postgresql://me:***@host/db" in answer.err
        assert "heim" not in answer.err


def test_a_control_character_of_the_database_does_not_reach_the_terminal() -> None:
    assert plain("\x1b[31mred\x7f\x9b\ttab\n") == "[31mred\ttab\n"
