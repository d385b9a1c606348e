"""A plan as a script for the database's own client: statements and ledger rows, guarded against a ledger that moved
on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from changelog_engine.databases.database import Session
from changelog_engine.execute import records
from changelog_engine.execute.backups import refuse_script
from changelog_engine.execute.executor import DONE
from changelog_engine.execute.records import RunFacts
from changelog_engine.execute.transactions import is_one_transaction
from changelog_engine.ledger.entries import COLUMNS, Entry, Event, LedgerState, bounded, link, text_digest
from changelog_engine.ledger.ledger import Ledger
from changelog_engine.model import LOGIN, Consideration
from changelog_engine.plan.steps import Action, Plan, Step
from changelog_engine.sql.templates import show


def render_script(plan: Plan, state: LedgerState, ledger: Ledger, run: RunFacts, now: str) -> str:
    """The script that does what executing the plan does, but for preconditions and checks, which it names in
    comments. Raises PlanRefusedError for backups.
    """
    refuse_script(plan)
    return "\n".join(_Script(plan, state, ledger, run, now).lines()) + "\n"


class _Script:
    def __init__(self, plan: Plan, state: LedgerState, ledger: Ledger, run: RunFacts, now: str) -> None:
        self.plan = plan
        self.state = state
        self.ledger = ledger
        self.session: Session = ledger.session
        self.run = run
        self.now = now
        self.head = plan.head
        names = ledger.tables.quoted(self.session.quote)
        self.ledger_table, self.lock_table = names["ledger"], names["lock"]

    def lines(self) -> Iterator[str]:
        yield from self._header()
        yield from self.session.script_guard(self.ledger.tables.lock_name, self._expectation())
        if not self.state.exists:
            parts = self.ledger.tables.parts(self.session.kind, self.session.quote)
            yield from self._statements(part.sql for part in parts)
        if self.plan.renames:
            yield from self._transaction(self._renames())
        for step in self.plan.steps:
            yield from self._step(step)

    def _header(self) -> Iterator[str]:
        yield f"-- {self.plan.direction} of changelog `{self.plan.changelog}` on {self.session.location}"
        yield f"-- made at {self.now}, for the ledger's head {self.plan.head.seq}:{self.plan.head.hash or '(empty)'}"
        if any(f"${{{name}}}" in _text(self.plan.steps) for name in self.run.secrets):
            yield "-- NOT RUNNABLE AS IT IS: secret parameters stand as ${name}; put their values in first"

    def _expectation(self) -> str:
        """SQL that is true where the ledger is as the plan has it; the tables' own creation guards an absent ledger."""
        if not self.state.exists:
            return "1 = 1"
        head = self.plan.head
        return (
            f"EXISTS (SELECT 1 FROM {self.lock_table} WHERE id = 1 AND head_seq = {head.seq}"
            f" AND head_hash = {self.session.literal(head.hash)})"
        )

    def _renames(self) -> Iterator[str]:
        for old, new in self.plan.renames:
            before = self.state.recorded[old]
            kept = self.ledger.read_entry(before.rollback_seq)
            for entry in records.renamed_entries(before, kept, new, self.run):
                yield from self._record(entry)

    def _step(self, step: Step) -> Iterator[str]:
        yield ""
        yield f"-- {step.action} {step.id}: {step.reason}"
        if step.consideration.retries is not None and step.consideration.retries.attempts:
            yield "-- retries: not by this script, which stops at the first error"
        for condition in step.conditions:
            yield f"-- precondition, not evaluated by this script: {_one_line(condition.text)}"
        for check in step.checks:
            yield f"-- check, not evaluated by this script: {_one_line(show(check.query.template))}"
        if step.action is Action.TAG:
            entry = records.tag_entry(Event.TAGGED, step.id, self.run, declared=True, changesets=step.tag_set)
            yield from self._transaction(self._record(entry))
        elif is_one_transaction(self.session, step):
            yield from self._transaction(self._changes(step))
        else:
            yield from self._outside(step)

    def _changes(self, step: Step) -> Iterator[str]:
        if step.statements:
            yield from self._statements(self.session.preamble(step.consideration))
        yield from self._statements(show(statement.template) for statement in step.statements)
        yield from self.session.script_reset()
        yield from self._record(self._done(step))

    def _outside(self, step: Step) -> Iterator[str]:
        done = tuple(text_digest(statement.template) for statement in step.statements[: step.first])
        yield from self._transaction(self._record(records.started_entry(step, self.run, done, outside=step.first)))
        yield from self._statements(self.session.preamble(step.consideration))
        role = step.consideration.run_as
        for index in range(step.first, len(step.statements)):
            if role is not None and index > step.first:
                yield from self._statements(self.session.preamble(Consideration(run_as=role)))
            yield from self._statements([show(step.statements[index].template)])
            if role is not None:
                # The ledger is written as the login itself, which alone may have the right to.
                yield from self._statements(self.session.preamble(Consideration(run_as=LOGIN)))
            yield from self._transaction(self._record(records.statement_entry(step, self.run, index, duration_ms=None)))
        yield from self.session.script_reset()
        yield from self._transaction(self._record(self._done(step)))

    def _statements(self, texts: Iterable[str]) -> Iterator[str]:
        for text in texts:
            yield from self.session.script_statement(text)

    def _done(self, step: Step) -> Entry:
        return records.done_entry(DONE[step.action], step, self.run, duration_ms=None, detail={"script": True})

    def _transaction(self, lines: Iterable[str]) -> Iterator[str]:
        yield "BEGIN;"
        yield from lines
        yield "COMMIT;"

    def _record(self, entry: Entry) -> Iterator[str]:
        row = link(bounded(replace(entry, changelog=self.ledger.changelog, recorded_at=self.now)), self.head)
        self.head = replace(self.head, seq=row.seq, hash=row.hash)
        literal: Callable[[str | int | None], str] = self.session.literal
        values: Mapping[str, str] = {
            name: literal(getattr(row, name)) for name in COLUMNS if getattr(row, name) is not None
        }
        columns = ", ".join(self.session.quote(name) for name in values)
        yield f"INSERT INTO {self.ledger_table} ({columns}) VALUES ({', '.join(values.values())});"
        yield (
            f"UPDATE {self.lock_table} SET head_seq = {row.seq}, head_hash = {literal(row.hash)} "
            f"WHERE id = 1 AND head_seq = {row.seq - 1};"
        )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _text(steps: Iterable[Step]) -> str:
    return "\n".join(show(statement.template) for step in steps for statement in step.statements)
