"""Fields to changesets and tags, file by file in declared order."""

from __future__ import annotations

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from typing import Any

from changelog_engine.changelog.consideration import read_consideration
from changelog_engine.changelog.declarations import Defaults, read_lint_ignored, read_statements
from changelog_engine.changelog.expressions import all_of
from changelog_engine.changelog.file_log import FileLog
from changelog_engine.changelog.files import LoadedFile
from changelog_engine.changelog.keys import BACKUP, CHANGESET, IRREVERSIBLE, SHORT_FORMS, TAG
from changelog_engine.changelog.preconditions import parse_checks, parse_preconditions
from changelog_engine.changelog.texts import Texts
from changelog_engine.changes import KINDS
from changelog_engine.changes.nodes import Mapping, Node, Scalar
from changelog_engine.changes.shapes import Fields
from changelog_engine.model import (
    BackupRollback,
    Change,
    Changeset,
    Dependency,
    DerivedRollback,
    Expression,
    Irreversible,
    Location,
    OnError,
    Origin,
    Rollback,
    RollbackChanges,
    Run,
    SqlText,
    Tag,
)
from changelog_engine.nearest import nearest

_ONCE = Run.ONCE
_AUTO = "`rollback: auto`, or none at all, derives it where it is certain"
_NONE = "say that nothing undoes it and why: `rollback: {irreversible: REASON}`"
_BACKUP = "say what is to be saved: `rollback: {backup: {tables: [...]}}` or `rollback: {backup: database}`"
_MEANT = {
    **dict.fromkeys(("automatic", "automatically", "derive", "derived", "default"), _AUTO),
    **dict.fromkeys(("irreversible", "none", "no", "nothing", "never", "impossible"), _NONE),
    "backup": _BACKUP,
}
"""Words that people write for a rollback, and what they have to write: as SQL they would fail at the worst moment."""


class ChangePlace:
    """Where a change stands, for the reader of its kind (``changes.kinds.Place``)."""

    __slots__ = ("_log", "_texts", "delimiter", "location", "report", "split", "sql_text")

    def __init__(self, log: FileLog, texts: Texts, location: Location, statements: tuple[bool, str | None]) -> None:
        self._log = log
        self._texts = texts
        self.location = location
        self.split, self.delimiter = statements
        self.sql_text = log.sql_text
        self.report = log.report

    def file_text(self, path: Scalar) -> SqlText | None:
        return self._texts.file_text(path, self._log)


class Parser:
    """Builds ``changesets`` and ``tags``, in declared order."""

    def __init__(self, texts: Texts) -> None:
        self.texts = texts
        self.changesets: list[Changeset] = []
        self.tags: list[Tag] = []
        self.position = 0

    def parse(self, file: LoadedFile) -> None:
        """Add a file's changesets and tags; those of its includes must be there already."""
        inherited = all_of((*file.contexts, file.defaults.contexts))
        for fields in file.fields.take("changesets"):
            if fields.record is TAG:
                if "tag" in fields:
                    name: Scalar = fields["tag"]
                    self.tags.append(Tag(name.text, file.log.location(name), self.position, file.first))
                    self.position += 1
            elif "id" in fields:
                self.changesets.append(self._changeset(fields, file, inherited))
                self.position += 1
            else:
                self.texts.findings.complete = False

    def take(self, items: Sequence[Changeset | Tag]) -> None:
        """Add changesets and tags that were read before, which have their places already."""
        for item in items:
            if isinstance(item, Changeset):
                self.changesets.append(item)
            else:
                self.tags.append(item)
        self.position += len(items)

    def _changeset(self, fields: Fields, file: LoadedFile, inherited: Expression | None) -> Changeset:
        log, texts, defaults = file.log, self.texts, file.defaults
        id_node: Scalar = fields["id"]
        location = log.location(id_node)
        dbms = _texts_of(fields, "dbms") or defaults.dbms
        transaction: bool = fields.get("transaction", True)
        statements = (defaults.split, defaults.delimiter)
        if "statements" in fields:
            statements = read_statements(fields["statements"])
        changes = self._changes(fields, log, statements)
        for change in changes:
            texts.check_change(change, dbms, transaction=transaction)
        contexts = inherited
        if "contexts" in fields:
            contexts = all_of((inherited, log.expression(fields["contexts"])))
        return Changeset(
            id=id_node.text,
            location=location,
            position=self.position,
            changes=changes,
            rollback=self._rollback(fields, log, statements, dbms, transaction),
            source=_written(fields.node, log.source.text),
            author=_text_of(fields, "author", defaults.author),
            description=_text_of(fields, "description", None),
            labels=_labels(fields, defaults),
            contexts=contexts,
            dbms=dbms,
            formerly=_texts_of(fields, "formerly"),
            depends_on=self._depends_on(fields, file, location),
            preconditions=parse_preconditions(fields.get("preconditions", ()), log, texts),
            checks=parse_checks(fields.get("checks", ()), log, texts, dbms),
            transaction=transaction,
            run=Run(fields["run"]) if "run" in fields else _ONCE,
            on_error=OnError(fields["on_error"]) if "on_error" in fields else defaults.on_error,
            accept_checksums=_accepted(fields.get("accept_checksums", ())),
            consideration=read_consideration(fields, log, texts, defaults.consideration),
            lint_ignored=read_lint_ignored(fields, file.lint_ignored),
            infers=file.infers,
        )

    def _depends_on(self, fields: Fields, file: LoadedFile, location: Location) -> tuple[Dependency, ...]:
        """What is declared, and in a linear file what is declared before it."""
        log = file.log
        dependencies: list[Dependency] = []
        for item in fields.get("depends_on", ()):
            if item.__class__ is Scalar:
                dependencies.append(Dependency(item.text, log.location(item)))
            elif "id" in item:
                node: Scalar = item["id"]
                dependencies.append(Dependency(node.text, log.location(node), item.get("optional", False)))
        chain = file.chain
        if chain is not None:
            required = {dependency.changeset for dependency in dependencies if not dependency.optional}
            if chain.last is not None and chain.last not in required:
                dependencies.append(Dependency(chain.last, location, origin=Origin.LINEAR))
            chain.last = fields["id"].text
        return tuple(dependencies)

    def _changes(self, fields: Fields, log: FileLog, statements: tuple[bool, str | None]) -> tuple[Change, ...]:
        """The changes of a changeset or rollback, whichever way they are written."""
        for name in SHORT_FORMS:
            if name in fields:
                change = self._change(name, fields[name], log, log.location(fields.value(name)), statements)
                return () if change is None else (change,)
        return self._list(fields.get("changes", ()), log, statements)

    def _list(self, items: tuple[Fields, ...], log: FileLog, statements: tuple[bool, str | None]) -> tuple[Change, ...]:
        changes: list[Change] = []
        for item in items:
            for name, value in item.items():
                change = self._change(name, value, log, log.location(item.value(name)), statements)
                if change is not None:
                    changes.append(change)
        return tuple(changes)

    def _change(
        self, name: str, value: Any, log: FileLog, location: Location, statements: tuple[bool, str | None]
    ) -> Change | None:
        return KINDS[name].build(value, ChangePlace(log, self.texts, location, statements))

    def _rollback(
        self,
        fields: Fields,
        log: FileLog,
        statements: tuple[bool, str | None],
        dbms: tuple[str, ...],
        transaction: bool,
    ) -> Rollback | None:
        if "rollback" not in fields:
            unknown = fields.node.entries.keys() - CHANGESET.keys.keys()
            # One that is misspelled has been reported as an unknown key.
            if "rollback" not in fields.node.entries and nearest("rollback", unknown) is None:
                return DerivedRollback(log.location(fields["id"]))
            return None
        value: Scalar | tuple[Fields, ...] | Fields | MappingOf[str, Scalar] = fields["rollback"]
        node = fields.value("rollback")
        location = log.location(node)
        if isinstance(value, Scalar) and (meant := _MEANT.get(value.text.strip().lower())) is not None:
            log.report(f"the rollback `{value.text.strip()}` is no SQL", node, meant)
            return None
        if isinstance(value, Scalar) and value.text.strip().lower() == "auto":
            return DerivedRollback(location, is_written=True)
        if isinstance(value, Fields) and value.record is IRREVERSIBLE:
            return Irreversible(value["irreversible"].text, location) if value else None
        if isinstance(value, Fields) and value.record is BACKUP:
            return self._backup(fields, value, log)
        if isinstance(value, tuple):
            undoing = self._list(value, log, statements)
        elif isinstance(value, Fields):
            undoing = self._changes(value, log, statements)
            transaction = value.get("transaction", transaction)
        else:
            change = self._change("sql", value, log, location, statements)
            undoing = () if change is None else (change,)
        for change in undoing:
            self.texts.check_change(change, dbms, transaction=transaction)
        return RollbackChanges(undoing, transaction, location)

    def _backup(self, fields: Fields, value: Fields, log: FileLog) -> BackupRollback | None:
        if fields.get("run", "once") != "once":
            log.report(
                "a changeset that is run again is not undone by a backup",
                value.node,
                "the backup would hold what the run before it has made: write the rollback in SQL, or leave out `run`",
            )
        what = value.get("backup")
        if what is None:
            return None
        tables = tuple(node.text for node in what.get("tables", ())) if isinstance(what, Fields) else ()
        is_complete = isinstance(what, str) or tables
        return BackupRollback(tables, log.location(value.node)) if is_complete else None


def _text_of(fields: Fields, key: str, default: str | None) -> str | None:
    node: Scalar | None = fields.get(key)
    return default if node is None else node.text


def _texts_of(fields: Fields, key: str) -> tuple[str, ...]:
    return tuple([node.text for node in fields[key]]) if key in fields else ()


def _labels(fields: Fields, defaults: Defaults) -> tuple[str, ...]:
    own = _texts_of(fields, "labels")
    return tuple(dict.fromkeys((*defaults.labels, *own))) if own else defaults.labels


def _accepted(given: Node | tuple[Scalar, ...] | str) -> tuple[str, ...] | None:
    """The accepted checksums; None for ``any``."""
    return tuple(node.text for node in given) if isinstance(given, tuple) else None


def _written(node: Mapping, text: str) -> str:
    """A changeset as it stands in its file, without the indentation and without what follows it."""
    column = node.start.column
    written = text[node.start.index : node.end.index]
    if not node.is_flow:
        written = written.rstrip()
        last = written.rfind("\n") + 1
        while last and written[last:].lstrip().startswith("#") and not written.startswith(" " * column, last):
            written = written[:last].rstrip()
            last = written.rfind("\n") + 1
    return (written.replace("\n" + " " * column, "\n") if column else written) + "\n"
