"""The texts of a changelog: the files it names, and the rules that hold for every text of SQL in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from changelog_engine.changelog.file_log import FileLog, Findings
from changelog_engine.changelog.paths import PathError, Root
from changelog_engine.changelog.source import Source, read_source
from changelog_engine.changes.kinds import DATABASE_KINDS
from changelog_engine.changes.nodes import Scalar
from changelog_engine.model import (
    Change,
    Inventory,
    Location,
    Operation,
    Parameter,
    Problem,
    SqlByKind,
    SqlChange,
    SqlText,
    sql_in,
)
from changelog_engine.nearest import nearest
from changelog_engine.sql.templates import MissingParameterError, expand, malformed_in, names_in

_CONTROL_WORDS = ("begin", "commit", "rollback", "end", "abort", "savepoint", "release", "start", "prepare")
_MAY_CONTROL = re.compile(
    r"\b(?:begin|commit|rollback|end|abort|savepoint|release|start\s+transaction|prepare\s+transaction)\b",
    re.IGNORECASE,
)
_BREAKS_SESSION = re.compile(
    r"--[^\n]*|/\*[\s\S]*?\*/|'(?:[^']|'')*'|(\bpg_advisory_unlock_all\b|\bdiscard\s+all\b)", re.IGNORECASE
)


class Texts:
    """Reads the files that a changelog names, and checks its texts.

    ``values`` are those that parameters in file names may take besides their defaults.
    """

    def __init__(self, root: Root, findings: Findings, values: Mapping[str, str]) -> None:
        self.root = root
        self.findings = findings
        self.values = values
        self.parameters: dict[str, Parameter] = {}
        self.sources: dict[str, Source] = {}
        """Every file read so far, by name."""
        self.globs: list[tuple[str, str, tuple[str, ...]]] = []
        """Every glob so far: the file that it stands in, the pattern, the names of its matches."""
        self._with_parameters: list[SqlText] = []
        self._in_file_names: set[str] = set()
        self._roles: list[SqlText] = []
        self._named_files: list[str] = []

    def problem_at(self, place: Location, message: str, hint: str | None = None, length: int = 1) -> None:
        self.findings.problems.append(self.locate(place, message, hint, length))

    def locate(self, place: Location, message: str, hint: str | None = None, length: int = 1) -> Problem:
        source = self.sources[place.file]
        return source.problem(message, place.line, place.column, hint=hint, length=length)

    def inventory(self) -> Inventory:
        """All that was read."""
        files = ((name, source.digest) for name, source in self.sources.items())
        values = ((name, self.values.get(name)) for name in sorted(self._in_file_names))
        return Inventory(tuple(sorted(files)), tuple(self.globs), tuple(values))

    # ------------------------------------------------------------------------------------------------ files

    def expand_path(self, node: Scalar, log: FileLog) -> str | None:
        """The path that a file name means; None after reporting a parameter in it that has no value here.

        A file is read before anything is known of a run, so ``${name}`` in its name has the value given for the whole
        project (option or configuration) or its default; contexts and environment variables don't reach it.
        """
        if "${" not in node.text:
            return node.text
        for name, _ in names_in(node.text):
            self._in_file_names.add(name)
            if name in self.parameters and self.parameters[name].secret:
                log.report(f"the secret parameter `{name}` cannot be part of a file name", node)
                return None
        known = {name: declared.default for name, declared in self.parameters.items() if declared.default is not None}
        try:
            return expand(node.text, {**known, **self.values}, ())
        except MissingParameterError as error:
            message = f"parameter `{error.name}` in a file name has no value"
            hint = "give it a `default`, or a value with `--param` or in the configuration"
            if error.name not in self.parameters:
                message = f"parameter `{error.name}` in a file name is not declared"
                hint = "declare it in this file, in one that includes it or in one included before"
                close = nearest(error.name, self.parameters)
                hint = f"did you mean `${{{close}}}`?" if close else hint
            log.report(message, node, hint)
            return None

    def file_text(self, node: Scalar, log: FileLog) -> SqlText | None:
        """The text of the SQL file that ``node`` names; None after reporting why it cannot be read."""
        written = self.expand_path(node, log)
        if written is None:
            return None
        try:
            path = self.root.locate(written, log.source.path)
        except PathError as error:
            log.report(error.message, node, error.hint)
            return None
        name = self.root.name(path)
        source = self.sources.get(name)
        if source is None:
            source = self.read(path, name, node, log)
            if source is None:
                return None
        if source.text.strip() == "":
            log.report(f"`{name}` is empty", node)
            return None
        self._named_files.append(name)
        return SqlText(source.text, Location(name, 1, 1))

    def read(self, path: Path, name: str, node: Scalar, log: FileLog) -> Source | None:
        """A file that ``node`` names; None after reporting why it cannot be read."""
        try:
            source = read_source(path, name)
        except FileNotFoundError:
            log.report(f"there is no file `{name}`", node, _near_file(path, self.root))
            return None
        except IsADirectoryError:
            log.report(f"`{name}` is a folder", node)
            return None
        except OSError as error:
            log.report(f"`{name}` cannot be read: {(error.strerror or str(error)).lower()}", node)
            return None
        if isinstance(source, Problem):
            self.findings.problems.append(source)
            return None
        self.sources[name] = source
        return source

    # -------------------------------------------------------------------------------- what was read before

    def mark(self) -> tuple[int, int, int]:
        """How many texts with parameters, roles and files of SQL there are so far."""
        return len(self._with_parameters), len(self._roles), len(self._named_files)

    def since(
        self, mark: tuple[int, int, int]
    ) -> tuple[tuple[SqlText, ...], tuple[SqlText, ...], tuple[tuple[str, str], ...]]:
        """The texts with parameters, the roles and the files of SQL, with their digests, that came after a mark."""
        names = sorted(set(self._named_files[mark[2] :]))
        files = tuple((name, self.sources[name].digest) for name in names)
        return tuple(self._with_parameters[mark[0] :]), tuple(self._roles[mark[1] :]), files

    def finds(self, files: Iterable[tuple[str, str]]) -> bool:
        """Whether the files of SQL are there, and have these digests."""
        for name, digest in files:
            source = self.sources.get(name)
            if source is None:
                try:
                    found = read_source(self.root.folder / name, name)
                except OSError:
                    return False
                if isinstance(found, Problem):
                    return False
                source = self.sources[name] = found
            if source.digest != digest:
                return False
        return True

    def take(self, texts: Iterable[SqlText], roles: Iterable[SqlText]) -> None:
        """Add texts with parameters, and roles, that were read before."""
        self._with_parameters += texts
        self._roles += roles

    # ------------------------------------------------------------------------------------------------- rules

    def check_parameters(self, sql: SqlText) -> None:
        """Report each ``${`` that is no parameter; ``report_unknown_parameters`` later tells which are not declared."""
        if "${" not in sql.text:
            return
        self._with_parameters.append(sql)
        for text, offset in malformed_in(sql.text):
            message = f"`{text}` is no parameter: a name is letters, digits and `. _ -`, between `${{` and `}}`"
            self.problem_at(sql.locate(offset), message, "a literal `${` is written `$${`", len(text))

    def check_role(self, role: SqlText) -> None:
        """As ``check_parameters``, for the name of a role: plans and the ledger show it, so that no secret may be in
        it.
        """
        self.check_parameters(role)
        self._roles.append(role)

    def report_unknown_parameters(self) -> None:
        """Report each ``${name}`` in the texts so far that no file declares; to be called when all files are read."""
        for role in self._roles:
            for name, offset in names_in(role.text):
                if name in self.parameters and self.parameters[name].secret:
                    message = f"the secret parameter `{name}` cannot be part of a role's name, which plans show"
                    self.problem_at(role.locate(offset), message, "declare it without `secret`", len(name) + 3)
        for sql in self._with_parameters:
            for name, offset in names_in(sql.text):
                if name in self.parameters:
                    continue
                close = nearest(name, self.parameters)
                hint = f"did you mean `${{{close}}}`?" if close else "declare it under `parameters:`"
                hint += f" (a literal `${{{name}}}` is written `$${{{name}}}`)"
                self.problem_at(sql.locate(offset), f"parameter `{name}` is not declared", hint, len(name) + 3)

    def check_change(self, change: Change, dbms: tuple[str, ...], *, transaction: bool) -> None:
        """``check_sql`` for a change of any kind."""
        if change.__class__ is SqlChange:
            self.check_sql(change.texts, dbms, transaction=transaction)
            return
        assert isinstance(change, Operation)
        for text in change.texts:
            self.check_parameters(text)
        for sql in sql_in(change.values):
            self.check_sql({"default": sql}, dbms, transaction=transaction)

    def check_sql(self, texts: SqlByKind, dbms: tuple[str, ...], *, transaction: bool) -> None:
        """Report what a changeset's SQL may not do: name undeclared parameters, end its transaction, break the session.

        ``dbms`` are the database kinds that the changeset is for, empty for all.
        """
        for kind, sql in texts.items():
            if "${" in sql.text:
                self.check_parameters(sql)
            lower = sql.text.lower()
            for word in _CONTROL_WORDS:
                if word in lower:
                    self._check_transaction_control(sql, _served(kind, texts, dbms), transaction)
                    break
            if "pg_advisory_unlock_all" in lower or "discard" in lower:
                self._check_session(sql)

    def _check_transaction_control(self, sql: SqlText, kinds: Iterable[str], transaction: bool) -> None:
        if not _MAY_CONTROL.search(sql.text):
            return
        # the SQL parser behind this takes longer to import than a small changelog to read
        from changelog_engine.sql.statements import transaction_control

        # What ends a routine's body for one kind may look like an END or COMMIT by the rules of another.
        found: set[tuple[str, int]] | None = None
        for kind in kinds:
            of_kind = set(transaction_control(sql, kind))
            found = of_kind if found is None else found & of_kind
            if not found:
                return
        for keyword, offset in sorted(found or (), key=lambda place: place[1]):
            hint = "remove it: the changes and their ledger row commit together"
            if transaction:
                hint += "; for statements that the database refuses in a transaction write `transaction: false`"
            else:
                hint = "remove it: outside of a transaction each statement commits by itself, and is recorded"
            message = f"`{keyword}` may not stand in a changeset's SQL, as the engine begins and ends transactions"
            self.problem_at(sql.locate(offset), message, hint, len(keyword))

    def _check_session(self, sql: SqlText) -> None:
        for match in _BREAKS_SESSION.finditer(sql.text):
            if match[1] is not None:
                word = " ".join(match[1].split())
                message = f"`{word}` would release the lock that keeps other runs out of this database"
                hint = "remove it; the engine resets the session after each changeset"
                if word.lower().startswith("pg_"):
                    hint = "release the changeset's own locks by key: `pg_advisory_unlock(key)`"
                self.problem_at(sql.locate(match.start(1)), message, hint, len(match[1]))


def _served(kind: str, texts: SqlByKind, dbms: tuple[str, ...]) -> tuple[str, ...]:
    """The database kinds whose SQL a text is."""
    if kind != "default":
        return (kind,)
    included = [name for name in dbms if not name.startswith("!")]
    rest = [
        name
        for name in DATABASE_KINDS
        if name not in texts and f"!{name}" not in dbms and (not included or name in included)
    ]
    return tuple(rest)


def _near_file(path: Path, root: Root) -> str | None:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return f"there is no folder `{root.name(path.parent)}` either; paths are relative to the file that names them"
    close = nearest(path.name, names)
    return f"did you mean `{close}`?" if close else "paths are relative to the file that names them"
