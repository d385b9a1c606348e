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
    Irreversible,
    IsApplied,
    Location,
    NoneOf,
    ObjectExists,
    Parameter,
    Precondition,
    Problem,
    RowCount,
    RunningAs,
    SqlByKind,
    SqlTest,
    SqlText,
    Test,
)
from changelog_engine.plan.describe import describe_test
from changelog_engine.plan.steps import Assertion, Condition, Statement
from changelog_engine.sql.statements import clean_text, split_statements, text_for
from changelog_engine.sql.templates import MissingParameterError, TemplateError, expand, to_template

NO_BACKUPS = ("mysql", "mariadb")
"""Kinds of databases whose DDL commits by itself, so that a backup could be half restored."""


class Rendering:
    """Renders changesets for one run. ``problems`` collects what cannot be run: no SQL for this kind, no value."""

    def __init__(
        self,
        graph: ChangesetGraph,
        parameters: Mapping[str, Parameter],
        values: Mapping[str, str],
        secrets: frozenset[str],
        dbms: str,
        configured: Consideration,
    ) -> None:
        self.graph = graph
        self.parameters = parameters
        self.values = values
        self.secrets = secrets
        self.dbms = dbms
        self.configured = configured
        self.problems: list[Problem] = []

    def statements(self, changeset: Changeset) -> tuple[Statement, ...]:
        """The changeset's statements, as templates."""
        return self._statements(changeset, changeset.changes, "")

    def rollback(self, changeset: Changeset) -> StoredRollback | None:
        """The changeset's rollback as the ledger keeps it; None where it declares none."""
        match changeset.rollback:
            case None:
                return None
            case Irreversible(reason):
                return StoredRollback("irreversible", reason=reason)
            case BackupRollback() as wanted:
                return self._backup(changeset, wanted)
            case declared:
                statements = self._statements(changeset, declared.changes, "the rollback of ")
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

    def _statements(self, changeset: Changeset, changes: Sequence[Change], what: str) -> tuple[Statement, ...]:
        found: list[Statement] = []
        for change in changes:
            written = text_for(change.texts, self.dbms)
            if written is None:
                self._report_no_text(changeset, change.location, what)
                continue
            sql = self._expand(changeset, written)
            pieces = split_statements(sql, self.dbms, change.delimiter) if change.split else _whole(sql)
            is_cut = change.split and change.delimiter in (None, ";")
            found.extend(
                Statement(
                    self._template(piece.text),
                    piece.location,
                    piece.column,
                    is_one=is_cut or len(split_statements(piece, self.dbms)) <= 1,
                )
                for piece in pieces
            )
        return tuple(found)

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
    return tuple(dict.fromkeys(kind for change in changeset.changes for kind in change.texts))


def has_text(changeset: Changeset, dbms: str) -> bool:
    """Whether all of the changeset's changes have SQL for this kind of database."""
    return all(text_for(change.texts, dbms) is not None for change in changeset.changes)
