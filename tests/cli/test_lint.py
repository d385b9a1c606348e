"""`changelog lint` on the command line: its forms, its exit code, and the program that it can do without."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from changelog_engine.changelog.lint_rules import RULES
from changelog_engine.cli.lint_formats import SARIF_SCHEMA
from tests.cli.conftest import Cli

URL = ("--url", "postgresql://nobody@nowhere/none")

FAULTY = """\
changesets:
  - id: orders
    sql: CREATE TABLE orders (id int)
    rollback: DROP TABLE order_lines
  - id: half-off
    depends_on: [orders]
    sql: |
      UPDATE orders SET id = 1
    rollback: SELECT 1
  - id: opaque
    sql: DO $$ BEGIN EXECUTE 'a' || 'b'; END $$
    rollback: SELECT 1
""".replace("50-percent,off", "half-off")

CLEAN = """\
changesets:
  - id: orders
    sql: CREATE TABLE orders (id int)
    rollback: DROP TABLE orders
"""

SARIF = json.loads((Path(__file__).parent / "sarif" / "sarif-schema-2.1.0.json").read_text(encoding="utf-8"))
"""The schema of SARIF 2.1.0 as OASIS publishes it."""


def assert_sarif(value: object) -> None:
    """Raises ValidationError where it is not as the standard has it."""
    jsonschema.Draft4Validator(SARIF).validate(value)


def test_findings_have_their_place_and_remedy_and_an_error_exits_with_1(cli: Cli) -> None:
    cli.write(FAULTY)
    result = cli("lint", *URL, code=1)
    assert "error[rollback-does-not-undo]: the rollback of `orders` does not undo it" in result.out
    assert "  --> main.yaml:4:15\nremedy: write what undoes exactly these changes" in result.out
    assert result.out.endswith("3 changesets: 1 error, 1 warning, 1 note\n")


def test_without_findings_that_is_said(cli: Cli) -> None:
    cli.write(CLEAN)
    assert cli("lint", *URL).out == "1 changeset: nothing found\n"
    assert cli("lint", *URL, "--quiet").out == ""


def test_warnings_and_notes_are_no_failure(cli: Cli) -> None:
    cli.write(FAULTY.replace("order_lines", "orders"))
    assert "warning[lossy-update-without-backup]" in cli("lint", *URL).out
    assert "note[" not in cli("lint", *URL, "--quiet").out


def test_as_json(cli: Cli) -> None:
    cli.write(FAULTY)
    value = cli.json("lint", *URL, code=1)
    assert {finding["rule"] for finding in value["findings"]} == {
        "rollback-does-not-undo",
        "lossy-update-without-backup",
        "opaque-sql",
    }
    assert all(
        set(found) == {"rule", "severity", "message", "changeset", "file", "line", "column", "remedy"}
        for found in value["findings"]
    )
    assert (value["changesets"], value["ignored"]) == (3, 0)


def test_an_invalid_changelog_keeps_its_exit_code(cli: Cli) -> None:
    cli.write("changesets: [{id: x}]")
    assert cli.json("lint", *URL, code=3)["findings"] == []


def test_a_rule_that_there_is_none_of_is_an_error(cli: Cli) -> None:
    cli.write("lint: {ignore: [rollback-does-not-und]}\nchangesets: []\n")
    assert "did you mean `rollback-does-not-undo`?" in cli("lint", *URL, code=3).err


def test_as_sarif(cli: Cli) -> None:
    cli.write(FAULTY, "changelogs/a folder/ä.yaml")
    cli.write("include: ['a folder/ä.yaml']\nchangesets: []\n")
    value = json.loads(cli("lint", *URL, "--format", "sarif", code=1).out)
    assert_sarif(value)
    assert value["$schema"] == SARIF_SCHEMA
    (run,) = value["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == list(RULES)
    assert [rules[result["ruleIndex"]] for result in run["results"]] == [each["ruleId"] for each in run["results"]]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "changelogs/a%20folder/%C3%A4.yaml"
    assert place["region"] == {"startLine": 4, "startColumn": 15}
    assert [result["level"] for result in run["results"]] == ["error", "warning", "note"]


def test_without_findings_it_is_sarif_too(cli: Cli) -> None:
    cli.write(CLEAN)
    value = json.loads(cli("lint", *URL, "--format", "sarif").out)
    assert_sarif(value)
    assert value["runs"][0]["results"] == []


@pytest.mark.parametrize(
    "wrong", [{"version": "2.0.0"}, {"level": "notice"}, {"startLine": 0}, {"uri": 1}, {"more": 1}]
)
def test_what_is_no_sarif_is_told_from_it(cli: Cli, wrong: dict[str, object]) -> None:
    """So that the schema is known to be read as a whole."""
    cli.write(FAULTY)
    value = json.loads(cli("lint", *URL, "--format", "sarif", code=1).out)
    (result, *_) = value["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    for part, name in ((value, "version"), (place["region"], "startLine"), (place["artifactLocation"], "uri")):
        part.update({name: wrong[name]} if name in wrong else {})
    result.update({name: wrong[name] for name in ("level", "more") if name in wrong})
    with pytest.raises(jsonschema.ValidationError):
        assert_sarif(value)


def test_as_annotations_of_github(cli: Cli) -> None:
    cli.write(FAULTY, "changelogs/100%, or:so.yaml")
    cli.write("include: ['100%, or:so.yaml']\nchangesets: []\n")
    lines = cli("lint", *URL, "--format", "github", code=1).out.splitlines()
    assert [line.split(" ")[0] for line in lines] == ["::error", "::warning", "::notice"]
    head, message = lines[0].removeprefix("::error ").split("::", 1)
    assert head == (
        "file=changelogs/100%25%2C or%3Aso.yaml,line=4,col=15,title=changelog lint%3A rollback-does-not-undo"
    )
    assert message.startswith("the rollback of `orders`")
    assert "%0Aremedy: " in message


LOCKING = """\
parameters: {table: orders}
changesets:
  - id: orders
    sql: |
      CREATE TABLE orders (id int);
      CREATE INDEX of_orders ON orders (id);
    rollback: DROP TABLE orders
  - id: index
    depends_on: [orders]
    changes:
      - sql: SELECT 1
      - sql: |
          SELECT 'ä'; CREATE INDEX later ON ${table} (id);
    rollback: DROP INDEX later
    lint: {ignore: [opaque-sql]}
"""


def test_locking_ddl_is_found_by_squawk(cli: Cli) -> None:
    cli.write(LOCKING)
    (found,) = cli.json("lint", *URL)["findings"]
    assert (found["rule"], found["changeset"], found["line"], found["column"]) == ("locking-ddl", "index", 13, 23)
    assert found["message"].endswith("(require-concurrent-index-creation)")
    assert "concurrently" in found["remedy"]


def test_without_squawk_that_is_said_with_verbose(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cli.write(LOCKING)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert cli("lint", *URL).err == ""
    result = cli("lint", *URL, "--verbose")
    assert result.out.endswith("nothing found (1 finding switched off)\n")
    assert result.err.count("`squawk` is not installed") == 1


@pytest.mark.parametrize("script", ["echo not JSON", "exit 3", "echo '[{}]'"])
def test_a_squawk_that_fails_fails_nothing_else(
    script: str, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "squawk"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    cli.write(LOCKING)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    assert "`squawk` failed" in cli("lint", *URL, "--verbose").err
