"""Backups that a rollback restores: what is wanted, what was saved, and what a database must be able to do with it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol

from changelog_engine.errors import DatabaseError

TABLES, DATABASE = "tables", "database"

GONE = "gone"
"""The state of a table that is not there."""

States = Mapping[str, str]
"""What tables hold: their rows and digests as `ROWS:DIGEST`, each by the table's name; those of a backup of tables by
the names that the changelog has, and as `ROWS:DIGEST:NAME` with what each is called now, or ``GONE``.
"""


class BackupError(DatabaseError):
    """A backup cannot be made, or cannot be restored: ``message`` says why, ``hint`` the remedy."""

    code = "backup"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be saved: ``tables`` as the changelog names them, none for all of the database.

    ``name`` is unique to the run and the changeset, of letters, digits and `_`. ``schema`` is the ledger's, None for
    the connection's own; ``own`` are the names of the ledger's tables, which no backup holds. ``folder`` takes files.
    """

    name: str
    tables: tuple[str, ...]
    schema: str | None
    own: tuple[str, ...]
    folder: str


@dataclass(frozen=True, slots=True)
class SavedTable:
    """One table as it was: ``copy`` holds its rows, ``definition`` all else, as its database needs it.

    ``wanted`` is its name as the changelog has it. ``sha256`` is that of the rows in their canonical form; ``before``
    and ``after`` are quick digests of the rows, before the changeset and right after it (None where that is not known),
    with the number of rows. ``changed`` is what the changeset has made of all else, as its database needs it; what was
    made or changed later, by others, is theirs.
    """

    wanted: str
    table: str
    copy: str
    rows: int
    size: int
    sha256: str
    definition: Mapping[str, Any]
    before: str
    after: str | None = None
    changed: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A backup that was made. ``place`` says where: tables, or the path of a file. ``size`` is in bytes.

    ``after`` are the quick digests of all tables right after the changeset, where all of the database was saved.
    ``facts`` are what else the database needs.
    """

    scope: str
    wanted: tuple[str, ...]
    place: str
    size: int
    sha256: str
    tables: tuple[SavedTable, ...] = ()
    after: Mapping[str, str] | None = None
    facts: Mapping[str, Any] | None = None

    def to_object(self) -> dict[str, Any]:
        """The backup as the JSON object that the ledger keeps."""
        return asdict(self)

    @classmethod
    def from_object(cls, value: Mapping[str, Any]) -> Saved:
        tables = tuple(SavedTable(**table) for table in value["tables"])
        return replace(cls(**{**value, "wanted": tuple(value["wanted"])}), tables=tables)


class Backups(Protocol):
    """Saving and restoring. All raise :class:`BackupError`, and StatementError where the database refuses.

    ``save``, ``mark`` and ``restore`` are called in a transaction that is open, and what they change in the database is
    part of it; the session's settings are as at its beginning before and after.
    """

    def estimate(self, tables: tuple[str, ...]) -> int | None:
        """The bytes that a backup of these tables (none: all of the database) takes at most, as far as is known now."""
        ...

    def check(self, wanted: Wanted) -> None:
        """Raise what is known to stand in the way, before anything is run; tables may not be there yet."""
        ...

    def save(self, wanted: Wanted) -> Saved:
        """Save, lock out other writers to the end of the transaction, and read back what was saved."""
        ...

    def mark(self, saved: Saved) -> Saved:
        """The backup with what its tables hold now, right after the changeset."""
        ...

    def fault(self, saved: Saved) -> str | None:
        """What is wrong with the backup itself, as the end of a sentence; None where it is as it was made."""
        ...

    def check_restore(self, saved: Saved) -> None:
        """Raise what is known to stand in the way of a restore, whatever the tables hold."""
        ...

    def lock(self, saved: Saved) -> None:
        """Lock others out of what is to be restored, to the end of the transaction; raises where that is not ours."""
        ...

    def states(self, saved: Saved) -> States:
        """What the tables hold now."""
        ...

    def altered_since(self, saved: Saved) -> tuple[str, ...]:
        """What else a restore would lose of what was made or changed since the changeset, each as a sentence."""
        ...

    def states_restored(self, saved: Saved) -> Mapping[str, str | None] | None:
        """The rows and digests that tables will have once the backup is restored, by the tables' own names; None, for
        all or for one, where that is not known as :meth:`states` would give it.
        """
        ...

    def keeps_to(self, relations: Collection[str]) -> bool:
        """Whether rows written to relations of these names (in lower case, in any schema) change no others: by
        triggers, rules, foreign keys.
        """
        ...

    def restore(self, saved: Saved) -> None:
        """Put everything back as it was."""
        ...

    def is_there(self, saved: Saved) -> bool: ...

    def remove(self, saved: Saved) -> None:
        """Delete the backup's data; nothing happens where they are gone already."""
        ...

    def leftovers(self, wanted: Wanted, known: Iterable[Saved]) -> Sequence[str]:
        """Places that look like backups of this engine and belong to none of the known ones."""
        ...

    def remove_leftover(self, place: str) -> None: ...


def digest_of_all(tables: Iterable[SavedTable]) -> str:
    """SHA-256 of several tables: of the lines `SHA-256 NAME`, sorted by name."""
    lines = sorted((table.table, table.sha256) for table in tables)
    return hashlib.sha256("".join(f"{digest} {name}\n" for name, digest in lines).encode()).hexdigest()


def states_after(saved: Saved) -> Mapping[str, str | None] | None:
    """What was recorded of the tables right after the changeset, by the names that ``Backups.states`` gives; None, for
    all or for one, where it was not.
    """
    return saved.after if saved.scope == DATABASE else {table.wanted: table.after for table in saved.tables}


def difference(table: str, then: str | None, now: str) -> str:
    """What is different about a table, from its state right after the changeset and the one now."""
    if then is None:
        return f"what `{table}` held right after the changeset was not recorded"
    if GONE in (then, now):
        return f"`{table}` {'was dropped' if now == GONE else 'was made'} since"
    if then.rpartition(":")[0] == now.rpartition(":")[0] and now.count(":") > 1:
        return f"`{table}` was renamed since, and is `{now.rpartition(':')[2]}` now"
    rows_then, rows_now = (int(state.partition(":")[0]) for state in (then, now))
    if rows_then != rows_now:
        return f"`{table}` has {rows_now} row{'s' * (rows_now != 1)}, and had {rows_then} right after the changeset"
    return f"rows of `{table}` were changed since (it has {rows_now}, as right after the changeset)"


def differences(then: Mapping[str, str | None] | None, now: States) -> tuple[str, ...]:
    """The same for several tables."""
    if then is None:
        return ("what the database held right after the changeset was not recorded",)
    names = sorted(name for name in {*then, *now} if then.get(name, GONE) != now.get(name, GONE))
    return tuple(difference(name, then.get(name, GONE), now.get(name, GONE)) for name in names)
