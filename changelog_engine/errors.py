"""Every error that the engine raises, each with an exit code, a code for programs and a remedy.

::

    ChangelogEngineError                    code, exit_code, hint, facts
    ├── UsageError                     2    wrong options or selector
    │   └── ConfigurationError         2    changelog.toml, environment, URL
    ├── InvalidChangelogError          3    problems
    ├── DatabaseError                  1    the database refused something of ours
    │   ├── ConnectionFailedError      1    no connection could be made
    │   ├── ConnectionLostError        1    it was there, and is gone
    │   └── StatementError             1    one statement was refused: the database's words, the position in it
    ├── ChangesetFailedError           1    changeset, statement, location, the database's words, what is done
    │   ├── BackupFailedError          1
    │   ├── CheckFailedError           1
    │   └── PreconditionFailedError    1
    ├── PlanRefusedError               7    nothing was run: dependents, irreversible, overtaken
    ├── LockNotObtainedError           5    who holds it, since when, how long was waited
    ├── InterruptedRunError        130/143  SIGINT or SIGTERM
    └── LedgerError                    6
        ├── ChecksumMismatchError      6    an applied changeset was edited
        ├── BrokenChainError           6
        ├── InDoubtError               6
        └── LedgerTooNewError          6

``message`` says what happened and what state the database is in; ``hint`` what to do next.
"""

from __future__ import annotations

from typing import Any, ClassVar

from changelog_engine.model import Location, Problem


class ChangelogEngineError(Exception):
    """Base of all: ``message`` is one sentence or more, ``hint`` the remedy, ``facts`` what a program may want."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        location: Location | None = None,
        changeset: str | None = None,
        statement: str | None = None,
        facts: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.location = location
        self.changeset = changeset
        self.statement = statement
        self.facts: dict[str, Any] = facts or {}


class UsageError(ChangelogEngineError):
    exit_code = 2
    code = "usage"


class ConfigurationError(UsageError):
    code = "configuration"


class InvalidChangelogError(ChangelogEngineError):
    """The changelog is invalid: ``problems`` holds all that is wrong, sorted by place; nothing was run.

    ``facts["warnings"]`` holds what would have been warned of besides.
    """

    exit_code = 3
    code = "invalid_changelog"

    def __init__(self, problems: tuple[Problem, ...], warnings: tuple[Problem, ...] = ()) -> None:
        count = len(problems)
        noun = "error" if count == 1 else "errors"
        super().__init__(f"the changelog has {count} {noun}; nothing was run", facts={"warnings": warnings})
        self.problems = tuple(sorted(problems, key=lambda problem: problem.location))

    def __str__(self) -> str:
        """The message with all problems, for logs; ``message`` is its first line."""
        return "\n".join([self.message, *(f"{problem.location}: {problem.message}" for problem in self.problems)])


class DatabaseError(ChangelogEngineError):
    code = "database"


class ConnectionFailedError(DatabaseError):
    code = "connection_failed"


class ConnectionLostError(DatabaseError):
    code = "connection_lost"


class StatementError(DatabaseError):
    """One statement was refused. ``position`` is the character in its text (from 0) that the database names.

    ``refuses_transaction``: the statement may stand outside of a transaction only. ``may_pass``: it failed for what
    others did at the same moment (a lock time-out, a deadlock), and may succeed in another try.
    """

    code = "statement_refused"

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        position: int | None = None,
        detail: str | None = None,
        hint: str | None = None,
        refuses_transaction: bool = False,
        may_pass: bool = False,
    ) -> None:
        super().__init__(message, hint=hint)
        self.may_pass = may_pass
        self.refuses_transaction = refuses_transaction
        self.sqlstate = sqlstate
        self.position = position
        self.detail = detail


class ChangesetFailedError(ChangelogEngineError):
    code = "changeset_failed"


class BackupFailedError(ChangesetFailedError):
    """A backup could not be made, or not be restored; nothing of the changeset was done, or undone."""

    code = "backup_failed"


class TooMuchForOneTransactionError(ChangesetFailedError):
    """All steps in one transaction need more locks than the server has room for; nothing was done."""

    code = "too_much_for_one_transaction"


class CheckFailedError(ChangesetFailedError):
    code = "check_failed"


class PreconditionFailedError(ChangesetFailedError):
    code = "precondition_failed"


class PlanRefusedError(ChangelogEngineError):
    exit_code = 7
    code = "plan_refused"


class LockNotObtainedError(ChangelogEngineError):
    exit_code = 5
    code = "lock_not_obtained"


class InterruptedRunError(ChangelogEngineError):
    """A signal ended the run cleanly; ``signal`` is its number, the exit code is 128 + that."""

    code = "interrupted"

    def __init__(
        self, message: str, *, signal: int, hint: str | None = None, facts: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message, hint=hint, facts=facts)
        self.signal = signal


class LedgerError(ChangelogEngineError):
    exit_code = 6
    code = "ledger"


class ChecksumMismatchError(LedgerError):
    code = "checksum_mismatch"


class BrokenChainError(LedgerError):
    code = "broken_chain"


class InDoubtError(LedgerError):
    code = "in_doubt"


class LedgerTooNewError(LedgerError):
    code = "ledger_too_new"
