"""URLs: what they mean, what is said of bad ones, and that no password is ever shown."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import URL

from changelog_engine.databases.connect import KINDS, DatabaseKind, connect, database_kind, redact
from changelog_engine.databases.database import Access
from changelog_engine.databases.postgresql_connect import options_of
from changelog_engine.databases.urls import driver_arguments
from changelog_engine.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("postgresql://host/x", "postgresql"),
        ("postgres://host/x", "postgresql"),
        ("postgresql+psycopg://host/x", "postgresql"),
        ("POSTGRESQL://host/x", "postgresql"),
        ("sqlite:///x.db", "sqlite"),
        ("sqlite://", "sqlite"),
        ("sqlite+pysqlite:///x.db", "sqlite"),
        ("mysql://host/x", "mysql"),
        ("mysql+pymysql://host/x", "mysql"),
        ("mariadb://host/x", "mariadb"),
    ],
)
def test_the_kind_is_known_without_connecting(url: str, kind: str) -> None:
    assert database_kind(url) == kind


@pytest.mark.parametrize(
    ("url", "words", "remedy"),
    [
        ("oracle://u:s3cret@host/x", "`oracle` is not supported", "mariadb, mysql, postgresql, sqlite"),
        ("postgresql+psycopg2://u:s3cret@host/x", "`psycopg2`", "postgresql+psycopg://"),
        ("shop.db", "is not a URL", "sqlite:///file.db"),
        ("", "is not a URL", "sqlite:///file.db"),
        ("postgresql:u:s3cret@host/x", "is not a URL", "postgresql://user@host"),
        ("postgresql://u:s3cret@host:port/x", "cannot be read", "postgresql://user@host"),
        ("postgresql://u:s3/cret@host:5x/x", "cannot be read", "%2F"),
        ("postgresql://u:s3@cret@host:5/x", "cannot be read", "%40"),
        ("mysql://u:s3@cret@host:5/x", "cannot be read", "%40"),
    ],
)
def test_a_bad_url_is_an_error_with_the_remedy(url: str, words: str, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        connect(url, Access.WRITE)
    assert remedy in (caught.value.hint or "")
    shown = f"{caught.value.message} {caught.value.hint} {caught.value.__cause__} {caught.value.__context__ and ''}"
    assert "cret" not in shown.replace("secret", "")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:pw@host:5432/db", "postgresql://u:***@host:5432/db"),
        ("postgresql://u@host:5432/db", "postgresql://u@host:5432/db"),
        ("postgresql://host:5432/db?user=a@b", "postgresql://host:***@b"),
        ("postgresql://:pw@/db", "postgresql://:***@/db"),
        ("postgresql://u:p@w/1?x#y@host/db", "postgresql://u:***@host/db"),
        ("postgresql://u:p:w@host/db?options=-c%20a%3Db", "postgresql://u:***@host/db?options=-c%20a%3Db"),
        ("postgresql://u:pw@host/db?x=a@b", "postgresql://u:***@host/db?x=a@b"),
        (
            "postgresql://u@host/db?password=pw&sslpassword=pw&x=1",
            "postgresql://u@host/db?password=***&sslpassword=***&x=1",
        ),
        ("sqlite:////home/mira/shop.db", "sqlite:////home/mira/shop.db"),
        ("not a url", "not a url"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert redact(url) == shown


@pytest.mark.parametrize(
    ("kind", "driver", "package"),
    [
        ("postgresql", "psycopg", "psycopg[binary]"),
        ("mysql", "pymysql", "changelog-engine[mysql]"),
        ("mariadb", "pymysql", "changelog-engine[mysql]"),
    ],
)
def test_a_driver_that_is_not_installed_is_named_with_the_remedy(kind: str, driver: str, package: str) -> None:
    code = (
        f"import sys; sys.modules['{driver}'] = None\n"
        "from changelog_engine.databases.connect import connect, Access\n"
        "from changelog_engine.errors import ConfigurationError\n"
        f"try: connect('{kind}://u:s3cret@host/x', Access.READ)\n"
        "except ConfigurationError as error: print(error.message, error.hint)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert f"driver for {kind} is not installed" in done.stdout, done.stderr
    assert f"pip install '{package}'" in done.stdout
    assert "s3cret" not in done.stdout + done.stderr


def test_a_module_of_our_own_that_is_missing_is_not_taken_for_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "sqlite", DatabaseKind("changelog_engine.databases.absent", "pysqlite", "none"))
    with pytest.raises(ModuleNotFoundError, match="absent"):
        connect("sqlite://", Access.READ)


def test_importing_the_seam_imports_no_driver() -> None:
    code = (
        "import sys, changelog_engine.databases.database, changelog_engine.databases.connect;"
        "print(sorted({'sqlalchemy', 'psycopg', 'pymysql', 'sqlite3', 'filelock'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_every_kind_has_its_module() -> None:
    assert sorted(KINDS) == ["mariadb", "mysql", "postgresql", "sqlite"]


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=6)


@given(
    user=st.none() | TEXTS,
    password=st.none() | TEXTS,
    host=st.none() | st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True),
    port=st.none() | st.integers(1, 65535),
    database=st.none() | TEXTS,
    options=st.dictionaries(st.sampled_from(("options", "sslmode", "application_name")), TEXTS, max_size=2),
)
def test_a_url_means_what_it_means_to_sqlalchemy(
    user: str | None,
    password: str | None,
    host: str | None,
    port: int | None,
    database: str | None,
    options: dict[str, str],
) -> None:
    """A plain one is read without it."""
    url = URL.create("postgresql", user, password if user else None, host, port if host else None, database, options)
    text = url.render_as_string(hide_password=False)
    meant = {name: str(value) for name, value in driver_arguments(text)[1].items() if name != "context"}
    assert {name: str(value) for name, value in options_of(text).items()} == meant


@pytest.mark.parametrize(
    ("url", "name", "value"),
    [
        ("postgresql://one:1,two:2/x", "host", "one,two"),
        ("postgresql:///x?host=one:1&host=two:2", "host", "one,two"),
        ("postgresql://u@h/x?options=-c+search_path%3Da", "options", "-c search_path=a"),
        ("postgresql://u:12/secret@h/x", "password", "12/secret"),
        ("postgres+psycopg://u:a%40b@h:5433/x", "password", "a@b"),
    ],
)
def test_a_url_that_one_of_them_reads_otherwise_is_read_as_it_is_meant(url: str, name: str, value: str) -> None:
    assert options_of(url)[name] == value
