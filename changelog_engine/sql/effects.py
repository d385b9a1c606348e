"""What SQL does to the objects of a database, as values: what it makes, uses, changes and drops, and which rows.

Names are as the database stores them: folded where they were not quoted. ``schema`` is empty for the default one
(PostgreSQL's ``public``, SQLite's ``main``), so that ``t`` and ``public.t`` are one name. A parameter in SQL stands as
``${name}`` in a name that it is part of: effects are those of the text as written, the same in every environment.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a name is the name of.

    ``RELATION`` is any table, view, materialized view, sequence, index or composite type: in PostgreSQL they share one
    space of names, and what uses one need not know which it is. ``KEY`` is a set of columns that is unique in its
    relation, named by the sorted columns joined by commas: what foreign keys and ON CONFLICT look for. The primary key
    is the key with the empty name too, for a foreign key that names no columns. A relation whose columns, keys or
    constraints cannot be told from the text (``SELECT *``, INHERITS, LIKE, a relation that was renamed) makes one that
    is named ``*``: it may have any. Who uses the key ``*`` uses any. ``TYPE`` is also the type of a table's or view's
    rows, which is made along with it.
    """

    SCHEMA = "schema"
    RELATION = "relation"
    COLUMN = "column"
    CONSTRAINT = "constraint"
    KEY = "key"
    TRIGGER = "trigger"
    POLICY = "policy"
    RULE = "rule"
    ROUTINE = "routine"
    OPERATOR = "operator"
    TYPE = "type"
    VALUE = "enum value"
    COLLATION = "collation"
    TEXT_SEARCH = "text search object"
    EXTENSION = "extension"
    ROLE = "role"
    OTHER = "object"


class Thing(NamedTuple):
    """The name of an object. ``of`` is the relation of a column, constraint, key, trigger, policy or rule, as
    ``schema.name`` or ``name``, and the type of an enum value; for ``OTHER`` it is the word for what it is
    ("publication"), and for all others it is empty.
    """

    kind: Kind
    name: str
    schema: str = ""
    of: str = ""


class Act(StrEnum):
    """What is done to an object.

    ``CREATES`` and ``RENAMES_TO`` make a name; ``REPLACES`` makes it whether or not it is there (OR REPLACE),
    ``ENSURES`` only where it is not (IF NOT EXISTS). ``DROPS`` and ``RENAMES_FROM`` end a name. ``ALTERS`` changes an
    object, and ``TIGHTENS`` refuses rows that it took before (SET NOT NULL, a new check). ``USES`` needs it to be
    there. ``MAY_USE`` does so if there is such a thing: a column that one of several relations may have; nobody misses
    it. ``USES_WHEN_RUN`` needs it as soon as a body runs that only is stored now (PL/pgSQL): who makes it comes before,
    as with ``USES``, unless a firmer edge says otherwise; that nobody makes it is a notice at most.

    What ALTERS, TIGHTENS, RENAMES_FROM and DROPS need is said by a ``USES`` of its own beside them, so that IF EXISTS
    can do without.
    """

    CREATES = "creates"
    REPLACES = "replaces"
    ENSURES = "ensures"
    RENAMES_TO = "renames to"
    ALTERS = "alters"
    TIGHTENS = "tightens"
    USES = "uses"
    MAY_USE = "may use"
    USES_WHEN_RUN = "uses when it runs"
    RENAMES_FROM = "renames from"
    DROPS = "drops"


class Effect(NamedTuple):
    """``word`` is what people call the object ("table", "materialized view"), ``place`` the offset in the text, in
    characters. ``alternatives`` are the other schemas, after the thing's own, in which a used name is looked for (for a
    column and the like: in which its relation is). ``arguments`` are the types of a routine's or operator's arguments
    ("int4, mood") where it is made, changed or dropped: overloads are one thing, but to replace one is not to replace
    the other. None where they are not told.
    """

    act: Act
    thing: Thing
    word: str
    place: int = 0
    alternatives: tuple[str, ...] = ()
    arguments: str | None = None


class Writing(StrEnum):
    INSERTS = "inserts"
    UPDATES = "updates"
    DELETES = "deletes"


class RowWrite(NamedTuple):
    """Rows of a relation that are written.

    ``columns`` are those that are set, sorted; empty for all. ``rows`` are the literal values by which the rows are
    known, for INSERT those of each row and for UPDATE and DELETE those that WHERE compares with ``=`` or ``IN``: each a
    sorted tuple of (column, literal as written); None where the rows cannot be told.
    """

    writing: Writing
    relation: Thing
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[tuple[str, str], ...], ...] | None = None
    place: int = 0


class ForeignKey(NamedTuple):
    """Rows of ``relation`` refer by ``columns`` to rows of ``target``; ``target_columns`` empty: its primary key."""

    relation: Thing
    columns: tuple[str, ...]
    target: Thing
    target_columns: tuple[str, ...] = ()
    place: int = 0


class ColumnType(NamedTuple):
    """The type of a column, where that is not the database's own; ``alternatives`` are other schemas of the type."""

    column: Thing
    type: Thing
    alternatives: tuple[str, ...] = ()


class Inherits(NamedTuple):
    """A relation that has all columns that ``parent`` gets: a child, a partition."""

    relation: Thing
    parent: Thing
    alternatives: tuple[str, ...] = ()


class Literal(NamedTuple):
    """A text that a column is given, or compared with. If the column is of an enum, it is one of its values:
    ``implied_uses`` tells, from the columns of all changesets.
    """

    column: Thing
    text: str
    place: int = 0
    alternatives: tuple[str, ...] = ()


class RowField(NamedTuple):
    """A function that triggers call has a field of the row that it is called for: a column of the trigger's table."""

    routine: Thing
    column: str


class Call(NamedTuple):
    """A trigger on ``relation`` calls ``routine``, and so uses the columns that this has fields of."""

    relation: Thing
    routine: Thing
    place: int = 0
    alternatives: tuple[str, ...] = ()


class Opaque(NamedTuple):
    """What cannot be read, in words, and where: dynamic SQL, an unknown statement."""

    what: str
    place: int = 0


class Effects(NamedTuple):
    """All that a text does, in its order. What it makes and then uses itself is among the uses too."""

    objects: tuple[Effect, ...] = ()
    writes: tuple[RowWrite, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    opaque: tuple[Opaque, ...] = ()
    column_types: tuple[ColumnType, ...] = ()
    literals: tuple[Literal, ...] = ()
    inherits: tuple[Inherits, ...] = ()
    row_fields: tuple[RowField, ...] = ()
    calls: tuple[Call, ...] = ()


class Refusal(NamedTuple):
    """A statement that a database refuses in a transaction, in words ("CREATE INDEX CONCURRENTLY"), and where it is."""

    what: str
    place: int
