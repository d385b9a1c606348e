"""Changelogs whose every statement leaves a mark that tells how often it was run."""

from __future__ import annotations

from dataclasses import dataclass

from changelog_engine.ledger.entries import Event
from tests.fixtures.projects import Project

TABLES = 6


@dataclass(frozen=True)
class Counted:
    """``marks`` are the rows that the changesets leave in the table ``log``, each once; ``ids`` are theirs in order."""

    text: str
    ids: tuple[str, ...]
    marks: tuple[tuple[str, int], ...]


def _changeset(name: str, *statements: str, marks: int = 1, outside: bool = False, more: str = "") -> str:
    """The first and the last statement leave a mark each where ``marks`` is 2."""
    log = [f"INSERT INTO log VALUES ('{name}', {number})" for number in range(1, marks + 1)]
    body = [*log[:1], *statements, *log[1:]]
    lines = "".join(f"      {statement};\n" for statement in body)
    how = "    transaction: false\n" if outside else ""
    return f"  - id: {name}\n{how}{more}    rollback: {{irreversible: nobody asks}}\n    sql: |\n{lines}"


def _build(create_log: str, parts: list[tuple[str, int, str]]) -> Counted:
    text = f"changesets:\n  - id: log\n    rollback: {{irreversible: nobody asks}}\n    sql: {create_log}\n" + "".join(
        part for _, _, part in parts
    )
    ids = tuple(name for name, marks, _ in parts if marks)
    marks = tuple((name, number) for name, count, _ in parts for number in range(1, count + 1))
    return Counted(text, ("log", *ids), tuple(sorted(marks)))


def _part(name: str, *statements: str, marks: int = 1, outside: bool = False, more: str = "") -> tuple[str, int, str]:
    return name, marks, _changeset(name, *statements, marks=marks, outside=outside, more=more)


_GUARD = (
    "    preconditions:\n      - sql: {query: SELECT count(*) FROM t1, expect: 300}\n"
    "    checks:\n      - {name: marked, sql: SELECT count(*) FROM log WHERE changeset = 'guarded', expect: 2}\n"
)
_TAG = ("half", 0, "  - tag: half\n")


def on_postgresql() -> Counted:
    """In transactions and outside of them, with what is refused in one: indexes concurrently, VACUUM."""
    tables = [
        _part(f"t{n}", f"CREATE TABLE t{n} AS SELECT g AS id, g % 7 AS kind FROM generate_series(1, 300) g", marks=2)
        for n in range(1, TABLES + 1)
    ]
    late = [_part(f"late-{n}", f"ALTER TABLE t{n} ADD COLUMN late int DEFAULT {n}") for n in range(1, TABLES + 1)]
    return _build(
        "CREATE TABLE log (changeset text, part int)",
        [
            _part("colours", "CREATE TYPE colour AS ENUM ('red')"),
            *tables,
            _part("index", "CREATE INDEX CONCURRENTLY i1 ON t1 (kind)", marks=2, outside=True),
            _part("green", "ALTER TYPE colour ADD VALUE 'green'", outside=True),
            _part(
                "mixed",
                "CREATE UNIQUE INDEX CONCURRENTLY i2 ON t2 (id)",
                "INSERT INTO log VALUES ('mixed', 3)",
                "VACUUM t2",
                "DROP INDEX CONCURRENTLY i1",
                "CREATE INDEX CONCURRENTLY i3 ON t3 (id, kind)",
                "REINDEX INDEX CONCURRENTLY i2",
                marks=2,
                outside=True,
            ),
            _TAG,
            _part("guarded", marks=2, more=_GUARD),
            _part("slow", "SELECT pg_sleep(0.01)", marks=2),
            *late,
        ],
    )


def on_sqlite() -> Counted:
    """In transactions and outside of them, with what is refused or passed over in one: VACUUM, PRAGMA."""
    numbers = "WITH RECURSIVE g(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM g WHERE id < 300) SELECT id FROM g"
    tables = [_part(f"t{n}", f"CREATE TABLE t{n} AS {numbers}", marks=2) for n in range(1, TABLES + 1)]
    late = [_part(f"late-{n}", f"ALTER TABLE t{n} ADD COLUMN late int DEFAULT {n}") for n in range(1, TABLES + 1)]
    return _build(
        "CREATE TABLE log (changeset text, part int)",
        [
            *tables,
            _part("index", "CREATE INDEX i1 ON t1 (id)", marks=2, outside=True),
            _part(
                "mixed",
                "CREATE UNIQUE INDEX i2 ON t2 (id)",
                "INSERT INTO log VALUES ('mixed', 3)",
                "VACUUM",
                "DROP INDEX i1",
                "PRAGMA journal_mode = WAL",
                "CREATE INDEX i3 ON t3 (id)",
                marks=2,
                outside=True,
            ),
            _TAG,
            _part("guarded", marks=2, more=_GUARD),
            *late,
        ],
    )


def assert_complete(project: Project, counted: Counted) -> None:
    """Everything was applied, each statement once, and the ledger says just that."""
    marks = sorted((str(name), part) for name, part in project.sql("SELECT changeset, part FROM log"))
    expected = sorted([*counted.marks, ("mixed", 3)])
    assert marks == expected
    states = project.states()
    assert states == dict.fromkeys(counted.ids, "applied")
    applied = [entry.changeset_id for entry in project.entries() if entry.event is Event.APPLIED]
    assert applied == list(counted.ids)
    assert project.engine().verify_history().chain == "intact"
    for number in range(1, TABLES + 1):
        assert project.sql(f"SELECT count(*), min(late), max(late) FROM t{number}") == [(300, number, number)]
