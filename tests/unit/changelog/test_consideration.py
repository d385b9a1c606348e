"""Time-outs, retries and roles of changesets: how they are written, and what is inherited."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from changelog_engine.changelog.reader import Reading
from changelog_engine.model import Consideration, Retries

Read = Callable[..., Reading]


def test_a_changeset_says_how_it_treats_the_others(read: Read) -> None:
    reading = read("""
changesets:
  - id: a
    lock_timeout: 5s
    statement_timeout: 10min
    retries: {attempts: 5, initial_seconds: 0.5}
    run_as: shop_owner
    sql: SELECT 1
    rollback: SELECT 1
  - {id: b, lock_timeout: 2, statement_timeout: 0, retries: 3, sql: SELECT 1, rollback: SELECT 1}
  - {id: c, sql: SELECT 1, rollback: SELECT 1}
""")
    assert [changeset.consideration for changeset in reading.changelog.changesets] == [
        Consideration(5_000, 600_000, Retries(5, 0.5), "shop_owner"),
        Consideration(2_000, 0, Retries(3, 1.0)),
        Consideration(),
    ]


def test_the_defaults_of_a_file_are_inherited_field_by_field(read: Read) -> None:
    reading = read("""
parameters: {owner: shop_owner}
defaults: {lock_timeout: 5s, retries: 5, run_as: "${owner}"}
changesets:
  - {id: a, statement_timeout: 1h, sql: SELECT 1, rollback: SELECT 1}
  - {id: b, lock_timeout: 0, retries: 0, run_as: none, sql: SELECT 1, rollback: SELECT 1}
""")
    first, second = (changeset.consideration for changeset in reading.changelog.changesets)
    assert first == Consideration(5_000, 3_600_000, Retries(5), "${owner}")
    assert second == Consideration(0, None, Retries(0), "none")


@pytest.mark.parametrize(
    ("own", "weaker", "together"),
    [
        (Consideration(), Consideration(), Consideration()),
        (Consideration(), Consideration(1, 2, Retries(3), "x"), Consideration(1, 2, Retries(3), "x")),
        (
            Consideration(0, None, Retries(0)),
            Consideration(1, 2, Retries(3), "x"),
            Consideration(0, 2, Retries(0), "x"),
        ),
        (Consideration(5, 6, Retries(1, 2.0), "y"), Consideration(1, 2), Consideration(5, 6, Retries(1, 2.0), "y")),
    ],
)
def test_what_is_said_here_wins_field_by_field_also_where_it_says_none(
    own: Consideration, weaker: Consideration, together: Consideration
) -> None:
    assert own.over(weaker) == together
