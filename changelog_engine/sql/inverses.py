"""What undoes SQL: the statements of an inverse, or the reason why there is none for certain."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from changelog_engine.sql.effects import Thing


class Inverse(NamedTuple):
    """Statements in the order to run, none where there is nothing to undo.

    ``transaction`` False: the database refuses one of them in a transaction.
    """

    statements: tuple[str, ...] = ()
    transaction: bool = True


class Uncertain(NamedTuple):
    """Why no inverse is certain, as a clause for a sentence (``what `DROP` drops is known to nobody afterwards``).

    ``place`` is the offset of what it is about in the text, in characters; ``number`` tells which of several
    statements, from 0.
    """

    reason: str
    place: int = 0
    number: int = 0


class Unknown(NamedTuple):
    """Why the earlier state of an object is not known, as a clause (``no changeset before it makes `orders` ``)."""

    reason: str


class Known(Protocol):
    """What the changelog knows of the state that a statement finds: what changesets that come before it have made."""

    def value(self, thing: Thing, attribute: str) -> str | Unknown | None:
        """An attribute of an object, as SQL; None where it has none, as just after its making.

        Attributes of a column are ``type``, ``not null`` (``yes`` or None) and ``default``; of any object ``comment``;
        further ones are named by who sets them.
        """

    def columns(self, relation: Thing) -> tuple[str, ...] | Unknown:
        """The columns of a table, in their order."""

    def keys(self, relation: Thing) -> tuple[tuple[str, ...], ...] | Unknown:
        """The sets of columns by which a table's rows are known: its primary key first, then what is unique."""
