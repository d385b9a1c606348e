"""What a changeset declares, as a step runs it on one kind of database: statements, conditions, checks, rollback."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.ledger.entries import StoredRollback
from changelog_engine.model import (
    AllOf,
    AnyOf,
    BackupRollback,
    Change,
    Changeset,
    Consideration,
    DerivedRollback,
    Irreversible,
    IsApplied,
    Location,
    NoneOf,
    ObjectExists,
    Operation,
    Parameter,
    Precondition,
    Problem,
    RowCount,
    RunningAs,
    SqlByKind,
    SqlChange,
    SqlTest,
    SqlText,
    Test,
    sql_in,
)
from changelog_engine.plan.describe import describe_test
from changelog_engine.plan.steps import Assertion, Condition, Statement
from changelog_engine.plan.typed import Definitions, TypedChanges, fill_operation, no_definitions
from changelog_engine.sql.statements import clean_text, split_statements, text_for
from changelog_engine.sql.templates import MissingParameterError, TemplateError, expand, names_in, to_template

NO_BACKUPS = ("mysql", "mariadb")
"""Kinds of databases whose DDL commits by itself, so that a backup could be half restored."""


class Rendering:
    """Renders changesets for one run, in the order in which they will run.

    ``problems`` collects what cannot be run: no SQL for this kind, no value. ``notes`` are for people. ``is_done``:
    what the changesets do is there already, so that a typed change need not be possible any more.
    """

    def __init__(
        self,
        graph: ChangesetGraph,
        parameters: Mapping[str, Parameter],
        values: Mapping[str, str],
        secrets: frozenset[str],
        dbms: str,
        configured: Consideration,
        definitions: Definitions = no_definitions,
        *,
        is_done: bool = False,
    ) -> None:
        self.is_done = is_done
        self.graph = graph
        self.parameters = parameters
        self.values = values
        self.secrets = secrets
        self.dbms = dbms
        self.configured = configured
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.typed = TypedChanges(dbms, graph, definitions, self._filled_quietly)

    def statements(self, changeset: Changeset) -> tuple[Statement, ...]:
        """The changeset's statements, as templates."""
        return self._statements(changeset, changeset.changes, "")

    def rollback(self, changeset: Changeset) -> StoredRollback | None:
        """The changeset's rollback as the ledger keeps it; None where it has none."""
        match changeset.rollback:
            case None | DerivedRollback():
                # One that could not be derived, as there is no SQL for this kind of database.
                return None
            case Irreversible(reason):
                return StoredRollback("irreversible", reason=reason)
            case BackupRollback() as wanted:
                return self._backup(changeset, wanted)
            case declared:
                statements = self._undoing(changeset, declared.changes)
                templates = tuple(statement.template for statement in statements)
                role = self.consideration(changeset).run_as
                return StoredRollback("sql", templates, transaction=declared.transaction, role=role)

    def _backup(self, changeset: Changeset, wanted: BackupRollback) -> StoredRollback:
        if self.dbms in NO_BACKUPS:
            message = f"changeset `{changeset.id}` has a rollback by backup, and none is made on {self.dbms}"
            hint = (
                f"DDL commits by itself there: write the rollback for {self.dbms} in SQL, from a copy of the data that "
                f"the changeset makes, or keep the changeset from it with `dbms: ['!{self.dbms}']`"
            )
            self.problems.append(Problem(message, wanted.location, hint=hint))
        names = [self._expand(changeset, SqlText(name, wanted.location)).text for name in wanted.tables]
        return StoredRollback("backup", backup={"scope": "tables" if names else "database", "wanted": names})

    def consideration(self, changeset: Changeset) -> Consideration:
        """The changeset's own time-outs, retries and role, and the configuration's where it says nothing."""
        found = changeset.consideration.over(self.configured)
        own = changeset.consideration.run_as
        if own is None or "${" not in own:
            return found
        role = self._expand(changeset, SqlText(own, changeset.location)).text.strip()
        if not role:
            message = f"changeset `{changeset.id}`: `run_as: {own}` names no role, as the value is empty"
            hint = "give the parameter a value; `none` is the login's own role"
            self.problems.append(Problem(message, changeset.location, hint=hint))
        return replace(found, run_as=role)

    def conditions(self, changeset: Changeset) -> tuple[Condition, ...]:
        """The changeset's preconditions, their queries as templates."""
        found = []
        for precondition in changeset.preconditions:
            test = self._test(changeset, precondition, precondition.test)
            found.append(
                Condition(
                    describe_test(test),
                    test,
                    precondition.on_fail,
                    precondition.on_error,
                    precondition.message,
                    precondition.location,
                )
            )
        return tuple(found)

    def checks(self, changeset: Changeset) -> tuple[Assertion, ...]:
        """The changeset's checks, their queries as templates."""
        found = []
        for check in changeset.checks:
            text = self._text(changeset, check.texts, check.location, f"check `{check.name}` of ")
            query = Statement("") if text is None else Statement(text.text, text.location, text.column)
            found.append(Assertion(check.name, query, check.expect, check.location))
        return tuple(found)

    def _undoing(self, changeset: Changeset, changes: Sequence[Change]) -> tuple[Statement, ...]:
        """The statements of a rollback, which what comes next does not find."""
        what = "the rollback of "
        if any(isinstance(change, Operation) for change in changes):
            with self.typed.aside():
                return self._statements(changeset, changes, what, after=changeset.changes)
        return tuple(
            each for change in changes if isinstance(change, SqlChange) for each in self._sql(changeset, change, what)
        )

    def _statements(
        self, changeset: Changeset, changes: Sequence[Change], what: str, after: Sequence[Change] = ()
    ) -> tuple[Statement, ...]:
        found: list[Statement] = []
        earlier = list(after)
        for change in changes:
            if isinstance(change, Operation):
                made = self._operation(changeset, change, earlier, what)
            else:
                made = self._sql(changeset, change, what)
            earlier.append(change)
            found.extend(made)
            self.typed.ran(statement.template for statement in made)
        return tuple(found)

    def _sql(self, changeset: Changeset, change: SqlChange, what: str) -> Sequence[Statement]:
        written = text_for(change.texts, self.dbms)
        if written is None:
            self._report_no_text(changeset, change.location, what)
            return ()
        sql = self._expand(changeset, written)
        pieces = split_statements(sql, self.dbms, change.delimiter) if change.split else _whole(sql)
        is_cut = change.split and change.delimiter in (None, ";")
        return [
            Statement(
                self._template(piece.text),
                piece.location,
                piece.column,
                is_one=is_cut or len(split_statements(piece, self.dbms)) <= 1,
            )
            for piece in pieces
        ]

    def _operation(
        self, changeset: Changeset, operation: Operation, earlier: Sequence[Change], what: str
    ) -> Sequence[Statement]:
        from changelog_engine.operations.errors import OperationError

        filled = self._filled(changeset, operation)
        if filled is None or (self.is_done and not what):
            return ()
        try:
            rendered = self.typed.render(filled, changeset.id, earlier)
        except OperationError as error:
            message = f"{what}changeset `{changeset.id}`: `{filled.kind}`: {error.message}"
            self.problems.append(Problem(message, filled.location, hint=error.hint))
            return ()
        note = f"`{changeset.id}`: {self.dbms} keeps no comments, so `{filled.kind}` does nothing there"
        if not rendered and note not in self.notes:
            self.notes.append(note)
        return [Statement(self._template(sql), filled.location, is_written=False) for sql in rendered]

    def _filled_quietly(self, change: Change) -> Change | None:
        """A change with the values of parameters; None where one has none, or where it has no SQL for this kind."""
        try:
            if isinstance(change, Operation):
                return self._fill(change)
            written = text_for(change.texts, self.dbms)
            if written is None:
                return None
            return replace(change, texts={self.dbms: replace(written, text=self._expanded(written))})
        except TemplateError:
            return None

    def _filled(self, changeset: Changeset, operation: Operation) -> Operation | None:
        """An operation with the values of parameters in its texts; None after reporting what is missing."""
        try:
            return self._fill(operation)
        except TemplateError as error:
            for text in (*operation.texts, *sql_in(operation.values)):
                try:
                    self._expanded(text)
                except TemplateError as faulty:
                    self._report_template(changeset, text, faulty)
                    return None
            self.problems.append(Problem(f"changeset `{changeset.id}`: {error.message}", operation.location))
            return None

    def _fill(self, operation: Operation) -> Operation:
        if not operation.texts and not any(sql_in(operation.values)):
            return operation
        use = "escaped" if self.dbms in ("mysql", "mariadb") else "quoted"

        def word(text: str) -> str:
            for name, offset in names_in(text):
                if name in self.secrets:
                    raise TemplateError(f"the secret parameter `{name}` cannot be part of a name or type", offset)
            return expand(text, self.values, self.secrets)

        def sql(written: SqlText) -> SqlText:
            text = SqlText(self._expanded(written), written.location, written.column)
            pieces = split_statements(text, self.dbms)
            if len(pieces) != 1:
                raise TemplateError("a piece of SQL in a typed change must be one, without `;`", 0)
            return pieces[0]

        return fill_operation(operation, word, lambda text: expand(text, self.values, self.secrets, use), sql)

    def _expanded(self, written: SqlText) -> str:
        return expand(clean_text(written.text), self.values, self.secrets)

    def _text(self, changeset: Changeset, texts: SqlByKind, location: Location, what: str) -> SqlText | None:
        """A query for this kind as a template, without the semicolon that some end it with."""
        written = text_for(texts, self.dbms)
        if written is None:
            self._report_no_text(changeset, location, what)
            return None
        sql = self._expand(changeset, written)
        pieces = split_statements(sql, self.dbms)
        only = pieces[0] if len(pieces) == 1 else sql
        return SqlText(self._template(only.text), only.location, only.column)

    def _test(self, changeset: Changeset, precondition: Precondition, test: Test) -> Test:
        match test:
            case SqlTest(texts, expect):
                text = self._text(changeset, texts, precondition.location, "a precondition of ")
                return SqlTest({} if text is None else {"default": text}, expect)
            case ObjectExists(kind, name, table):
                of_table = None if table is None else self._word(changeset, precondition, table)
                return ObjectExists(kind, self._word(changeset, precondition, name), of_table)
            case RowCount(table, expect):
                return RowCount(self._word(changeset, precondition, table), expect)
            case RunningAs(user):
                return RunningAs(self._word(changeset, precondition, user))
            case IsApplied(name):
                return IsApplied(self.graph.present_ids.get(name, name))
            case AllOf(tests):
                return AllOf(tuple(self._test(changeset, precondition, inner) for inner in tests))
            case AnyOf(tests):
                return AnyOf(tuple(self._test(changeset, precondition, inner) for inner in tests))
            case NoneOf(inner):
                return NoneOf(self._test(changeset, precondition, inner))
            case other:
                return other

    def _word(self, changeset: Changeset, precondition: Precondition, text: str) -> str:
        return self._template(self._expand(changeset, SqlText(text, precondition.location)).text)

    def _template(self, expanded: str) -> str:
        return to_template(expanded, self.secrets)

    def _expand(self, changeset: Changeset, written: SqlText) -> SqlText:
        try:
            text = expand(clean_text(written.text), self.values, self.secrets)
        except TemplateError as error:
            self._report_template(changeset, written, error)
            return written
        return SqlText(text, written.location, written.column)

    def _report_template(self, changeset: Changeset, written: SqlText, error: TemplateError) -> None:
        location = written.locate(error.offset)
        if not isinstance(error, MissingParameterError):
            self.problems.append(Problem(f"changeset `{changeset.id}`: {error.message}", location))
            return
        declared = self.parameters.get(error.name)
        ways = [f"`--param {error.name}=VALUE`"]
        if declared is not None and declared.env is not None:
            ways.append(f"the environment variable `{declared.env}`")
        ways.append(f"`{error.name}` in the `parameters` of changelog.toml")
        if declared is not None and not declared.secret:
            ways.append("a default where it is declared")
        message = f"parameter `{error.name}` has no value, and changeset `{changeset.id}` is to run"
        hint = f"give it one by {', '.join(ways[:-1])} or {ways[-1]}"
        self.problems.append(Problem(message, location, hint=hint, length=len(error.name) + 3))

    def _report_no_text(self, changeset: Changeset, location: Location, what: str) -> None:
        message = f"{what}changeset `{changeset.id}` has no SQL for {self.dbms}"
        kinds = ", ".join(k for k in _kinds(changeset) if k != "default")
        limit = f", or limit the changeset with `dbms: [{kinds}]`" if kinds else ""
        self.problems.append(Problem(message, location, hint=f"add a text under `{self.dbms}` or `default`{limit}"))


def _whole(sql: SqlText) -> tuple[SqlText, ...]:
    return (sql,) if sql.text.strip() else ()


def _kinds(changeset: Changeset) -> tuple[str, ...]:
    written = (change for change in changeset.changes if isinstance(change, SqlChange))
    return tuple(dict.fromkeys(kind for change in written for kind in change.texts))


def has_text(changeset: Changeset, dbms: str) -> bool:
    """Whether all of the changeset's changes have SQL for this kind of database."""
    return all(
        change.__class__ is Operation or text_for(change.texts, dbms) is not None  # type: ignore[arg-type]
        for change in changeset.changes
    )
