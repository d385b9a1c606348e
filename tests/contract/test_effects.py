"""What a change of PostgreSQL needs is read from its SQL: on a real server it fails without just that."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import psycopg
import pytest

from changelog_engine.graph.inference import infer
from changelog_engine.graph.inferred import Firmness, Inference, Subject
from changelog_engine.model import Location, SqlText
from changelog_engine.sql.effects import Kind, Thing
from changelog_engine.sql.implied import implied_uses, known_from
from changelog_engine.sql.reading import extensions_of, is_built_in, read_effects
from tests.effects.pairs import PAIRS, Pair
from tests.fixtures.databases import Server, driver_url


@pytest.fixture(scope="module")
def connection(postgresql_server: Server) -> Iterator[psycopg.Connection]:
    """To a database that every test leaves as it was."""
    url = postgresql_server.create_database()
    with psycopg.connect(driver_url(url), autocommit=True) as opened:
        yield opened
    postgresql_server.drop_database(url)


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if not pair.committed], ids=lambda pair: pair.name)
def test_what_fails_without_the_first_needs_the_first(pair: Pair, connection: psycopg.Connection) -> None:
    with connection.transaction(force_rollback=True):
        connection.execute(pair.before)
        with pytest.raises(psycopg.Error), connection.transaction():
            connection.execute(pair.second)
        connection.execute(pair.first)
        connection.execute(pair.second)
    connection.execute("RESET ALL")
    assert_needed(pair)


@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.committed], ids=lambda pair: pair.name)
def test_what_fails_without_the_committed_first_needs_it(pair: Pair, postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as opened:
        opened.execute(pair.before)
        with pytest.raises(psycopg.Error), opened.transaction():
            opened.execute(pair.second)
        opened.execute(pair.first)
        opened.execute(pair.second)
    assert_needed(pair)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_no_name_of_a_pair_is_taken_for_missing(pair: Pair) -> None:
    missing = [unresolved.effect.thing for unresolved in inferred(pair).unresolved]
    assert [thing for thing in missing if not is_built_in(thing, "postgresql")] == []


def test_nearly_all_that_pairs_need_is_found() -> None:
    found = [pair for pair in PAIRS if is_found(pair)]
    assert len(PAIRS) >= 160
    assert len(found) / len(PAIRS) > 0.95


def assert_needed(pair: Pair) -> None:
    """It is found, or it is said that something cannot be told: never neither."""
    assert is_found(pair) or inferred(pair).unread


def is_found(pair: Pair) -> bool:
    """Whether the second comes after the first by its SQL alone: at least by way of what was there before."""
    followers: dict[str, list[str]] = {}
    for edge in inferred(pair).edges:
        if edge.firmness is not Firmness.TIE:
            followers.setdefault(edge.before, []).append(edge.after)
    reached = {*followers.get("first", ())}
    return "second" in reached or any("second" in followers.get(name, ()) for name in reached)


@cache
def inferred(pair: Pair) -> Inference:
    """What the three texts say about their order, as changesets that stand in the wrong one."""
    texts = {"second": pair.second, "first": pair.first, "before": pair.before}
    read = {name: read_effects(text, "postgresql") for name, text in texts.items()}
    known = known_from(read.values())
    subjects = [
        Subject(name, ((sql(texts[name]), effects._replace(objects=effects.objects + implied_uses(effects, known))),))
        for name, effects in read.items()
    ]
    return infer(subjects, (), lambda thing: extensions_of(thing, "postgresql"))


def sql(text: str) -> SqlText:
    return SqlText(text, Location("x.sql", 1, 1))


def test_the_names_of_the_server_are_known_to_be_its_own(connection: psycopg.Connection) -> None:
    """If not, read them anew: see ``tests/fixtures/postgresql_names.py``."""
    own = "namespace = 'pg_catalog'::regnamespace"
    queries = {
        Kind.ROUTINE: f"SELECT proname FROM pg_proc WHERE pro{own}",
        Kind.TYPE: f"SELECT typname FROM pg_type WHERE typ{own} AND typname !~ '^_'",
        Kind.RELATION: f"SELECT relname FROM pg_class WHERE rel{own} AND relkind IN ('r', 'v')",
        Kind.OPERATOR: f"SELECT oprname FROM pg_operator WHERE opr{own}",
        Kind.ROLE: "SELECT rolname FROM pg_roles WHERE rolname ~ '^pg_'",
        Kind.TEXT_SEARCH: "SELECT cfgname FROM pg_ts_config UNION SELECT dictname FROM pg_ts_dict",
    }
    for kind, query in queries.items():
        names = [name for (name,) in connection.execute(query)]
        assert len(names) > 10
        assert [name for name in names if not is_built_in(Thing(kind, name), "postgresql")] == []
