"""A table of a million rows with children is saved and restored, every row, in some seconds."""

from __future__ import annotations

from tests.fixtures.projects import Project

ROWS = 1_000_000

DIGEST = """
    SELECT count(*), sum(hashtextextended(t::text, 0)), min(id), max(id) FROM {} t
"""


def test_every_row_of_a_million_and_of_its_children_comes_back(postgresql_project: Project) -> None:
    project = postgresql_project
    project.write(f"""
        changesets:
          - id: shop
            sql: |
              CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL,
                amount numeric(10, 2), at timestamptz DEFAULT '2026-01-01');
              CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers);
              INSERT INTO customers (email, amount) SELECT 'u' || i || '@x', i * 1.01
                FROM generate_series(1, {ROWS}) i;
              INSERT INTO orders SELECT id, id FROM customers WHERE id % 4 = 0;
              CREATE INDEX customers_email ON customers (email);
              CREATE INDEX orders_customer ON orders (customer_id);
            rollback: DROP TABLE orders, customers
          - id: wreck
            depends_on: [shop]
            sql: |
              DELETE FROM customers WHERE id % 4 = 1;
              UPDATE customers SET amount = 0 WHERE id % 4 = 2;
              ALTER TABLE customers DROP COLUMN at;
            rollback: {{backup: {{tables: [customers]}}}}
        """)
    project.update(select="shop")
    before = [project.sql(DIGEST.format(table)) for table in ("customers", "orders")]
    project.update()
    assert project.sql(DIGEST.format("customers")) != before[0]
    assert project.rollback_one("wreck") == ("wreck",)
    assert [project.sql(DIGEST.format(table)) for table in ("customers", "orders")] == before
    keys = "SELECT convalidated FROM pg_constraint WHERE conrelid = 'orders'::regclass AND contype = 'f'"
    assert project.sql(keys) == [(True,)]
    ((backup,),) = project.sql(
        "SELECT (detail::json -> 'backup' ->> 'sha256') FROM changelog_ledger WHERE changeset_id = 'wreck'"
        " AND event = 'applied'"
    )
    ((restored,),) = project.sql(
        "SELECT (detail::json -> 'restored' ->> 'sha256') FROM changelog_ledger WHERE event = 'rolled_back'"
    )
    assert backup == restored
    assert project.sql("SELECT nextval('customers_id_seq')") == [(ROWS + 1,)]
