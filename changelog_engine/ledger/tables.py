"""The two tables and the view that are kept in the target database, defined once for every database kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Part:
    """One of the statements that make the ledger, and what it makes: ``kind`` None for the lock row."""

    sql: str
    kind: str | None
    name: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class _Words:
    """What one kind of database says otherwise than the others."""

    text: str = "TEXT"
    table_options: str = ""
    view_options: str = ""


# There a text is as long as it was declared to be. Without INVOKER the view would work for nobody once the user who
# made it is gone.
_MYSQL = _Words("LONGTEXT", " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin", "SQL SECURITY INVOKER ")
_WORDS = {"mysql": _MYSQL, "mariadb": _MYSQL}


@dataclass(frozen=True, slots=True)
class LedgerTables:
    """The names of one ledger's tables and view, without their ``schema``, which is None where there is none.

    ``lock_name`` is the frozen name that the lock's key derives from, ``backup_name`` the beginning of the names of
    what holds backups.
    """

    schema: str | None
    ledger: str
    lock: str
    state: str
    index: str
    lock_name: str
    backup_name: str

    @property
    def names(self) -> tuple[str, str, str]:
        return self.ledger, self.lock, self.state

    def quoted(self, quote: Callable[[str], str]) -> Mapping[str, str]:
        """The names as SQL, with their schema, by what templates call them: ``ledger``, ``lock`` and ``state``."""
        place = f"{quote(self.schema)}." if self.schema else ""
        return {key: place + quote(getattr(self, key)) for key in ("ledger", "lock", "state")}

    def parts(self, kind: str, quote: Callable[[str], str]) -> tuple[Part, ...]:
        """What makes the tables, their index and the view, and fills the lock row, on a kind of database.

        The lock row comes last, so that where it is, all is.
        """
        words, names = _WORDS.get(kind, _Words()), self.quoted(quote)
        ledger, lock, state = names["ledger"], names["lock"], names["state"]
        return (
            Part(_table(ledger, _LEDGER_COLUMNS, "seq", words), "table", self.ledger),
            Part(
                f"CREATE INDEX {quote(self.index)} ON {ledger} (changelog, changeset_id, seq, event)",
                "index",
                self.index,
                self.ledger,
            ),
            Part(_table(lock, _LOCK_COLUMNS, "id", words), "table", self.lock),
            Part(f"CREATE {words.view_options}VIEW {state} AS {_state_query(ledger)}", "view", self.state),
            Part(f"INSERT INTO {lock} (id, layout, head_seq, head_hash) VALUES (1, {LAYOUT}, 0, '')", None, self.lock),
        )


def name_tables(database: str, schema: str | None, prefix: str) -> LedgerTables:
    """The tables of the ledger in ``schema``, their names beginning with ``prefix``."""
    ledger = f"{prefix}{LEDGER}"
    return LedgerTables(
        schema,
        ledger,
        f"{prefix}{LOCK}",
        f"{prefix}{STATE}",
        f"{ledger}_state",
        f"{database}/{schema or ''}/{ledger}",
        f"{prefix}{BACKUP}",
    )


_LEDGER_COLUMNS = (
    "seq BIGINT NOT NULL",
    "event VARCHAR(32) NOT NULL",
    "direction VARCHAR(16)",
    "changelog VARCHAR(255)",
    "changeset_id VARCHAR(255)",
    "tag VARCHAR(255)",
    "checksum VARCHAR(80)",
    "depends_on TEXT",
    "author TEXT",
    "description TEXT",
    "file TEXT",
    "labels TEXT",
    "contexts TEXT",
    "deployment_id VARCHAR(64)",
    "run_contexts TEXT",
    "statement_count INTEGER",
    "duration_ms BIGINT",
    "db_user VARCHAR(255)",
    "os_user VARCHAR(255)",
    "host VARCHAR(255)",
    "tool_version VARCHAR(32)",
    "recorded_at VARCHAR(27) NOT NULL",
    "source TEXT",
    "content TEXT",
    "rollback TEXT",
    "detail TEXT",
    "prev_hash VARCHAR(80) NOT NULL",
    "hash VARCHAR(80) NOT NULL",
)

_LOCK_COLUMNS = (
    "id INTEGER NOT NULL",
    "layout INTEGER NOT NULL",
    "head_seq BIGINT NOT NULL",
    "head_hash VARCHAR(80) NOT NULL",
    "complete TEXT",
    "host TEXT",
    "process INTEGER",
    "os_user TEXT",
    "command TEXT",
    "since VARCHAR(27)",
)


def _table(name: str, columns: tuple[str, ...], key: str, words: _Words) -> str:
    lines = (column.replace(" TEXT", f" {words.text}") for column in (*columns, f"PRIMARY KEY ({key})"))
    return f"CREATE TABLE {name} (\n\t" + ",\n\t".join(lines) + f"\n){words.table_options}"


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


def _state_query(ledger: str) -> str:
    """A row a changeset that is applied or in doubt, from the latest event that decides.

    A ``renamed`` row with a checksum is an arrival under the new id, one without is the leaving of the old id.
    ``resolved_applied`` applies where an apply was in doubt, and changes nothing about when where a rollback was.
    """
    applies = (
        f"event IN ({_listed(APPLYING)}) OR (event = '{Event.RESOLVED_APPLIED}' AND direction = '{Direction.APPLY}')"
        f" OR (event = '{Event.RENAMED}' AND checksum IS NOT NULL)"
    )
    undoes = f"event IN ({_listed(UNDOING)}) OR (event = '{Event.RENAMED}' AND checksum IS NULL)"
    is_applied = "ranked.applied_seq > ranked.undone_seq"

    def latest(condition: str) -> str:
        return f"coalesce(max(CASE WHEN {condition} THEN seq END) OVER (PARTITION BY changelog, changeset_id), 0)"

    return f"""\
SELECT ranked.changelog, ranked.changeset_id,
\tCASE WHEN ranked.event = '{Event.STARTED}' THEN 'in_doubt' ELSE 'applied' END AS state,
\tranked.checksum, ranked.event, ranked.seq,
\tCASE WHEN {is_applied} THEN ranked.applied_seq ELSE 0 END AS applied_seq,
\tapplied.recorded_at AS applied_at, applied.event AS applied_event, applied.detail AS applied_detail,
\tapplied.deployment_id,
\tCASE WHEN {is_applied} THEN ranked.rollback_seq ELSE 0 END AS rollback_seq,
\tCASE WHEN ranked.rollback_seq > ranked.applied_seq THEN kept.recorded_at END AS rerun_at,
\tkept.depends_on, kept.author, kept.description, kept.labels, kept.contexts, kept.file
FROM (
\tSELECT seq, changelog, changeset_id, event, checksum,
\t\trow_number() OVER (PARTITION BY changelog, changeset_id ORDER BY seq DESC) AS recency,
\t\t{latest(applies)} AS applied_seq,
\t\t{latest(f"{applies} OR event = '{Event.RERUN}'")} AS rollback_seq,
\t\t{latest(undoes)} AS undone_seq
\tFROM {ledger}
\tWHERE event IN ({_listed(DECIDING)})
) AS ranked
LEFT JOIN {ledger} AS applied ON {is_applied} AND applied.seq = ranked.applied_seq
LEFT JOIN {ledger} AS kept ON {is_applied} AND kept.seq = ranked.rollback_seq
WHERE ranked.recency = 1 AND ({is_applied} OR ranked.event = '{Event.STARTED}')"""


def _listed(events: tuple[Event, ...]) -> str:
    return ", ".join(f"'{event}'" for event in events)
