"""Wrong usage ends with 2, in words with a remedy, as JSON too; nothing is connected to for it."""

from __future__ import annotations

import pytest

from tests.cli.conftest import SHOP, Cli

WRONG = [
    (["updat"], "there is no command `updat`", "did you mean `changelog update`?"),
    (["--url", "sqlite://", "update"], "`changelog` has no option `--url`", "options come after the command"),
    (["update", "--cont", "3"], "`changelog update` has no option `--cont`", "`--count`"),
    (["update", "--count", "0"], "`--count`: 0 is not in the range", "--help"),
    (["update", "--count", "many"], "`--count`: `many` is not a valid integer", "--help"),
    (["update", "--lock-wait", "-1"], "`--lock-wait`: the time to wait for the lock is a number", "--help"),
    (["update", "--param", "region"], "`region` is not `name=value`", "--help"),
    (["update", "--context", "a b"], "`a b` is not the name of a context", "--help"),
    (["update", "--context", "dev", "--all-contexts"], "exclude each other", "--help"),
    (["update", "--context", "dev", "--no-context"], "exclude each other", "--help"),
    (["update", "--all-contexts", "--no-context"], "exclude each other", "--help"),
    (["update", "--quiet", "--verbose"], "`--quiet` and `--verbose` exclude each other", "--help"),
    (["update", "--no-context", "--plan", "p", "--count", "1"], "not with `--count`", "changelog plan -o FILE"),
    (["update", "--no-context", "--plan", "p", "--dry-run"], "not with `--dry-run` or `--sql`", "changelog plan"),
    (["update", "--no-context", "--plan", "nowhere"], "the plan nowhere cannot be read", "changelog plan -o FILE"),
    (["update", "--label", "a and"], "`a and` is no label expression", "for example"),
    (["status", "--format", "xml"], "`--format`", "--help"),
    (["status", "--env", "prod"], "there is no changelog.toml", "[environments.prod]"),
    (["status", "--url", "${NOT_SET}"], "the environment variable `NOT_SET`, which is not set", "set `NOT_SET`"),
    (["status", "--url", "db.example.com/x"], "is not a URL", "postgresql://"),
    (["status", "--url", "oracle://x/y"], "the database kind `oracle` is not supported", "postgresql"),
    (["status", "--changelog", "nowhere.yaml"], "nowhere.yaml` does not exist", "changelog init"),
    (["plan", "--count", "1", "rollback", "--all"], "`--count` stands before `rollback`", "changelog plan rollback"),
    (["rollback"], "exactly one target, and no target was given", "`changelog rollback --count 1`"),
    (["rollback", "--all", "--count", "1"], "exactly one target, and 2 targets were given", "`--to-date`"),
    (["plan", "rollback"], "exactly one target, and no target was given", "`--deployment`"),
    (["rollback", "--to-date", "soon"], "`soon` is neither a date nor a date and time", "--help"),
    (["rollback", "--all", "--rollback-from", "memory"], "`--rollback-from`", "--help"),
    (["redo"], "redo needs one selection", "changelog redo create-orders"),
    (["tag"], "tag needs a name or `--list`", "changelog tag NAME"),
    (["tag", "x", "--list"], "tag needs a name or `--list`", "changelog tag NAME"),
    (["tag", "x", "--delete", "--force"], "one thing to do", "changelog tag NAME"),
    (["history", "--expect-head", "12"], "`12` is not `SEQ:HASH`", "--help"),
    (["resolve", "x"], "one of `--applied` and `--not-applied`", "look at the database"),
    (["resolve", "x", "--applied", "--not-applied"], "one of `--applied` and `--not-applied`", "look"),
    (["mark-applied"], "needs `SEL`", "--help"),
    (["completion", "tcsh"], "`tcsh`", "--help"),
    (["schema", "-o", "nowhere/x.json"], "nowhere/x.json cannot be written", "`-o`"),
]


@pytest.mark.parametrize(("arguments", "message", "hint"), WRONG, ids=[" ".join(wrong[0]) for wrong in WRONG])
class TestWrongUsage:
    def test_ends_with_2_and_says_what_is_right(self, cli: Cli, arguments: list[str], message: str, hint: str) -> None:
        cli.write(SHOP)
        answer = cli(*arguments, code=2)
        assert answer.out == ""
        assert answer.err.startswith("error: ")
        assert message in answer.err
        assert "\nhint: " in answer.err
        assert hint in answer.err.partition("\nhint: ")[2]
        assert not (cli.folder / "changelog.db").exists()

    def test_is_one_json_object_too(self, cli: Cli, arguments: list[str], message: str, hint: str) -> None:
        if "--format" in arguments:
            pytest.skip("what is wrong is the format")
        cli.write(SHOP)
        answer = cli(*arguments, "--format=json", code=2)
        assert answer.err == ""
        error = answer.object["error"]
        assert set(error) == {"code", "message", "changeset", "statement", "file", "line", "hint"}
        assert error["code"] in ("usage", "configuration")
        assert message in error["message"]
        assert hint in error["hint"]


def test_a_value_of_a_parameter_is_not_repeated(cli: Cli) -> None:
    answer = cli("update", "--param", "pass word=geheim", code=2)
    assert "geheim" not in answer.err


def test_a_wrong_configuration_file_is_named_with_its_line(cli: Cli) -> None:
    cli.write("url = 'sqlite://'\nlockwait = 3\n", "changelog.toml")
    answer = cli("status", code=2)
    assert "unknown key `lockwait`" in answer.err
    assert "changelog.toml:2:1" in answer.err
    assert "did you mean `lock_wait`?" in answer.err
    assert "sqlite" not in answer.err
    assert cli.json("status", code=2)["error"]["line"] == 2


def test_contexts_that_nobody_chose_are_named_and_nothing_runs(cli: Cli) -> None:
    cli.write(SHOP)
    answer = cli("update", code=2)
    assert "`dev`, `prod`" in answer.err
    assert "--all-contexts" in answer.err


def test_an_undeclared_context_or_parameter_is_refused(cli: Cli) -> None:
    cli.write(SHOP)
    assert "`staging`" in cli("update", "--context", "staging", code=2).err
    assert "did you mean `currency`?" in cli("update", "--context", "dev", "--param", "curency=EUR", code=2).err


def test_an_unknown_id_in_a_selector_is_refused_with_the_nearest(cli: Cli) -> None:
    cli.write(SHOP)
    answer = cli("status", "--select", "create-order", code=2)
    assert "create-orders" in answer.err
