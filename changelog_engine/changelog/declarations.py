"""What a file declares besides changesets: its format, name, contexts, parameters and defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

from changelog_engine.changelog.consideration import read_consideration
from changelog_engine.changelog.file_log import FileLog
from changelog_engine.changelog.keys import DEFAULTS, FORMAT_VERSION
from changelog_engine.changelog.texts import Texts
from changelog_engine.changelog.versions import VersionError, is_met
from changelog_engine.changes.nodes import Scalar
from changelog_engine.changes.scalars import value_of
from changelog_engine.changes.shapes import Fields
from changelog_engine.model import Consideration, Expression, OnError, Parameter


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the changesets of one file inherit. ``delimiter`` and ``split`` are its ``statements``."""

    author: str | None = None
    labels: tuple[str, ...] = ()
    contexts: Expression | None = None
    dbms: tuple[str, ...] = ()
    on_error: OnError = OnError.HALT
    split: bool = True
    delimiter: str | None = None
    consideration: Consideration = field(default_factory=Consideration)


def check_versions(fields: Fields, log: FileLog, engine_version: str) -> None:
    """Report a ``format`` that this engine does not know, and a ``requires`` that it does not meet."""
    declared = fields.get("format", FORMAT_VERSION)
    if declared > FORMAT_VERSION:
        log.report(
            f"this file is of format {declared}, and engine {engine_version} reads format {FORMAT_VERSION} at most",
            fields.value("format"),
            "use a newer changelog-engine",
        )
    required: Scalar | None = fields.get("requires")
    if required is None:
        return
    try:
        if not is_met(required.text, engine_version):
            message = f"this changelog requires engine version `{required.text}`, and this is {engine_version}"
            log.report(message, required, "use a version of changelog-engine that fits")
    except VersionError as error:
        log.report(str(error), required, 'write it as `">=0.1"` or `">=0.1, <2"`')


def read_name(fields: Fields) -> str:
    name: Scalar | None = fields.get("name")
    return "main" if name is None else name.text


def read_lint_ignored(fields: Fields, inherited: tuple[str, ...]) -> tuple[str, ...]:
    """The rules of `changelog lint` that a file or a changeset switches off, with those that it inherits."""
    own: tuple[str, ...] = fields["lint"].get("ignore", ()) if "lint" in fields else ()
    return tuple(dict.fromkeys((*inherited, *own))) if own else inherited


def read_context_names(fields: Fields) -> tuple[str, ...] | None:
    """The contexts that the root file declares; None where it declares none."""
    names: tuple[Scalar, ...] | None = fields.get("contexts")
    return None if names is None else tuple(dict.fromkeys(name.text for name in names))


def check_included(fields: Fields, log: FileLog, root_name: str) -> None:
    """Report what only the root file may say."""
    if "contexts" in fields:
        hint = (
            "move the names there; for an expression on all of this file's changesets write `defaults: {contexts: ...}`"
        )
        log.report("only the root file declares `contexts`", fields.key("contexts"), hint)
    if "name" in fields and read_name(fields) != root_name:
        log.warn(
            f"`name` has no effect in an included file: its changesets belong to `{root_name}`",
            fields.key("name"),
            "remove it, unless the file is also a root of its own",
        )


def read_parameters(fields: Fields, log: FileLog, declared: dict[str, Parameter]) -> None:
    """Add the parameters of a file to the declared ones, reporting those that are there already."""
    parameters: dict[str, Scalar | Fields] = fields.get("parameters", {})
    if not parameters:
        return
    for name, value in parameters.items():
        key = fields.key_within("parameters", name)
        if name in declared:
            hint = f"it is declared already at {declared[name].location}; names are one space for the whole changelog"
            log.report(f"parameter `{name}` is declared twice", key, hint)
            continue
        declared[name] = _parameter(name, key, value, log)


def _parameter(name: str, key: Scalar, value: Scalar | Fields, log: FileLog) -> Parameter:
    if isinstance(value, Scalar):
        return Parameter(name, log.location(key), default=_text(value))
    contexts: dict[str, Scalar] = value.get("contexts", {})
    for context in contexts:
        log.check_context(context, value.key_within("contexts", context))
    default: Scalar | None = value.get("default")
    env: Scalar | None = value.get("env")
    is_secret: bool = value.get("secret", False)
    if is_secret and default is not None:
        hint = "take it from the environment: `{env: NAME, secret: true}`"
        log.warn(f"the secret parameter `{name}` has its value in the file", default, hint)
    texts = {context: _text(node) for context, node in contexts.items()}
    return Parameter(
        name,
        log.location(key),
        default=None if default is None else _text(default),
        env=None if env is None else env.text,
        contexts={context: text for context, text in texts.items() if text is not None},
        secret=is_secret,
    )


def _text(node: Scalar) -> str | None:
    """A value as it is written; None where there is none."""
    return None if value_of(node) is None else node.text


def read_defaults(fields: Fields, log: FileLog, texts: Texts) -> Defaults:
    given: Fields = fields.get("defaults") or Fields(DEFAULTS, fields.node)
    author: Scalar | None = given.get("author")
    contexts: Scalar | None = given.get("contexts")
    statements: Fields | dict[str, object] = given.get("statements", {})
    split, delimiter = read_statements(statements)
    return Defaults(
        author=None if author is None else author.text,
        labels=tuple(label.text for label in given.get("labels", ())),
        contexts=None if contexts is None else log.expression(contexts),
        dbms=tuple(kind.text for kind in given.get("dbms", ())),
        on_error=OnError(given.get("on_error", OnError.HALT)),
        split=split,
        delimiter=delimiter,
        consideration=read_consideration(given, log, texts, Consideration()),
    )


def read_statements(given: dict[str, object]) -> tuple[bool, str | None]:
    """``split`` and ``delimiter`` of a ``statements`` key."""
    delimiter = given.get("delimiter")
    return given.get("split") is not False, delimiter.text if isinstance(delimiter, Scalar) else None
