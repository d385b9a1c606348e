"""What a rollback's restores will meet: looked at once, before its first step, past what the steps before them will do.

A table holds at a restore's turn what it holds now, unless an earlier step of the same rollback touches it: a restore
leaves it as its own backup says, statements as nobody knows beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping

from changelog_engine.databases.backup import DATABASE, GONE, Backups, Saved, differences, states_after
from changelog_engine.plan.steps import Step
from changelog_engine.sql.touching import touched_by


class Foresight:
    """Steps are told to it in their order. ``dbms`` is the kind of database that their statements are for."""

    def __init__(self, backups: Backups, dbms: str) -> None:
        self._backups = backups
        self._dbms = dbms
        # What restores will leave, by the tables' own names; None is what is not known. All other tables are as
        # ``_base`` has them, as now where that is None; but for those of ``_unknown``, or all where nothing is known.
        self._left: dict[str, str | None] = {}
        self._base: Mapping[str, str | None] | None = None
        self._unknown: set[str] = set()
        self._knows = True

    def written_since(self, saved: Saved) -> tuple[str, ...]:
        """What will have been written since the backup's changeset when the turn comes to restore it, as sentences, as
        far as that is known now.
        """
        then = states_after(saved)
        if not self._knows or then is None:
            return ()
        own = {table.wanted: _name_of(table.after) or table.table for table in saved.tables}
        needs_now = self._base is None and (saved.scope == DATABASE or any(map(self._is_as_now, own.values())))
        now = self._backups.states(saved) if needs_now else {}
        names = own or dict.fromkeys([*then, *now, *self._left, *(self._base or ())])
        found: dict[str, str] = {}
        for name in names:
            table = own.get(name, name)
            state = now.get(name, GONE) if self._is_as_now(table) else self._foreseen(table, is_named=bool(own))
            if state is not None:
                found[name] = state
        return differences({name: state for name, state in then.items() if name in found}, found)

    def restores(self, saved: Saved) -> None:
        """A step restores this backup."""
        restored = self._backups.states_restored(saved)
        if saved.scope == DATABASE:
            self._knows, self._base = restored is not None, restored
            self._left.clear()
            self._unknown.clear()
            return
        renamed = (_name_of(table.after) for table in saved.tables)
        self._left.update(dict.fromkeys(name for name in renamed if name is not None))
        self._left.update(restored or {})

    def runs(self, step: Step) -> None:
        """A step runs its statements."""
        touched = touched_by((statement.template for statement in step.statements), self._dbms)
        if touched is None or (touched.written and not self._backups.keeps_to(touched.written)):
            self._knows = False
            return
        self._unknown |= touched.named
        self._left.update(dict.fromkeys(name for name in self._left if self._is_touched(name)))

    def _is_as_now(self, table: str) -> bool:
        return self._base is None and table not in self._left and not self._is_touched(table)

    def _is_touched(self, table: str) -> bool:
        """Whether statements may touch it: they know names without schema and quotes, in lower case."""
        return not self._unknown.isdisjoint({table.lower(), table.rpartition(".")[2].strip('"').lower()})

    def _foreseen(self, table: str, *, is_named: bool) -> str | None:
        """The state that earlier steps will leave, with the table's name where that is part of it."""
        if table in self._left:
            state = self._left[table]
        else:
            state = None if self._base is None or self._is_touched(table) else self._base.get(table, GONE)
        return f"{state}:{table}" if is_named and state not in (None, GONE) else state


def _name_of(state: str | None) -> str | None:
    """The name at the end of a table's state, where it has one."""
    parts = (state or "").split(":", 2)
    return parts[2] if len(parts) == 3 else None
