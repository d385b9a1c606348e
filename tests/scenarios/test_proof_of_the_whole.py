"""A shop in sixty changesets without a single `depends_on`: `verify` finds exactly what is wrong with it."""

from __future__ import annotations

import random
import sys
import time

from changelog_engine.databases.connect import database_kind
from changelog_engine.findings import FindingKind, VerifyResult
from tests.fixtures.projects import Project
from tests.fixtures.shop import PIECES, Piece, changelog_of, pieces_for, write_shop

FAULTY = 10
NOT_OF_THE_CATALOG = {"fill-totals"}
"""What it changes is rows alone, which it may change again: nobody can tell whether it was undone."""

HIDDEN = (
    ("create-customers", "index-customers_lower"),
    ("create-orders", "index-orders_customer"),
    ("create-payments", "payments-positive"),
    ("create-categories", "rows-categories"),
    ("rows-categories", "rows-products"),
)
"""What needs what, once the second of each pair but the last is hidden in dynamic SQL: the last is for its data."""


def proven(project: Project, **options: int) -> VerifyResult:
    started = time.monotonic()
    result = project.engine().verify(seed=5, **options)[0]
    sys.stdout.write(f"verify of {len(result.changesets)} changesets: {time.monotonic() - started:.1f} s\n")
    return result


def hidden(piece: Piece) -> Piece:
    """The same piece, put together when it runs."""
    verb, rest = piece.sql.replace("'", "''").split(" ", 1)
    return piece._replace(sql=f"DO $do$ BEGIN EXECUTE '{verb} ' || '{rest}'; END $do$")


def test_the_sixty_are_proven(project: Project) -> None:
    pieces = pieces_for(database_kind(project.url))
    write_shop(project.folder, pieces, seed=21)
    result = proven(project, orders=2)
    assert result.findings == ()
    assert (len(result.changesets), result.rollbacks, result.orders_tried) == (len(pieces), len(pieces), 2)


def test_exactly_the_ten_planted_rollbacks_are_named(project: Project) -> None:
    pieces = pieces_for(database_kind(project.url))
    faulty = set(random.Random(8).sample(sorted({each.id for each in pieces} - NOT_OF_THE_CATALOG), FAULTY))
    planted = [each._replace(rollback="SELECT 1") if each.id in faulty else each for each in pieces]
    write_shop(project.folder, planted, seed=22)
    result = proven(project, orders=0)
    assert sorted(str(finding.changeset) for finding in result.findings) == sorted(faulty)
    assert {finding.kind for finding in result.findings} == {FindingKind.ROLLBACK}
    assert all(str(finding.file).startswith("part") and finding.line for finding in result.findings)


def test_five_hidden_dependencies_are_named_pair_by_pair(postgresql_project: Project) -> None:
    in_disguise = {second for _, second in HIDDEN} - {"rows-products"}
    pieces = [hidden(each) if each.id in in_disguise else each for each in PIECES]
    postgresql_project.write(changelog_of(pieces))
    result = proven(postgresql_project, orders=2)
    assert {finding.pair for finding in result.findings} == set(HIDDEN)
    assert {finding.kind for finding in result.findings} == {FindingKind.ORDER}
    assert all(f"depends_on: [{finding.pair[0]}]" in finding.remedy for finding in result.findings if finding.pair)
