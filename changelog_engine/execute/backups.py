"""Rollback by backup, around a step: saved before its statements, looked at after them, restored in their place."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from changelog_engine.databases.backup import DATABASE, BackupError, Backups, Saved, Wanted, differences, states_after
from changelog_engine.databases.database import Session
from changelog_engine.errors import BackupFailedError, ChangelogEngineError, PlanRefusedError, StatementError
from changelog_engine.execute.foresight import Foresight
from changelog_engine.execute.records import RunFacts, direction_of
from changelog_engine.ledger.entries import Direction
from changelog_engine.ledger.ledger import Ledger
from changelog_engine.plan.steps import Action, Plan, Step, makes_backup, restores_backup

_NO_RIGHT = "42501"
_NO_ROOM = ("53100", "SQLITE_FULL")

_KEEP = (
    "look at what was done, and keep what of it is still needed elsewhere; `--discard-newer-rows` restores the tables "
    "all the same"
)


class StepBackups:
    """The backups of one run's steps: with its session, its ledger, its clock and the folder for files."""

    def __init__(self, session: Session, ledger: Ledger, run: RunFacts, now: Callable[[], str], folder: str) -> None:
        self.session = session
        self.ledger = ledger
        self.run = run
        self.now = now
        self.folder = folder

    def refuse(self, plan: Plan) -> None:
        """Before anything is run: raise PlanRefusedError for a backup that cannot be made or restored, or whose restore
        would lose what was written since.

        What an earlier step of the plan still makes or changes is looked at again when its turn comes.
        """
        for step in filter(makes_backup, plan.steps):
            with self._looking(step):
                self._backups().check(self.wanted_of(step))
        # A single restore is looked at in its own transaction, with nothing before it.
        if len(plan.steps) > 1 and any(map(restores_backup, plan.steps)):
            self._refuse_restores(plan)

    def _refuse_restores(self, plan: Plan) -> None:
        foresight: Foresight | None = None
        newer: dict[str, Sequence[str]] = {}
        for step in plan.steps:
            with self._looking(step):
                backups = self._backups()
                foresight = foresight or Foresight(backups, plan.dbms)
                if not restores_backup(step):
                    foresight.runs(step)
                    continue
                saved = saved_of(step)
                self._wait_as_asked(step)
                backups.check_restore(saved)
                if (fault := backups.fault(saved)) is not None:
                    raise BackupError(fault, hint=_by_hand(step, saved))
                found = () if step.discards_newer else foresight.written_since(saved)
                newer.update({step.id: found} if found else {})
                foresight.restores(saved)
        if newer:
            words = "; ".join(f"`{name}`: {', '.join(found)}" for name, found in newer.items())
            raise PlanRefusedError(
                f"nothing was rolled back, as a restore would undo what was done since the changeset: {words}",
                hint=_KEEP,
                changeset=next(iter(newer)),
                facts={"backup": True},
            )

    @contextmanager
    def _looking(self, step: Step) -> Iterator[None]:
        """A transaction in which the step's backup is looked at, with nothing run yet."""
        self.session.begin()
        try:
            yield
        except (BackupError, StatementError) as error:
            words = f"cannot be {'restored' if step.action is Action.ROLLBACK else 'made'}"
            raise PlanRefusedError(
                f"nothing was run: the backup of changeset `{step.id}` {words}: {self.run.redact(error.message)}",
                hint=_remedy(error),
                changeset=step.id,
                location=step.changeset.location if step.changeset else None,
                facts={"backup": True},
            ) from error
        finally:
            self.session.rollback()

    @contextmanager
    def made(self, step: Step) -> Iterator[Step]:
        """Save what the step's rollback asks for; gives the step with the backup that was made, or as it was.

        To be entered in a transaction, before the step's own statements. Where the block fails, files are taken away
        again; the rest goes with the transaction. Raises BackupFailedError.
        """
        if not makes_backup(step):
            yield step
            return
        with self._explained(step):
            self._wait_as_asked(step)
            saved = self._backups().save(self.wanted_of(step))
        try:
            yield _with(step, saved)
        except BaseException:
            if saved.scope == DATABASE:
                with suppress(ChangelogEngineError):
                    self._backups().remove(saved)
            raise

    def kept(self, step: Step) -> Step:
        """A step that goes on where an earlier run stopped, with the backup that that run has made."""
        rollback = self.ledger.read_begun_rollback(step.id) if makes_backup(step) else None
        return step if rollback is None else replace(step, rollback=rollback)

    def marked(self, step: Step) -> Step:
        """The step with what its tables hold after its statements; in their transaction, after the session's reset."""
        if not makes_backup(step):
            return step
        with self._explained(step):
            return _with(step, self._backups().mark(saved_of(step)))

    def restore(self, step: Step) -> None:
        """In a transaction: put back what was saved, unless it is damaged, or rows were written since."""
        saved = saved_of(step)
        with self._explained(step):
            backups = self._backups()
            self._wait_as_asked(step)
            backups.check_restore(saved)
            if (fault := backups.fault(saved)) is not None:
                raise BackupError(fault, hint=_by_hand(step, saved))
            # Others may have written between the look before the first step and now: only from the lock on can nobody.
            backups.lock(saved)
            newer: tuple[str, ...] = ()
            if not step.discards_newer:
                newer = differences(states_after(saved), backups.states(saved)) + backups.altered_since(saved)
            if newer:
                raise BackupError(f"{'; '.join(newer)}: a restore would undo what was done since", hint=_KEEP)
            backups.restore(saved)

    def wanted_of(self, step: Step) -> Wanted:
        """What a step's rollback wants saved, with a name of its own."""
        tables = self.ledger.tables
        text = f"{self.run.deployment}/{self.ledger.changelog}/{step.id}/{self.now()}"
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return Wanted(
            f"{tables.backup_name}_{digest}",
            tuple(_backup_of(step)["wanted"]),
            tables.schema,
            tables.names,
            self.folder,
        )

    def _backups(self) -> Backups:
        backups = self.session.backups
        if backups is None:
            raise BackupError(
                f"no backups are made on {self.session.kind}",
                hint="write the rollback in SQL for this kind of database",
            )
        return backups

    def _wait_as_asked(self, step: Step) -> None:
        """The tables are locked with the step's own time-outs, and as the one who runs all this."""
        for sql in self.session.preamble(replace(step.consideration, run_as=None)):
            self.session.execute(sql)

    @contextmanager
    def _explained(self, step: Step) -> Iterator[None]:
        """Whatever stands in the way becomes the failure of the changeset, of which nothing was changed."""
        try:
            yield
        except (BackupError, StatementError) as error:
            if step.action is Action.ROLLBACK:
                said = "was not rolled back, and nothing of it was changed"
            else:
                said = "was not begun, as its backup could not be made"
            words = self.run.redact(error.message)
            raise BackupFailedError(
                f"changeset `{step.id}` {said}: {words}",
                hint=_remedy(error),
                changeset=step.id,
                location=step.changeset.location if step.changeset else None,
                facts={"statement": None, "message": words, "backup": True},
            ) from error


def refuse_script(plan: Plan) -> None:
    """Raise PlanRefusedError where a plan makes or restores a backup: what the ledger keeps of one, its digests and the
    tables' definitions, is known only when it is made.
    """
    for step in plan.steps:
        if makes_backup(step) or restores_backup(step):
            verb = "saves" if makes_backup(step) else "restores"
            raise PlanRefusedError(
                f"no script is made: changeset `{step.id}` {verb} a backup, and a script cannot read it back, nor "
                "record its digest",
                hint=f"run `changelog {plan.direction}` itself, or leave that changeset out with `--select`",
                changeset=step.id,
            )


def saved_of(step: Step) -> Saved:
    """The backup that a rollback restores."""
    return Saved.from_object(_backup_of(step))


def _backup_of(step: Step) -> Mapping[str, Any]:
    backup = None if step.rollback is None else step.rollback.backup
    assert backup is not None
    return backup


def detail_of(step: Step) -> dict[str, Any]:
    """What the ledger's ``detail`` says of a backup that was made or restored: nothing where there is none."""
    if step.rollback is None or step.rollback.backup is None or "place" not in step.rollback.backup:
        return {}
    saved = saved_of(step)
    tables = [
        {"table": table.wanted, "copy": table.copy, "rows": table.rows, "size": table.size, "sha256": table.sha256}
        for table in saved.tables
    ]
    values = {"scope": saved.scope, "place": saved.place, "size": saved.size, "sha256": saved.sha256}
    verb = "restored" if direction_of(step) is Direction.ROLLBACK else "backup"
    return {verb: {**values, "tables": tables}}


def _with(step: Step, saved: Saved) -> Step:
    assert step.rollback is not None
    return replace(step, rollback=replace(step.rollback, backup=saved.to_object()))


def _remedy(error: BackupError | StatementError) -> str | None:
    if isinstance(error, StatementError) and error.sqlstate == _NO_RIGHT:
        return "grant the role that right, or run as the role that owns what is named"
    if isinstance(error, StatementError) and error.sqlstate in _NO_ROOM:
        return "make room on the disk of the database, or prune earlier backups with `changelog backups --prune`"
    return error.hint


def _by_hand(step: Step, saved: Saved) -> str:
    if saved.scope == DATABASE:
        return (
            "put that very file back at its place (its SHA-256 is in `changelog backups`, the machine that made it in "
            f"`changelog history`); else undo the changeset by hand, and then say `changelog unmark {step.id}`"
        )
    return (
        "take the rows from a backup of the database that is older than the damage, undo the changeset by hand with "
        f"them, and then say `changelog unmark {step.id}`"
    )
