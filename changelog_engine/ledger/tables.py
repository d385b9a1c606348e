"""The two tables and the view that are kept in the target database, defined once for every database kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateIndex, CreateTable

from changelog_engine.ledger.entries import Direction, Event
from changelog_engine.ledger.names import BACKUP, LAYOUT, LEDGER, LOCK, STATE

APPLYING = (Event.APPLIED, Event.MARKED, Event.ADOPTED)
UNDOING = (Event.ROLLED_BACK, Event.UNMARKED, Event.RESOLVED_NOT_APPLIED)
DECIDING = (
    *APPLYING,
    *UNDOING,
    Event.RERUN,
    Event.STARTED,
    Event.RESOLVED_APPLIED,
    Event.CHECKSUM_ACCEPTED,
    Event.RENAMED,
)
"""The events of which the latest decides a changeset's state; failures and tags change nothing."""

# In MySQL a text is as long as it was declared to be. This makes it a LONGTEXT there.
_TEXT = sa.Text().with_variant(sa.Text(2**30 - 1), "mysql", "mariadb")

_COLUMNS: tuple[tuple[str, sa.types.TypeEngine[Any]], ...] = (
    ("event", sa.String(32)),
    ("direction", sa.String(16)),
    ("changelog", sa.String(255)),
    ("changeset_id", sa.String(255)),
    ("tag", sa.String(255)),
    ("checksum", sa.String(80)),
    ("depends_on", _TEXT),
    ("author", _TEXT),
    ("description", _TEXT),
    ("file", _TEXT),
    ("labels", _TEXT),
    ("contexts", _TEXT),
    ("deployment_id", sa.String(64)),
    ("run_contexts", _TEXT),
    ("statement_count", sa.Integer()),
    ("duration_ms", sa.BigInteger()),
    ("db_user", sa.String(255)),
    ("os_user", sa.String(255)),
    ("host", sa.String(255)),
    ("tool_version", sa.String(32)),
    ("recorded_at", sa.String(27)),
    ("source", _TEXT),
    ("content", _TEXT),
    ("rollback", _TEXT),
    ("detail", _TEXT),
    ("prev_hash", sa.String(80)),
    ("hash", sa.String(80)),
)
_REQUIRED = {"event", "recorded_at", "prev_hash", "hash"}

# By SQLAlchemy's names of the databases. Said here and not as options of the tables, which would load every dialect.
_BINARY_INNODB = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
_TABLE_OPTIONS = {"mysql": _BINARY_INNODB, "mariadb": _BINARY_INNODB}
# Otherwise the view would work for nobody once the user who made it is gone.
_VIEW_OPTIONS = {"mysql": "SQL SECURITY INVOKER ", "mariadb": "SQL SECURITY INVOKER "}


@dataclass(frozen=True, slots=True)
class Part:
    """One of the statements that make the ledger, and what it makes: ``kind`` None for the lock row."""

    sql: str
    kind: str | None
    name: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerTables:
    """``schema`` None where the database kind has none. ``lock_name`` is the frozen name that the lock's key derives
    from, ``backup_name`` the beginning of the names of what holds backups.
    """

    ledger: sa.Table
    lock: sa.Table
    state: sa.TableClause
    index: sa.Index
    lock_name: str
    backup_name: str

    @property
    def schema(self) -> str | None:
        return self.ledger.schema

    @property
    def names(self) -> tuple[str, ...]:
        """The tables and the view, without their schema."""
        return str(self.ledger.name), str(self.lock.name), str(self.state.name)

    def ddl(self, dialect: Dialect) -> tuple[str, ...]:
        """The statements that make the tables, their index and the view, and that fill the lock row."""
        return tuple(part.sql for part in self.parts(dialect))

    def parts(self, dialect: Dialect) -> tuple[Part, ...]:
        """The same, each with what it makes; the lock row comes last, so that where it is, all is."""
        view = (
            f"CREATE {_VIEW_OPTIONS.get(dialect.name, '')}VIEW "
            f"{dialect.identifier_preparer.format_table(self.state)} AS {_literal(_state_query(self.ledger), dialect)}"
        )
        index = str(CreateIndex(self.index).compile(dialect=dialect)).strip()
        row = self.lock.insert().values(id=1, layout=LAYOUT, head_seq=0, head_hash="")
        return (
            Part(_create(self.ledger, dialect), "table", self.ledger.name),
            Part(plain_sql(index, dialect), "index", str(self.index.name), self.ledger.name),
            Part(_create(self.lock, dialect), "table", self.lock.name),
            Part(plain_sql(view, dialect), "view", self.state.name),
            Part(plain_sql(_literal(row, dialect), dialect), None, self.lock.name),
        )


def plain_sql(compiled: str, dialect: Dialect) -> str:
    """SQL as the server is to read it: a `%` in a name stands doubled in what SQLAlchemy makes for some drivers."""
    return compiled.replace("%%", "%") if dialect.paramstyle in ("format", "pyformat") else compiled


def _create(table: sa.Table, dialect: Dialect) -> str:
    create = str(CreateTable(table).compile(dialect=dialect)).strip()
    return plain_sql(create, dialect) + _TABLE_OPTIONS.get(dialect.name, "")


def build_tables(database: str, schema: str | None, prefix: str) -> LedgerTables:
    """The tables of the ledger in ``schema``, their names beginning with ``prefix``."""
    metadata = sa.MetaData(schema=schema)
    ledger = sa.Table(
        f"{prefix}{LEDGER}",
        metadata,
        sa.Column("seq", sa.BigInteger(), primary_key=True, autoincrement=False),
        *(sa.Column(name, type_, nullable=name not in _REQUIRED) for name, type_ in _COLUMNS),
    )
    index = sa.Index(
        f"{prefix}changelog_ledger_state", ledger.c.changelog, ledger.c.changeset_id, ledger.c.seq, ledger.c.event
    )
    lock = sa.Table(
        f"{prefix}{LOCK}",
        metadata,
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("layout", sa.Integer(), nullable=False),
        sa.Column("head_seq", sa.BigInteger(), nullable=False),
        sa.Column("head_hash", sa.String(80), nullable=False),
        sa.Column("complete", _TEXT),
        sa.Column("host", _TEXT),
        sa.Column("process", sa.Integer()),
        sa.Column("os_user", _TEXT),
        sa.Column("command", _TEXT),
        sa.Column("since", sa.String(27)),
    )
    state = sa.table(f"{prefix}{STATE}", *(sa.column(name) for name in STATE_COLUMNS), schema=schema)
    return LedgerTables(ledger, lock, state, index, f"{database}/{schema or ''}/{ledger.name}", f"{prefix}{BACKUP}")


STATE_COLUMNS = (
    "changelog",
    "changeset_id",
    "state",
    "checksum",
    "event",
    "seq",
    "applied_seq",
    "applied_at",
    "applied_event",
    "applied_detail",
    "deployment_id",
    "rollback_seq",
    "rerun_at",
    "depends_on",
    "author",
    "description",
    "labels",
    "contexts",
    "file",
)


def _state_query(ledger: sa.Table) -> sa.Select[Any]:
    """A row a changeset that is applied or in doubt, from the latest event that decides.

    A ``renamed`` row with a checksum is an arrival under the new id, one without is the leaving of the old id.
    ``resolved_applied`` applies where an apply was in doubt, and changes nothing about when where a rollback was.
    """
    c = ledger.c
    arrival = sa.and_(c.event == str(Event.RENAMED), c.checksum.is_not(None))
    applies = sa.or_(
        c.event.in_([str(event) for event in APPLYING]),
        sa.and_(c.event == str(Event.RESOLVED_APPLIED), c.direction == str(Direction.APPLY)),
        arrival,
    )
    undoes = sa.or_(
        c.event.in_([str(event) for event in UNDOING]),
        sa.and_(c.event == str(Event.RENAMED), c.checksum.is_(None)),
    )
    changeset = (c.changelog, c.changeset_id)

    def latest(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.max(sa.case((condition, c.seq))).over(partition_by=changeset), 0)

    ranked = (
        sa.select(
            c.seq,
            c.changelog,
            c.changeset_id,
            c.event,
            c.checksum,
            sa.func.row_number().over(partition_by=changeset, order_by=c.seq.desc()).label("recency"),
            latest(applies).label("applied_seq"),
            latest(sa.or_(applies, c.event == str(Event.RERUN))).label("rollback_seq"),
            latest(undoes).label("undone_seq"),
        )
        .where(c.event.in_([str(event) for event in DECIDING]))
        .subquery("ranked")
    )
    r = ranked.c
    is_applied = r.applied_seq > r.undone_seq
    applied, kept = ledger.alias("applied"), ledger.alias("kept")
    return (
        sa.select(
            r.changelog,
            r.changeset_id,
            sa.case((r.event == str(Event.STARTED), "in_doubt"), else_="applied").label("state"),
            r.checksum,
            r.event,
            r.seq,
            sa.case((is_applied, r.applied_seq), else_=0).label("applied_seq"),
            applied.c.recorded_at.label("applied_at"),
            applied.c.event.label("applied_event"),
            applied.c.detail.label("applied_detail"),
            applied.c.deployment_id,
            sa.case((is_applied, r.rollback_seq), else_=0).label("rollback_seq"),
            sa.case((r.rollback_seq > r.applied_seq, kept.c.recorded_at)).label("rerun_at"),
            kept.c.depends_on,
            kept.c.author,
            kept.c.description,
            kept.c.labels,
            kept.c.contexts,
            kept.c.file,
        )
        .select_from(
            ranked.outerjoin(applied, sa.and_(is_applied, applied.c.seq == r.applied_seq)).outerjoin(
                kept, sa.and_(is_applied, kept.c.seq == r.rollback_seq)
            )
        )
        .where(r.recency == 1, sa.or_(is_applied, r.event == str(Event.STARTED)))
    )


def _literal(statement: sa.ClauseElement, dialect: Dialect) -> str:
    """A statement whose values are all of our own making, with them in its text; no ``%`` occurs in them."""
    return str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
