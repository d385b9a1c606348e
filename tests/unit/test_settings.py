"""Settings: which source wins, what a path is relative to, and what is said where a source is wrong."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from changelog_engine.errors import ConfigurationError
from changelog_engine.model import Consideration, Retries
from changelog_engine.plan.request import ContextChoice, ContextMode
from changelog_engine.settings import Options, Settings, load_settings

PROJECT = """
changelog = "db/main.yaml"
url = "sqlite:///shop.db"
contexts = ["Dev", "demo"]
label = "not slow"
schema = "audit"
create_schema = true
table_prefix = "shop_"
lock_wait = 5

[parameters]
region = "eu"
limit = 10
strict = true

[environments.prod]
url = "postgresql://app:${PROD_PASSWORD}@db.example.com/shop"
contexts = "prod"

[environments.prod.parameters]
region = "us"
"""


def load(folder: Path, options: Options | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    return load_settings(options or Options(), environ or {}, folder)


def project(folder: Path, text: str = PROJECT) -> Path:
    (folder / "changelog.toml").write_text(text, encoding="utf-8")
    return folder


def refusal(folder: Path, options: Options | None = None, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(folder, options, environ)
    error = caught.value
    assert error.exit_code == 2
    return "\n".join(str(part) for part in (error.message, error.location, error.hint) if part)


class TestDefaults:
    def test_nothing_said_means_the_default_changelog_and_database_in_this_folder(self, tmp_path: Path) -> None:
        settings = load(tmp_path)
        assert settings.changelog == tmp_path / "changelogs/main.yaml"
        assert settings.root == tmp_path / "changelogs"
        assert settings.url == f"sqlite:///{tmp_path}/changelog.db"
        assert settings.url_source == "default"
        assert settings.contexts == ContextChoice()
        assert settings.lock_wait == 60
        assert settings.config is None

    def test_the_defaults_are_beside_the_nearest_changelog_toml_above(self, tmp_path: Path) -> None:
        project(tmp_path, "")
        (tmp_path / "a/b").mkdir(parents=True)
        settings = load(tmp_path / "a/b")
        assert settings.changelog == tmp_path / "changelogs/main.yaml"
        assert settings.url == f"sqlite:///{tmp_path}/changelog.db"
        assert settings.root == tmp_path


class TestFile:
    def test_every_key_is_taken(self, tmp_path: Path) -> None:
        settings = load(project(tmp_path))
        assert settings.changelog == tmp_path / "db/main.yaml"
        assert settings.url == f"sqlite:///{tmp_path}/shop.db"
        assert settings.url_source == "changelog.toml"
        assert settings.contexts == ContextChoice(ContextMode.GIVEN, ("dev", "demo"))
        assert (settings.label, settings.schema, settings.create_schema) == ("not slow", "audit", True)
        assert (settings.table_prefix, settings.lock_wait) == ("shop_", 5.0)
        assert settings.parameters.configured == {"region": "eu", "limit": "10", "strict": "true"}

    def test_an_environment_overrides_what_stands_at_the_top(self, tmp_path: Path) -> None:
        settings = load(project(tmp_path), Options(environment="prod"), {"PROD_PASSWORD": "p@ss:/word"})
        assert settings.url == "postgresql://app:p%40ss%3A%2Fword@db.example.com/shop"
        assert settings.url_source == "changelog.toml, environment `prod`"
        assert settings.contexts.names == ("prod",)
        assert settings.lock_wait == 5
        assert settings.parameters.configured == {"region": "us", "limit": "10", "strict": "true"}

    def test_an_environment_without_a_url_keeps_that_of_the_top(self, tmp_path: Path) -> None:
        project(tmp_path, 'url = "sqlite:///a.db"\n[environments.ci]\ncontexts = ["test"]\n')
        settings = load(tmp_path, Options(environment="ci"))
        assert settings.url_source == "changelog.toml"

    @pytest.mark.parametrize("written", ['contexts = "(all)"', 'contexts = ["(ALL)"]'])
    def test_all_contexts_can_be_said(self, tmp_path: Path, written: str) -> None:
        assert load(project(tmp_path, written)).contexts == ContextChoice(ContextMode.ALL)

    @pytest.mark.parametrize("written", ['contexts = "(none)"', "contexts = []"])
    def test_no_context_can_be_said(self, tmp_path: Path, written: str) -> None:
        assert load(project(tmp_path, written)).contexts == ContextChoice(ContextMode.NONE)

    def test_a_named_file_is_used_instead_of_the_one_found(self, tmp_path: Path) -> None:
        project(tmp_path)
        (tmp_path / "other").mkdir()
        (tmp_path / "other/ci.toml").write_text('url = "sqlite:///ci.db"')
        for options, environ in (
            (Options(config="other/ci.toml"), {}),
            (Options(), {"CHANGELOG_CONFIG": "other/ci.toml"}),
        ):
            assert load(tmp_path, options, environ).url == f"sqlite:///{tmp_path}/other/ci.db"


class TestPrecedence:
    def test_an_option_beats_a_variable_beats_the_file(self, tmp_path: Path) -> None:
        project(tmp_path)
        environ = {
            "CHANGELOG_URL": "sqlite:///variable.db",
            "CHANGELOG_FILE": "variable.yaml",
            "CHANGELOG_CONTEXTS": "test",
            "CHANGELOG_LABEL": "variable",
            "CHANGELOG_LOCK_WAIT": "7.5",
            "CHANGELOG_SCHEMA": "variable",
            "CHANGELOG_CREATE_SCHEMA": "false",
            "CHANGELOG_TABLE_PREFIX": "variable_",
        }
        settings = load(tmp_path, None, environ)
        assert settings.url == f"sqlite:///{tmp_path}/variable.db"
        assert settings.url_source == "`CHANGELOG_URL`"
        assert settings.changelog == tmp_path / "variable.yaml"
        assert (settings.contexts.names, settings.label, settings.lock_wait) == (("test",), "variable", 7.5)
        assert (settings.schema, settings.create_schema, settings.table_prefix) == ("variable", False, "variable_")
        options = Options(
            url="sqlite:///option.db",
            changelog="option.yaml",
            contexts=ContextChoice(ContextMode.ALL),
            label="option",
            lock_wait=0.0,
        )
        settings = load(tmp_path, options, environ)
        assert settings.url == f"sqlite:///{tmp_path}/option.db"
        assert settings.url_source == "`--url`"
        assert settings.changelog == tmp_path / "option.yaml"
        assert (settings.contexts.mode, settings.label, settings.lock_wait) == (ContextMode.ALL, "option", 0.0)

    def test_the_environment_is_chosen_by_option_or_variable(self, tmp_path: Path) -> None:
        project(tmp_path, "[environments.a]\nlabel = 'a'\n[environments.b]\nlabel = 'b'\n")
        assert load(tmp_path, None, {"CHANGELOG_ENV": "a"}).label == "a"
        assert load(tmp_path, Options(environment="b"), {"CHANGELOG_ENV": "a"}).label == "b"

    def test_an_empty_variable_counts_as_not_set(self, tmp_path: Path) -> None:
        project(tmp_path)
        environ = dict.fromkeys(("CHANGELOG_URL", "CHANGELOG_FILE", "CHANGELOG_CONTEXTS", "CHANGELOG_ENV"), "")
        assert load(tmp_path, None, environ).url == load(tmp_path).url


class TestPaths:
    def test_an_option_is_relative_to_the_current_folder_and_the_file_to_its_own(self, tmp_path: Path) -> None:
        project(tmp_path)
        below = tmp_path / "below"
        below.mkdir()
        assert load(below).url == f"sqlite:///{tmp_path}/shop.db"
        assert load(below).changelog == tmp_path / "db/main.yaml"
        options = Options(url="sqlite:///shop.db", changelog="main.yaml")
        assert load(below, options).url == f"sqlite:///{below}/shop.db"
        assert load(below, options).changelog == below / "main.yaml"
        assert load(below, options).root == tmp_path

    def test_a_changelog_outside_of_the_project_has_its_own_folder_as_root(self, tmp_path: Path) -> None:
        (tmp_path / "project").mkdir()
        project(tmp_path / "project")
        settings = load(tmp_path / "project", Options(changelog="../elsewhere/main.yaml"))
        assert settings.root == tmp_path / "elsewhere"

    @pytest.mark.parametrize(
        "url",
        ["sqlite://", "sqlite:///:memory:", "sqlite:////absolute/file.db", "sqlite:///C:/Users/me/file.db"],
    )
    def test_what_names_no_relative_file_stays_as_it_is(self, tmp_path: Path, url: str) -> None:
        assert load(tmp_path, Options(url=url)).url == url

    def test_options_of_an_sqlite_url_are_kept(self, tmp_path: Path) -> None:
        url = load(tmp_path, Options(url="sqlite:///a.db?timeout=3")).url
        assert url == f"sqlite:///{tmp_path}/a.db?timeout=3"


class TestVariablesInUrls:
    @pytest.mark.parametrize(
        ("written", "expanded"),
        [
            ("${DATABASE_URL}", "postgresql://me:secret@host/db"),
            ("postgresql://${WHO}@host/db", "postgresql://me%40home@host/db"),
            ("postgresql://me:${PASSWORD}@${HOST}/db", "postgresql://me:a%2Fb%40c%25@db:5433/db"),
            ("postgresql://me@host/${NAME}?application_name=$${x}", "postgresql://me@host/shop?application_name=${x}"),
        ],
    )
    def test_they_are_put_in_and_user_and_password_are_encoded(
        self, tmp_path: Path, written: str, expanded: str
    ) -> None:
        environ = {
            "DATABASE_URL": "postgresql://me:secret@host/db",
            "WHO": "me@home",
            "PASSWORD": "a/b@c%",
            "HOST": "db:5433",
            "NAME": "shop",
        }
        assert load(tmp_path, Options(url=written), environ).url == expanded

    def test_a_missing_one_is_named_and_no_value_is_shown(self, tmp_path: Path) -> None:
        words = refusal(tmp_path, Options(url="postgresql://${WHO}:${PASSWORD}@host/db"), {"WHO": "geheim"})
        assert "the environment variable `PASSWORD`, which is not set" in words
        assert "geheim" not in words

    def test_a_url_that_comes_out_empty_is_refused(self, tmp_path: Path) -> None:
        assert "from `--url` is empty" in refusal(tmp_path, Options(url="${X}"), {"X": ""})

    def test_settings_do_not_show_their_url_or_environment(self, tmp_path: Path) -> None:
        settings = load(tmp_path, Options(url="postgresql://me:geheim@host/db"), {"TOKEN": "geheim"})
        assert "geheim" not in repr(settings)


class TestFaults:
    @pytest.mark.parametrize(
        ("written", "words"),
        [
            ("url = 'sqlite://'\nchangelogs = 'x'\n", "unknown key `changelogs` in changelog.toml"),
            ("\n[environments.prod]\nlockwait = 3\n", "did you mean `lock_wait`?"),
            ("[environments.prod.environments]\n", "unknown key `environments` in changelog.toml, environment `prod`"),
            ("lock_wait = -1", "a number of seconds, 0 or more, not `-1`"),
            ("lock_wait = true", "a number of seconds, 0 or more, not `True`"),
            ("lock_wait = 'soon'", "a number of seconds, 0 or more, not `soon`"),
            ("contexts = ['a b']", "`a b` is not the name of a context"),
            ("contexts = 'dev or prod'", "`dev or prod` is not the name of a context"),
            ("contexts = 3", "contexts are a list of names"),
            ("table_prefix = 'a-b'", "`a-b` is not a prefix for table names"),
            ("create_schema = 'maybe'", "`maybe` is neither `true` nor `false`"),
            ("url = 3", "`url` in changelog.toml: expected a text in quotes"),
            ("parameters = 3", "`parameters` is a table"),
            ("[parameters]\nx = [1]", "the value of the parameter `x` is a text, a number"),
            ("environments = 3", "`environments` is a table of tables"),
            ("[environments]\nprod = 3", "`environments.prod` is a table of settings"),
        ],
    )
    def test_a_wrong_key_or_value_is_refused_in_words(self, tmp_path: Path, written: str, words: str) -> None:
        assert words in refusal(project(tmp_path, written))

    @pytest.mark.parametrize(
        ("written", "line"),
        [
            ("# a comment\nurl = 'sqlite://'\nchangelogs = 'x'\n", 3),
            ("url = 'sqlite://'\n[environments.a]\nurl = 'x'\n[environments.b]\n\nurls = 'x'\n", 6),
            ("[environments.'b']\n[environments.b.nonsense]\nx = 1", 2),
            ("lock_wait = 3\n\n  lock_wait=4", 3),
            ('x = "a', 1),
        ],
    )
    def test_the_line_is_named(self, tmp_path: Path, written: str, line: int) -> None:
        assert f"{tmp_path / 'changelog.toml'}:{line}:" in refusal(project(tmp_path, written))

    def test_text_that_is_no_toml_is_not_repeated(self, tmp_path: Path) -> None:
        words = refusal(project(tmp_path, 'url = "postgresql://me:geheim@host/db'))
        assert "changelog.toml is not TOML" in words
        assert "geheim" not in words

    def test_a_byte_order_mark_does_no_harm(self, tmp_path: Path) -> None:
        assert load(project(tmp_path, "\ufefflock_wait = 3")).lock_wait == 3

    def test_a_file_that_is_not_utf8_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "changelog.toml").write_bytes(b"label = '\xff'")
        assert "is not in UTF-8" in refusal(tmp_path)

    def test_a_named_file_that_is_not_there_is_refused(self, tmp_path: Path) -> None:
        assert "nowhere.toml does not exist" in refusal(tmp_path, Options(config="nowhere.toml"))

    def test_an_unknown_environment_is_refused_and_the_others_are_named(self, tmp_path: Path) -> None:
        project(tmp_path, "[environments.test]\n[environments.prod]\n")
        words = refusal(tmp_path, Options(environment="production"))
        assert "has no environment `production`" in words
        assert "there are `test`, `prod`" in words

    def test_an_environment_without_a_file_is_refused(self, tmp_path: Path) -> None:
        assert "there is no changelog.toml" in refusal(tmp_path, Options(environment="prod"))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("CHANGELOG_LOCK_WAIT", "soon"),
            ("CHANGELOG_CONTEXTS", "a b"),
            ("CHANGELOG_CREATE_SCHEMA", "maybe"),
            ("CHANGELOG_TABLE_PREFIX", "1x"),
        ],
    )
    def test_a_wrong_variable_is_named(self, tmp_path: Path, name: str, value: str) -> None:
        words = refusal(tmp_path, None, {name: value})
        assert f"the environment variable `{name}`" in words
        assert value in words


def test_loading_does_not_look_at_the_real_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANGELOG_URL", "sqlite:///real.db")
    monkeypatch.setenv("CHANGELOG_LABEL", "real")
    settings = load(tmp_path)
    assert "real" not in settings.url
    assert settings.label is None


def test_a_named_home_folder_is_understood(tmp_path: Path) -> None:
    assert load(tmp_path, Options(changelog="~/main.yaml")).changelog == Path(os.path.expanduser("~/main.yaml"))


class TestConsideration:
    TEXT = """
    lock_timeout = "5s"
    statement_timeout = 600
    run_as = "shop_owner"
    retries = 3

    [environments.prod]
    lock_timeout = "2s"

    [environments.prod.retries]
    attempts = 5
    initial_seconds = 0.5
    """

    def test_nothing_is_said_by_default(self, tmp_path: Path) -> None:
        assert load(tmp_path).consideration == Consideration()

    def test_time_outs_retries_and_a_role_come_from_the_file(self, tmp_path: Path) -> None:
        project(tmp_path, self.TEXT)
        assert load(tmp_path).consideration == Consideration(5_000, 600_000, Retries(3), "shop_owner")

    def test_an_environment_overrides_them_one_by_one(self, tmp_path: Path) -> None:
        project(tmp_path, self.TEXT)
        chosen = load(tmp_path, Options(environment="prod")).consideration
        assert chosen == Consideration(2_000, 600_000, Retries(5, 0.5), "shop_owner")

    def test_variables_beat_the_file(self, tmp_path: Path) -> None:
        project(tmp_path, self.TEXT)
        environ = {"CHANGELOG_LOCK_TIMEOUT": "0", "CHANGELOG_STATEMENT_TIMEOUT": "2h"}
        chosen = load(tmp_path, environ=environ).consideration
        assert (chosen.lock_timeout, chosen.statement_timeout) == (0, 7_200_000)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('lock_timeout = "5 sec"', "`lock_timeout` in changelog.toml: `5 sec` is not a duration such as"),
            ("statement_timeout = -1", "`-1` is not a duration"),
            ("statement_timeout = true", "`True` is not a duration"),
            ('retries = "often"', "`attempts` is a whole number from 0"),
            ("retries = {initial_seconds = 1}", "`attempts` is a whole number from 0"),
            ("retries = {attempts = 1, initial_seconds = -1}", "`initial_seconds` is a number of seconds up to 3600"),
            ("[retries]\natempts = 1", "unknown key `atempts`; the keys are `attempts`, `initial_seconds`"),
            ('run_as = " "', "`run_as` in changelog.toml: expected a text in quotes"),
        ],
    )
    def test_what_cannot_be_is_said_with_the_remedy(self, tmp_path: Path, text: str, words: str) -> None:
        project(tmp_path, text)
        assert words in refusal(tmp_path)
        assert "changelog.toml:1" in refusal(tmp_path)

    def test_a_wrong_variable_is_named(self, tmp_path: Path) -> None:
        assert "`CHANGELOG_LOCK_TIMEOUT`: `soon` is not" in refusal(
            tmp_path, environ={"CHANGELOG_LOCK_TIMEOUT": "soon"}
        )


class TestCache:
    def test_is_the_users_own_unless_something_else_is_said(self, tmp_path: Path) -> None:
        assert load(tmp_path).cache == "user"
        project(tmp_path, 'cache = "kept"\n')
        (tmp_path / "below").mkdir()
        assert load(tmp_path / "below").cache == str(tmp_path / "kept")
        assert load(tmp_path / "below", environ={"CHANGELOG_CACHE": "here"}).cache == str(tmp_path / "below" / "here")
        assert load(tmp_path, environ={"CHANGELOG_CACHE": "off"}).cache == "off"
