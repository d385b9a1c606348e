"""The sample in `changelogs/` runs on every database, in every context: up, down, and up again."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from changelog_engine import (
    ContextChoice,
    ContextMode,
    Engine,
    Everything,
    Options,
    RollbackRequest,
    ToTag,
    load_settings,
)

ROOT = Path(__file__).parents[3]
CONTEXTS = {
    "dev": ContextChoice(ContextMode.GIVEN, ("dev",)),
    "test": ContextChoice(ContextMode.GIVEN, ("test",)),
    "prod": ContextChoice(ContextMode.GIVEN, ("prod",)),
    "test,prod": ContextChoice(ContextMode.GIVEN, ("test", "prod")),
    "all": ContextChoice(ContextMode.ALL),
}
AFTER_RELEASE_2 = {"loyalty-points", "report-sales-by-city", "report-reviews"}


def engine_of(url: str, contexts: ContextChoice) -> Engine:
    return Engine(load_settings(Options(url=url, contexts=contexts), {}, ROOT))


def database(url: str) -> sa.Engine:
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def objects(url: str) -> set[str]:
    """The tables, views, columns and indexes of a database, without the ledger's own."""
    engine = database(url)
    inspector = sa.inspect(engine)
    tables = {name for name in inspector.get_table_names() if not name.startswith("changelog_")}
    found = tables | {name for name in inspector.get_view_names() if not name.startswith("changelog_")}
    found |= {f"{table}.{column['name']}" for table in tables for column in inspector.get_columns(table)}
    found |= {f"{table}.{index['name']}" for table in tables for index in inspector.get_indexes(table)}
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            query = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace UNION SELECT typname FROM "
            query += "pg_type WHERE typtype = 'e'"
            found |= set(connection.execute(sa.text(query)).scalars())
    engine.dispose()
    return found


@pytest.mark.parametrize("contexts", CONTEXTS)
def test_it_goes_up_down_and_up_again(database_url: str, contexts: str) -> None:
    engine = engine_of(database_url, CONTEXTS[contexts])
    up = engine.update()
    there = objects(database_url)
    assert not up.failed
    assert not up.skipped
    assert {"customers", "orders", "cities", "sessions", "session_reviews", "sales_by_city"} <= there

    down = engine.rollback(RollbackRequest(Everything()))
    assert set(down.rolled_back) == set(up.applied)
    assert objects(database_url) == set()

    again = engine.update()
    assert again.applied == up.applied
    assert objects(database_url) == there
    assert engine.verify_history().chain == "intact"


def test_going_back_to_release_2_undoes_what_came_after_it(database_url: str) -> None:
    engine = engine_of(database_url, CONTEXTS["prod"])
    assert set(engine.update().tags) == {"release-1", "release-2"}
    assert set(engine.rollback(RollbackRequest(ToTag("release-2"))).rolled_back) == AFTER_RELEASE_2
    assert set(engine.update().applied) == AFTER_RELEASE_2


def test_going_back_to_release_1_leaves_customers_and_orders(database_url: str) -> None:
    engine = engine_of(database_url, CONTEXTS["dev"])
    engine.update()
    engine.rollback(RollbackRequest(ToTag("release-1")))
    left = objects(database_url)
    assert {"customers", "orders", "cities"} <= left
    assert not {"sessions", "session_reviews", "sales_by_city"} & left


@pytest.mark.parametrize(
    ("contexts", "customers", "payments"),
    [("dev", 3, "sandbox"), ("test", 4, "sandbox"), ("prod", 0, "live"), ("test,prod", 1, "live")],
)
def test_contexts_keep_demo_data_out_of_production(
    database_url: str, contexts: str, customers: int, payments: str
) -> None:
    engine_of(database_url, CONTEXTS[contexts]).update()
    engine = database(database_url)
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM customers")).scalar() == customers
        assert connection.execute(sa.text("SELECT value FROM settings WHERE name = 'payments'")).scalar() == payments
    engine.dispose()


def test_it_validates_without_a_warning() -> None:
    assert engine_of("sqlite:///none.db", CONTEXTS["dev"]).validate().warnings == ()
