"""Writing changelogs: the skeleton of a changeset into a file that people keep, and the files of a new project."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence as SequenceOf
from pathlib import Path

from changelog_engine.changelog.file_log import FileLog, Findings
from changelog_engine.changelog.keys import CHANGELOG, CHANGESET
from changelog_engine.changelog.source import Source, source_of
from changelog_engine.changelog.yaml_nodes import compose
from changelog_engine.changes.nodes import Mapping, Scalar, Sequence
from changelog_engine.changes.scalars import value_of
from changelog_engine.errors import InvalidChangelogError, UsageError

_ID = CHANGESET.keys["id"].shape
_TO_BE_WRITTEN = (
    "sql:        # what it does, as SQL after `|`",
    "rollback:   # what undoes it, `auto` where that is certain, or {irreversible: REASON}",
)
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./()'-]*(?:,? [A-Za-z0-9_./()'-]+)*")

_SETTINGS = """\
# Settings of this project. Options and environment variables (CHANGELOG_URL, ...) are stronger than this file.

# The root changelog, relative to this file.
changelog = "changelogs/main.yaml"

# The database: an SQLAlchemy URL. This one is a file beside this one, for trying things. It may name environment
# variables, "postgresql://shop:${SHOP_PASSWORD}@localhost/shop"; passwords are never shown, logged or stored.
url = "sqlite:///changelog.db"

# Further databases, each chosen by `--env NAME`:
#
# [environments.prod]
# url = "postgresql://shop@db.internal/shop"
# contexts = ["prod"]
"""

_FIRST_CHANGELOG = """\
# yaml-language-server: $schema=changelog.schema.json
# (`changelog schema -o changelogs/changelog.schema.json` writes the schema, with which editors complete and check)

format: 1
name: main                            # namespace in the ledger, where several applications share a database

# Further changelogs; what they declare comes before this file's own changesets:
#
# include:
#   - billing/changelog.yaml
#   - "modules/*/changelog.yaml"

changesets:
  # A changeset is applied once, in one transaction with its record, and in an order that follows from `depends_on`
  # alone: files can be moved, split and reordered freely. `changelog new ID` adds one.
  - id: create-notes
    description: Something to begin with; replace it by your own
    sql: |
      CREATE TABLE notes (id integer PRIMARY KEY, body text NOT NULL);
    rollback: |
      DROP TABLE notes;

  - id: first-note
    depends_on: [create-notes]
    sql: INSERT INTO notes (id, body) VALUES (1, 'it works');
    rollback: DELETE FROM notes WHERE id = 1;
    checks:
      - name: the note is there
        sql: SELECT count(*) FROM notes WHERE id = 1
        expect: 1
"""


def add_changeset(
    path: Path,
    changeset_id: str,
    *,
    author: str | None = None,
    description: str | None = None,
    depends_on: SequenceOf[str] = (),
) -> int:
    """Add the skeleton of a changeset after the last one of a file, keeping its comments and layout; gives its line.

    Its ``sql`` and ``rollback`` are left to be written: ``validate`` asks for them. Raises ``UsageError`` where there
    is no such file, the id cannot be one or is in it already, and ``InvalidChangelogError`` where it is faulty.
    """
    try:
        data = path.read_bytes()
        written = data.decode("utf-8")
    except (FileNotFoundError, IsADirectoryError):
        hint = "`changelog init` writes a first one; `--changelog FILE` names another"
        raise UsageError(f"the changelog `{path.as_posix()}` does not exist", hint=hint) from None
    except UnicodeDecodeError:
        raise UsageError(f"`{path.as_posix()}` is not UTF-8", hint="save the file as UTF-8") from None
    source = source_of(path.name, path, written)
    root = read_root(source)
    _check_id(changeset_id, root)
    fields = {"id": changeset_id, "author": author, "description": description}
    skeleton = [f"{key}: {yaml_scalar(value)}" for key, value in fields.items() if value is not None]
    if depends_on:
        skeleton.append(f"depends_on: [{', '.join(yaml_scalar(other) for other in depends_on)}]")
    skeleton += _TO_BE_WRITTEN
    text, line = _insert(source, root, skeleton)
    mark = "\ufeff" if written.startswith("\ufeff") else ""
    ends = "\r\n" if "\r\n" in written else "\n"
    path.write_bytes((mark + text.replace("\n", ends)).encode("utf-8"))
    return line


def write_project(folder: Path) -> tuple[Path, ...]:
    """Write a commented ``changelog.toml`` and a first changelog; gives the files, leaving out what was there already.

    Raises ``UsageError`` where both are there, or where a file cannot be written.
    """
    files = {folder / "changelog.toml": _SETTINGS, folder / "changelogs" / "main.yaml": _FIRST_CHANGELOG}
    missing = {path: text for path, text in files.items() if not path.exists()}
    if not missing:
        hint = "`changelog new ID` adds a changeset to its changelog"
        raise UsageError("this folder has a changelog.toml and a changelogs/main.yaml already", hint=hint)
    for path, text in missing.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"`{path.as_posix()}` cannot be written: {(error.strerror or '').lower()}") from error
    return tuple(missing)


def read_root(source: Source) -> Mapping | None:
    """The file's root; None where it is empty. What is wrong deeper in it is not asked here."""
    node, problems = compose(source)
    if problems:
        raise InvalidChangelogError(problems)
    if node is None or (isinstance(node, Scalar) and value_of(node) is None):
        return None
    if not isinstance(node, Mapping):
        findings = Findings()
        CHANGELOG.read(node, FileLog(source, findings), "a changelog")
        raise InvalidChangelogError(tuple(findings.problems))
    return node


def _check_id(text: str, root: Mapping | None) -> None:
    rule, longest = getattr(_ID, "rule", None), getattr(_ID, "longest", None)
    if rule is not None and not rule.pattern.fullmatch(text):
        raise UsageError(f"`{text}` cannot be an id", hint=f"an id is {rule.words}")
    if longest is not None and len(text) > longest:
        raise UsageError(f"an id of {len(text)} characters is too long", hint=f"{longest} are the most")
    for item in items_of(root):
        if isinstance(item, Mapping) and "id" in item.entries:
            node = item.entries["id"][1]
            if isinstance(node, Scalar) and node.text.lower() == text.lower():
                line = node.start.line + 1
                raise UsageError(f"changeset `{node.text}` is there already, in line {line}", hint="take another id")


def items_of(root: Mapping | None) -> SequenceOf[object]:
    node = root.entries["changesets"][1] if root is not None and "changesets" in root.entries else None
    return node.items if isinstance(node, Sequence) else ()


def _insert(source: Source, root: Mapping | None, skeleton: list[str]) -> tuple[str, int]:
    """The text of the file with the skeleton in it, and the line of its id, from 1."""
    text = source.text
    if root is None or "changesets" not in root.entries:
        before = text.rstrip("\n") + "\n\n" if text.strip() else ""
        if root is not None and root.is_flow:
            raise UsageError(f"`{source.name}` is written in braces", hint="write it as a block, a line a key")
        return _joined(before + "changesets:\n", _block(skeleton, 2), "")
    key, node = root.entries["changesets"]
    if isinstance(node, Sequence) and node.items:
        return _append(source, node, skeleton)
    if isinstance(node, Scalar) and value_of(node) is not None:
        raise UsageError(f"`changesets` in `{source.name}` is no list", hint="make it a list, `changesets: []`")
    # nothing is in it yet: a block takes the place of `[]` or of nothing
    head = text[: key.end.index] + ":"
    is_absent = isinstance(node, Scalar) and node.text == ""
    tail = text[key.end.index + 1 :] if is_absent else text[node.end.index :]
    rest, _, following = tail.partition("\n")
    return _joined(f"{head}{rest.rstrip()}\n", _block(skeleton, key.start.column + 2), following)


def _append(source: Source, node: Sequence, skeleton: list[str]) -> tuple[str, int]:
    text, last = source.text, node.items[-1]
    dash = node.start.column
    if text[node.start.index] != "-":
        hint = "write them as a block, an item after each `-`"
        raise UsageError(f"the changesets of `{source.name}` are written in brackets", hint=hint)
    end = _content_end(text, last.start.index, last.end.index, dash)
    body, rest = text[:end], text[end:].removeprefix("\n")
    return _joined(body + "\n\n", _block(skeleton, dash), rest)


def _content_end(text: str, start: int, end: int, dash: int) -> int:
    """Where an item's own text ends: without the blank lines after it, and comments that are not indented into it."""
    kept = text[start:end].rstrip()
    while True:
        last = kept.rfind("\n") + 1
        line = kept[last:]
        if last == 0 or not line.lstrip().startswith("#") or line.startswith(" " * (dash + 1)):
            return start + len(kept)
        kept = kept[:last].rstrip()


def _block(lines: list[str], indent: int) -> str:
    margin = " " * indent
    return f"{margin}- " + f"\n{margin}  ".join(lines) + "\n"


def _joined(before: str, block: str, after: str) -> tuple[str, int]:
    return before + block + after, before.count("\n") + 1


def yaml_scalar(text: str) -> str:
    """The text as YAML: plain where nothing in it could be taken for something else."""
    is_plain = _PLAIN.fullmatch(text) and isinstance(value_of(_plain_node(text)), str)
    return text if is_plain else json.dumps(text, ensure_ascii=False)


def _plain_node(text: str) -> Scalar:
    start = _Nowhere()
    return Scalar(text, True, None, None, start, start)


class _Nowhere:
    line = column = index = 0
