"""What a change of PostgreSQL needs is read from its SQL: on a real server it fails without just that."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from changelog_engine.sql.effects import Act, Effect, Effects, ForeignKey, Kind, RowWrite, Thing
from changelog_engine.sql.implied import implied_uses, known_from
from changelog_engine.sql.reading import extensions_of, is_built_in, read_effects
from tests.effects.pairs import PAIRS, Pair
from tests.fixtures.databases import Server, driver_url

MAKES = (Act.CREATES, Act.REPLACES, Act.ENSURES, Act.RENAMES_TO)
NEEDS = (Act.USES, Act.USES_WHEN_RUN, Act.MAY_USE)


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
    made = [effect for text in (pair.before, pair.first, pair.second) for effect in read(text).objects]
    uses = [effect for effect in read(pair.second).objects if effect.act is Act.USES]
    missing = [
        effect.thing for effect in uses if not is_made(effect, made) and not is_built_in(effect.thing, "postgresql")
    ]
    assert missing == []


def assert_needed(pair: Pair) -> None:
    """It is found, or it is said that something cannot be told: never neither."""
    first, second = read(pair.first), read(pair.second)
    assert is_found(pair) or second.opaque or first.opaque


def is_found(pair: Pair) -> bool:
    """At least by way of what was there before, which needs it as soon as it runs."""
    first, before = read(pair.first), read(pair.before)
    return needs(read(pair.second), first, before) or needs(before, first, before)


def test_nearly_all_that_pairs_need_is_found() -> None:
    found = [pair for pair in PAIRS if is_found(pair)]
    assert len(PAIRS) >= 140
    assert len(found) / len(PAIRS) > 0.95


def read(text: str) -> Effects:
    return read_effects(text, "postgresql")


def needs(second: Effects, first: Effects, before: Effects) -> bool:
    """Whether it uses what the other makes, or is about rows that the other writes."""
    implied = implied_uses(second, known_from((before, first)))
    used = (effect for effect in (*second.objects, *implied) if effect.act in NEEDS)
    if any(is_made(effect, first.objects) for effect in used):
        return True
    tightened = {effect.thing.of for effect in second.objects if effect.act is Act.TIGHTENS}
    if any(write.relation.name in tightened for write in first.writes):
        return True
    return any(
        refers(key, child, parent) for key in before.foreign_keys for child in second.writes for parent in first.writes
    )


def refers(key: ForeignKey, child: RowWrite, parent: RowWrite) -> bool:
    return child.relation == key.relation and parent.relation == key.target


def is_made(effect: Effect, made: list[Effect] | tuple[Effect, ...]) -> bool:
    wanted = {effect.thing, *(in_schema(effect.thing, schema) for schema in effect.alternatives)}
    if effect.thing.of:
        # Some relations may have any columns, keys and the like.
        wanted |= {thing._replace(name="*") for thing in wanted}
    wanted |= {Thing(Kind.EXTENSION, name) for name in extensions_of(effect.thing, "postgresql")}
    found = {other.thing for other in made if other.act in MAKES}
    if effect.thing.kind is Kind.KEY and effect.thing.name == "*":
        return any(thing.kind is Kind.KEY and thing.of == effect.thing.of for thing in found)
    return not wanted.isdisjoint(found)


def in_schema(thing: Thing, schema: str) -> Thing:
    if thing.of:
        name = thing.of.rpartition(".")[2]
        return thing._replace(of=f"{schema}.{name}" if schema else name)
    return thing._replace(schema=schema)


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
