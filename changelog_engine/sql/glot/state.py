"""What reading a text has found so far, and how its names are folded and looked up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from changelog_engine.sql.disguise import is_parameter
from changelog_engine.sql.effects import Act, Effect, Effects, ForeignKey, Kind, Opaque, RowWrite, Thing, Writing
from changelog_engine.sql.glot.own_names import is_own

ANY = "*"
"""The name of a column that cannot be told from the text."""

TEMPORARY = "temp"

_NEEDS = (Act.USES, Act.MAY_USE, Act.USES_WHEN_RUN)
_LOWER = {code: chr(code + 32) for code in range(ord("A"), ord("Z") + 1)}

Row = tuple[tuple[str, str], ...]


class State:
    """Statements and expressions are read into one of these.

    ``text`` is the whole text, disguised; ``start`` and ``end`` are the statement that is being read, in it. ``body``
    is what is stored now and runs later (a trigger, a procedure), while it is read: what it needs, it needs
    when it runs.
    """

    def __init__(self, text: str, dbms: str) -> None:
        self.text = text
        self.dbms = dbms
        self.start, self.end = 0, len(text)
        self.body = ""
        self.temporary: set[str] = set()
        self._objects: list[Effect] = []
        self._seen: set[tuple[Act, Thing]] = set()
        self._writes: list[RowWrite] = []
        self._foreign_keys: list[ForeignKey] = []
        self._opaque: list[Opaque] = []

    def effects(self) -> Effects:
        return Effects(tuple(self._objects), tuple(self._writes), tuple(self._foreign_keys), tuple(self._opaque))

    # ------------------------------------------------------------------------------------------------- names

    @property
    def is_sqlite(self) -> bool:
        return self.dbms == "sqlite"

    def fold(self, name: str) -> str:
        """A name as it is compared. MySQL's names of tables keep their case on some servers only: on none of them are
        there two that differ by nothing else, in a changelog that runs on all.
        """
        return name.translate(_LOWER) if self.is_sqlite else name.lower()

    def relation(self, name: str, schema: str = "") -> Thing | None:
        """A relation by its name as written; None for one that is temporary, which nobody else sees."""
        name, schema = self.fold(name), self.fold(schema)
        if self.is_sqlite:
            if schema == TEMPORARY:
                return None
            schema = "" if schema == "main" else schema
        if not schema and name in self.temporary:
            return None
        return Thing(Kind.RELATION, name, schema)

    def new_relation(self, name: str, schema: str = "", temporary: bool = False) -> Thing | None:
        """A relation that is about to be made; None for a temporary one."""
        if temporary or (self.is_sqlite and self.fold(schema) == TEMPORARY):
            self.temporary.add(self.fold(name))
            return None
        return self.relation(name, schema)

    # ------------------------------------------------------------------------------------------ what is found

    def _elsewhere(self, relation: Thing) -> tuple[str, ...]:
        """MySQL's ``shop.orders`` is ``orders`` where the changelog is that of the database ``shop``."""
        return ("",) if relation.schema and not self.is_sqlite else ()

    def add(self, act: Act, thing: Thing, word: str, place: int, alternatives: tuple[str, ...] = ()) -> None:
        """An effect."""
        if self.body and act is Act.USES:
            act = Act.USES_WHEN_RUN
        # What is needed is said once; what is done may be done again (dropped, and made anew).
        if (act, thing) not in self._seen or act not in _NEEDS:
            self._seen.add((act, thing))
            self._objects.append(Effect(act, thing, word, place, alternatives))

    def use_relation(self, relation: Thing | None, place: int, word: str = "table", act: Act = Act.USES) -> None:
        if relation is not None and not is_own(relation, self.dbms):
            self.add(act, relation, word, place, self._elsewhere(relation))

    def use_column(self, relation: Thing | None, name: str, place: int, act: Act = Act.USES) -> None:
        """A column by its name as written; one that is a parameter alone may be anything."""
        if relation is not None and not is_own(relation, self.dbms) and not is_parameter(name):
            thing = self.part(relation, Kind.COLUMN, name)
            self.add(act, thing, "column", place, self._elsewhere(relation))

    def use(self, kind: Kind, name: str, word: str, place: int, schema: str = "") -> None:
        """What is of no relation, by its name as written, unless it is the database's own."""
        thing = Thing(kind, self.fold(name), self.fold(schema))
        if not is_own(thing, self.dbms):
            self.add(Act.USES, thing, word, place)

    def part(self, relation: Thing, kind: Kind, name: str) -> Thing:
        """A column, constraint or key of a relation."""
        return Thing(kind, self.fold(name), "", of(relation))

    def key(self, relation: Thing, columns: Sequence[str]) -> Thing:
        """The key that a set of columns is; the primary one for none."""
        return Thing(Kind.KEY, ",".join(sorted(self.fold(name) for name in columns)), "", of(relation))

    def writes(
        self,
        writing: Writing,
        relation: Thing | None,
        place: int,
        columns: Sequence[str] = (),
        rows: tuple[Row, ...] | None = None,
    ) -> None:
        if relation is not None and not self.body:
            columns = sorted(self.fold(name) for name in columns)
            self._writes.append(RowWrite(writing, relation, tuple(columns), rows, place))

    def refers(self, relation: Thing, columns: Sequence[str], target: Thing, keys: Sequence[str], place: int) -> None:
        """A foreign key is made, with its columns as written."""
        of_child, of_parent = ([self.fold(name) for name in names] for names in (columns, keys))
        self._foreign_keys.append(ForeignKey(relation, tuple(of_child), target, tuple(of_parent), place))

    def opaque(self, what: str, place: int) -> None:
        self._opaque.append(Opaque(what, place))

    @contextmanager
    def later(self, body: str) -> Iterator[None]:
        """While what is read runs later."""
        kept, self.body = self.body, body
        try:
            yield
        finally:
            self.body = kept


def of(relation: Thing) -> str:
    """A relation as what its columns are of."""
    return f"{relation.schema}.{relation.name}" if relation.schema else relation.name
