"""The files of a changelog: the root file and all that it includes, each read once, in declared order."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from changelog_engine.changelog.declarations import (
    check_included,
    check_versions,
    read_context_names,
    read_defaults,
    read_lint_ignored,
    read_name,
    read_parameters,
)
from changelog_engine.changelog.file_log import FileLog
from changelog_engine.changelog.files import Chain, LoadedFile
from changelog_engine.changelog.keeping import KeptFiles
from changelog_engine.changelog.keys import CHANGELOG
from changelog_engine.changelog.parser import Parser
from changelog_engine.changelog.paths import PathError, is_glob
from changelog_engine.changelog.source import Source
from changelog_engine.changelog.texts import Texts
from changelog_engine.changelog.yaml_nodes import compose
from changelog_engine.changes.nodes import Scalar
from changelog_engine.changes.scalars import value_of
from changelog_engine.changes.shapes import Fields
from changelog_engine.model import Expression, Location


@dataclass(frozen=True, slots=True)
class _Inherited:
    """What an include hands to the files it brings."""

    contexts: tuple[Expression, ...] = ()
    chain: Chain | None = None
    lint_ignored: tuple[str, ...] = ()


class Loader:
    """Loads files and hands each to ``parser`` when its includes are done.

    After ``load_root``, ``name`` and ``contexts`` are what the root file declares.
    """

    def __init__(self, texts: Texts, parser: Parser, engine_version: str, kept: KeptFiles) -> None:
        self.kept = kept
        self.texts = texts
        self.parser = parser
        self.findings = texts.findings
        self.engine_version = engine_version
        self.name = "main"
        self.contexts: tuple[str, ...] | None = None
        self.infers = True
        self._open: dict[Path, str] = {}
        """The files that include each other right now, by real path: the name of each."""
        self._included: dict[Path, Location] = {}
        """Where each file was included."""

    def load_root(self, source: Source) -> None:
        """Load the root file and all that it includes."""
        fields, log = self._structure(source)
        if fields is None:
            return
        self.name = read_name(fields)
        self.contexts = log.contexts = read_context_names(fields)
        self.infers = fields.get("infer", True)
        self._load(source, fields, log, _Inherited())
        source.let_go()

    def _structure(self, source: Source) -> tuple[Fields | None, FileLog]:
        log = FileLog(source, self.findings, self.contexts)
        node, problems = compose(source)
        self.findings.problems.extend(problems)
        is_empty = node is None and not problems
        if is_empty or (isinstance(node, Scalar) and value_of(node) is None):
            hint = "write at least `changesets: []`"
            self.findings.problems.append(source.problem(f"`{source.name}` is empty", 1, 1, hint=hint))
        elif node is not None:
            fields = CHANGELOG.read(node, log, "a changelog")
            if isinstance(fields, Fields):
                return fields, log
        self.findings.complete = False
        return None, log

    def _load(self, source: Source, fields: Fields, log: FileLog, inherited: _Inherited) -> None:
        first = self.parser.position
        check_versions(fields, log, self.engine_version)
        read_parameters(fields, log, self.texts.parameters)
        chain = _chain(fields.get("order"), inherited.chain)
        ignored = read_lint_ignored(fields, inherited.lint_ignored)
        real = source.path.resolve()
        self._open[real] = source.name
        for item in fields.get("include", ()):
            self._include(item, log, _Inherited(inherited.contexts, chain, ignored))
        del self._open[real]
        defaults = read_defaults(fields, log, self.texts)
        infers = fields.get("infer", True)
        self.parser.parse(LoadedFile(log, fields, defaults, inherited.contexts, chain, first, ignored, infers))

    def _include(self, item: Scalar | Fields, log: FileLog, inherited: _Inherited) -> None:
        if isinstance(item, Fields):
            if "path" not in item:
                self.findings.complete = False
                return
            node: Scalar = item["path"]
            contexts = log.expression(item["contexts"]) if "contexts" in item else None
            inherited = _Inherited(
                inherited.contexts if contexts is None else (*inherited.contexts, contexts),
                _chain(item.get("order"), inherited.chain),
                inherited.lint_ignored,
            )
        else:
            node = item
        for path in self._paths(node, log):
            self._include_file(path, node, log, inherited)

    def _paths(self, node: Scalar, log: FileLog) -> tuple[Path, ...]:
        written = self.texts.expand_path(node, log)
        beside = log.source.path
        try:
            if written is not None and not is_glob(written):
                return (self.texts.root.locate(written, beside),)
            if written is not None:
                matches = self.texts.root.matches(written, beside)
                names = tuple(self.texts.root.name(path) for path in matches)
                self.texts.globs.append((log.source.name, written, names))
                if not matches:
                    log.warn(f"no file matches `{written}`", node, "paths are relative to the file that names them")
                return matches
        except PathError as error:
            log.report(error.message, node, error.hint)
        self.findings.complete = False
        return ()

    def _include_file(self, path: Path, node: Scalar, log: FileLog, inherited: _Inherited) -> None:
        name = self.texts.root.name(path)
        real = path.resolve()
        if real in self._open:
            names = list(self._open.values())
            way = " -> ".join(f"`{step}`" for step in [*names[names.index(self._open[real]) :], self._open[real]])
            log.report(f"files include each other in a circle: {way}", node, "take one of these includes out")
            return
        if real in self._included:
            hint = f"it is included already at {self._included[real]}; keep one of the two"
            log.report(f"`{name}` is included twice", node, hint)
            return
        self._included[real] = log.location(node)
        source = self.texts.read(path, name, node, log)
        if source is None:
            self.findings.complete = False
            return
        kept, chain = self.kept, inherited.chain
        key = kept.key(source, inherited.contexts, chain, inherited.lint_ignored, self.contexts)
        if kept.take(key, source, chain):
            source.let_go()
            return
        before = kept.mark()
        fields, included_log = self._structure(source)
        if fields is not None:
            check_included(fields, included_log, self.name)
            self._load(source, fields, included_log, inherited)
            kept.keep(key, source, fields, before)
        source.let_go()


def _chain(order: str | None, inherited: Chain | None) -> Chain | None:
    """The chain for what says ``order``: one that is in a chain stays in it, and ``dependencies`` leaves it."""
    if order is None:
        return inherited
    return (inherited or Chain()) if order == "linear" else None
