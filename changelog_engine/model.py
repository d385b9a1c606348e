"""The values that the stages hand on: what a changelog says, once it has been read.

Everything here is frozen and imports the standard library alone. After the reader has made these values
nobody looks at YAML again; every value knows the place in a file that it came from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple


class Location(NamedTuple):
    """A place in a file: its path as written in messages (relative to the root, with ``/``), line and column from 1.

    A tuple, as a large changelog has a hundred thousand of them, and a frozen dataclass takes twice the time to make.
    """

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class SqlText:
    """A text of SQL and where it stands.

    ``location`` is the place of its first character; every further line begins in column ``column`` of the
    file (the indentation of a YAML block, 1 in a file of SQL).
    """

    text: str
    location: Location
    column: int = 1

    def locate(self, offset: int) -> Location:
        """The place in the file of the character at ``offset`` (from 0) of the text."""
        if offset == 0:
            return self.location
        line_start = self.text.rfind("\n", 0, offset) + 1
        if line_start == 0:
            return Location(self.location.file, self.location.line, self.location.column + offset)
        line = self.location.line + self.text.count("\n", 0, offset)
        return Location(self.location.file, line, self.column + offset - line_start)


# ---------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a context or label expression; compared without regard to case."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    operand: Expression


@dataclass(frozen=True, slots=True)
class And:
    operands: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    operands: tuple[Expression, ...]


Expression = Name | Not | And | Or


# ------------------------------------------------------------------------------------------------- changes

SqlByKind = Mapping[str, SqlText]
"""One text a database kind; ``default`` serves the kinds that are not named."""


@dataclass(frozen=True, slots=True)
class SqlChange:
    """SQL as the changelog has it (kinds ``sql`` and ``sql_file``).

    ``split`` and ``delimiter`` are the changeset's ``statements``: ``delimiter`` None means that the database's
    own lexical rules cut the text.
    """

    kind: str
    location: Location
    texts: SqlByKind
    split: bool = True
    delimiter: str | None = None


OperationValue = (
    str | int | Decimal | bool | SqlText | tuple["OperationValue", ...] | Mapping[str, "OperationValue"] | None
)
"""A value of a typed change: what YAML gives, and ``SqlText`` for what is SQL and not a value."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A typed change: what is to be done, in terms that every kind of database knows.

    ``kind`` is that of ``changes.KINDS``, ``values`` are its keys as written; keys left out are not there. ``texts``
    are those of the values (SQL apart) in which a parameter may stand, with their places.
    """

    kind: str
    location: Location
    values: Mapping[str, OperationValue]
    texts: tuple[SqlText, ...] = ()


Change = SqlChange | Operation


def sql_in(value: OperationValue) -> Iterator[SqlText]:
    """The pieces of SQL in a value of a typed change, or in all of its values."""
    if isinstance(value, SqlText):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from sql_in(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from sql_in(inner)


@dataclass(frozen=True, slots=True)
class RollbackChanges:
    """A rollback that runs changes; ``transaction`` False for statements that the database refuses in one.

    ``is_derived``: worked out from the changeset's own changes, for one kind of database.
    """

    changes: tuple[Change, ...]
    transaction: bool
    location: Location
    is_derived: bool = False


@dataclass(frozen=True, slots=True)
class Irreversible:
    """The changelog says that there is no way back, and why."""

    reason: str
    location: Location


@dataclass(frozen=True, slots=True)
class BackupRollback:
    """The data are saved before the changeset runs, and put back: of these tables, or of all the database (none)."""

    tables: tuple[str, ...]
    location: Location


@dataclass(frozen=True, slots=True)
class DerivedRollback:
    """What undoes the changes is to be worked out from them. ``location`` is that of ``auto``, or of the changeset's id
    where no rollback is written (``is_written`` False).
    """

    location: Location
    is_written: bool = False


Rollback = RollbackChanges | Irreversible | DerivedRollback | BackupRollback


# ------------------------------------------------------------------------------- preconditions and checks

Scalar = str | int | Decimal | bool | None


class OnFail(StrEnum):
    """What a precondition that does not hold, or cannot be evaluated, does to its changeset."""

    HALT = "halt"
    SKIP = "skip"
    MARK_APPLIED = "mark_applied"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class SqlTest:
    """One value of a query compared with what is expected."""

    texts: SqlByKind
    expect: Scalar


@dataclass(frozen=True, slots=True)
class ObjectExists:
    """``kind`` is table, view, column, index, foreign_key or sequence; ``name`` may be ``schema.name``.

    ``table`` is given for a column, and may be for an index or a foreign key.
    """

    kind: str
    name: str
    table: str | None = None


@dataclass(frozen=True, slots=True)
class RowCount:
    table: str
    expect: int


@dataclass(frozen=True, slots=True)
class IsApplied:
    changeset: str


@dataclass(frozen=True, slots=True)
class DbmsIs:
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunningAs:
    user: str


@dataclass(frozen=True, slots=True)
class ParameterDefined:
    name: str


@dataclass(frozen=True, slots=True)
class AllOf:
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class NoneOf:
    """``not``: holds where the test does not."""

    test: Test


Test = SqlTest | ObjectExists | RowCount | IsApplied | DbmsIs | RunningAs | ParameterDefined | AllOf | AnyOf | NoneOf


@dataclass(frozen=True, slots=True)
class Precondition:
    test: Test
    location: Location
    on_fail: OnFail = OnFail.HALT
    on_error: OnFail = OnFail.HALT
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """A query that must give ``expect`` after the changes, in the same transaction."""

    name: str
    texts: SqlByKind
    expect: Scalar
    location: Location


# --------------------------------------------------------------------------------------------- changesets


class Strength(StrEnum):
    """How strong an edge is: ``requires`` orders and is cascaded over, ``after`` only orders."""

    REQUIRES = "requires"
    AFTER = "after"


class Origin(StrEnum):
    """Where a dependency, or an edge of the graph, comes from."""

    DECLARED = "declared"
    LINEAR = "linear"
    TAG = "tag"
    INFERRED = "inferred"


@dataclass(frozen=True, slots=True)
class Dependency:
    """``optional`` means order only: after it, where it runs at all."""

    changeset: str
    location: Location
    optional: bool = False
    origin: Origin = Origin.DECLARED


class Run(StrEnum):
    ONCE = "once"
    ON_CHANGE = "on_change"
    ALWAYS = "always"


class OnError(StrEnum):
    HALT = "halt"
    CONTINUE = "continue"


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a changeset is tried again after a lock time-out or a deadlock; the pause doubles each time."""

    attempts: int = 0
    initial_seconds: float = 1.0


LOGIN = "none"
"""``run_as`` for the role that has logged in."""


@dataclass(frozen=True, slots=True)
class Consideration:
    """How a changeset treats the others on its database: what None leaves to the configuration.

    The time-outs are in milliseconds, 0 for none. ``run_as`` is the role that its statements run as.
    """

    lock_timeout: int | None = None
    statement_timeout: int | None = None
    retries: Retries | None = None
    run_as: str | None = None

    def over(self, weaker: Consideration) -> Consideration:
        """These values, and the other's where there is none here, field by field."""
        if self == _UNSAID:
            return weaker
        return Consideration(
            weaker.lock_timeout if self.lock_timeout is None else self.lock_timeout,
            weaker.statement_timeout if self.statement_timeout is None else self.statement_timeout,
            self.retries or weaker.retries,
            self.run_as or weaker.run_as,
        )


_UNSAID = Consideration()


@dataclass(frozen=True, slots=True)
class Changeset:
    """The unit that is applied, recorded and rolled back.

    ``contexts`` is the whole expression: the includes', the file's defaults' and its own, and-ed. ``location`` is that
    of the id. ``position`` counts changesets and tags together in declared order, from 0. ``source`` is the changeset
    as written in the file. ``accept_checksums`` None accepts any. ``lint_ignored`` are the rules of
    `changelog lint` that are off for it. ``infers`` False: what it needs is only what it declares.
    """

    id: str
    location: Location
    position: int
    changes: tuple[Change, ...]
    rollback: Rollback | None
    source: str
    author: str | None = None
    description: str | None = None
    labels: tuple[str, ...] = ()
    contexts: Expression | None = None
    dbms: tuple[str, ...] = ()
    formerly: tuple[str, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    checks: tuple[Check, ...] = ()
    transaction: bool = True
    run: Run = Run.ONCE
    on_error: OnError = OnError.HALT
    accept_checksums: tuple[str, ...] | None = ()
    consideration: Consideration = _UNSAID
    lint_ignored: tuple[str, ...] = ()
    infers: bool = True


@dataclass(frozen=True, slots=True)
class Tag:
    """A named point: it stands for what is declared at the positions ``first`` up to (not with) ``position``."""

    name: str
    location: Location
    position: int
    first: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A declared ``${name}``: ``contexts`` maps a context to its value, ``env`` names an environment variable."""

    name: str
    location: Location
    default: str | None = None
    env: str | None = None
    contexts: Mapping[str, str] = field(default_factory=dict)
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Inventory:
    """What a changelog was read from: all that can make it another one.

    ``files`` are names (relative to the root, with ``/``) with the SHA-256 of their bytes; ``globs`` are the file
    that a glob stands in, the pattern, and the names of its matches; ``values`` are the parameters that stand in file
    names, with the values given for them, None where the default holds.
    """

    files: tuple[tuple[str, str], ...] = ()
    globs: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    values: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Changelog:
    """All that the root file and its includes declare, in declared order.

    ``contexts`` are the names that the root declares, or None where it declares none. ``root`` is the folder that no
    path leaves. ``inventory`` has every file read, YAML and SQL. ``infers`` False: no edge is inferred from SQL.
    ``checksums`` are those that are known already, by kind of database and changeset.
    """

    name: str
    root: str
    changesets: tuple[Changeset, ...]
    tags: tuple[Tag, ...]
    parameters: Mapping[str, Parameter]
    contexts: tuple[str, ...] | None = None
    inventory: Inventory = Inventory()
    infers: bool = True
    checksums: Mapping[str, Mapping[str, str]] = field(default_factory=dict, compare=False)


# -------------------------------------------------------------------------------------- problems and facts


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault in a changelog, as data. ``length`` is what the caret underlines, in characters; ``line_text`` the
    line.
    """

    message: str
    location: Location
    hint: str | None = None
    length: int = 1
    line_text: str | None = None


Facts = Mapping[str, Any]
