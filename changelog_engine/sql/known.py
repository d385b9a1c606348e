"""What the changelog knows of the state that it has come to, on one kind of database: told and asked in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, Self

from changelog_engine.sql.inverses import Inverse

Names = Sequence[str]
"""The name of a table without quotes, with that of its schema before it where one is given."""


class ColumnFacts(NamedTuple):
    """What is known of a column, as it stands in a changelog.

    ``type`` is SQL, ``default`` too; None for none. ``is_nullable`` None: it takes no NULL, by a constraint whose name
    it would not get again. ``is_generated``: the database makes its values itself, as numbers or from other columns.
    """

    type: str
    is_nullable: bool | None = True
    default: str | None = None
    comment: str | None = None
    is_generated: bool = False


class Known(Protocol):
    """Knowledge that grows changeset by changeset, in the order in which they are applied.

    Only what is certain: of what else may have changed something, nothing is known any more.
    """

    def begin(self) -> None:
        """What comes next is another changeset."""

    def take_in(self, text: str, *, is_certain: bool = True) -> None:
        """Take in what a text of the changeset at hand, as written, does, or may have done."""

    def invert(self, texts: Sequence[str]) -> Inverse:
        """What undoes texts of the changeset at hand, as written, in the order to run; they are taken in.

        Raises UncertainError for the first statement of which that is not certain; it is not taken in any more.
        """
        ...

    @property
    def has_settings(self) -> bool:
        """Whether the changeset at hand has set where names are looked up, or the role."""
        ...

    def key_of_rows(self, insert: str) -> tuple[str, ...]:
        """The columns by whose literals the rows of an INSERT are found again. UncertainError where none are."""
        ...

    def column(self, table: Names, name: str) -> ColumnFacts | None:
        """What is known of a column; None for nothing, or not all of it."""
        ...

    def comment(self, table: Names) -> str | None:
        """The comment of a table, as SQL; empty for none, None where it is not known."""
        ...

    def refuse_relied_on(self, table: Names, columns: Sequence[str]) -> None:
        """UncertainError where an index of a table may not be dropped again, as a foreign key may rely on it."""

    def is_own(self, table: Names) -> bool:
        """Whether it is known that the changeset at hand has made a table, and given it no triggers."""
        ...

    def forget_others(self, table: Names) -> None:
        """Know no longer the tables of other names that may be this one, as there are parameters in the names."""

    def copy(self) -> Self:
        """The same, to be told more by itself."""
        ...
