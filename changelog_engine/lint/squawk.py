"""Locking DDL of PostgreSQL, found by the program squawk where it is installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from changelog_engine.lint.subject import Hit, Subject
from changelog_engine.model import Changeset, SqlText
from changelog_engine.sql.disguise import disguise

_SECONDS = 60.0
"""For 10,000 changesets it took 4 seconds."""

_MOST_FILES = 500
"""So many at a time: a command line has an end."""

_LOCKING = frozenset(
    {
        "adding-field-with-default",
        "adding-foreign-key-constraint",
        "adding-not-nullable-field",
        "adding-serial-primary-key-field",
        "changing-column-type",
        "constraint-missing-not-valid",
        "disallowed-unique-constraint",
        "require-concurrent-index-creation",
        "require-concurrent-index-deletion",
        "require-concurrent-partition-attach",
        "require-concurrent-partition-detach",
        "require-concurrent-refresh-materialized-view",
        "require-concurrent-reindex",
    }
)
"""Of its rules those about locks; the others are about taste, or about what a ledger does better."""


class Squawk:
    """Runs the program once for all changesets. ``note`` says why there is nothing from it, if so."""

    def __init__(self, subject: Subject) -> None:
        self.note = ""
        self._found: list[Hit] = []
        if subject.dbms != "postgresql":
            return
        program = shutil.which("squawk") or shutil.which("squawk", path=str(Path(sys.executable).parent))
        if program is None:
            self.note = "locking DDL was not looked for: the program `squawk` is not installed (pip install squawk-cli)"
            return
        try:
            self._found = list(_run(program, subject))
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError) as error:
            self.note = f"locking DDL was not looked for: `squawk` failed ({type(error).__name__})"

    def locking_ddl(self, _subject: Subject) -> Iterator[Hit]:
        yield from self._found


def _run(program: str, subject: Subject) -> Iterator[Hit]:
    """A file for each changeset, so that what it makes itself is known to have no rows yet."""
    with_sql = [changeset for changeset in subject.changesets if subject.changes(changeset).texts]
    with tempfile.TemporaryDirectory() as folder:
        files: dict[str, Changeset] = {}
        for number, changeset in enumerate(with_sql):
            file = Path(folder, f"{number:06}.sql")
            texts = subject.changes(changeset).texts
            file.write_text("".join(f"{disguise(text.text)}\n;\n" for text in texts), encoding="utf-8")
            files[str(file)] = changeset
        names = list(files)
        for first in range(0, len(names), _MOST_FILES):
            for found in _report(program, names[first : first + _MOST_FILES]):
                changeset = files[found["file"]]
                if found["rule_name"] in _LOCKING:
                    yield _hit(changeset, subject.changes(changeset).texts, found)


def _report(program: str, files: Sequence[str]) -> list[dict[str, Any]]:
    # In a transaction it knows which tables are new, and so without rows; CONCURRENTLY there is not among our rules.
    command = [program, "--reporter", "json", "--assume-in-transaction", *files]
    result = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, encoding="utf-8")
    if result.returncode not in (0, 1):
        raise subprocess.CalledProcessError(result.returncode, command)
    report: list[dict[str, Any]] = json.loads(result.stdout or "[]")
    return report


def _hit(changeset: Changeset, texts: Sequence[SqlText], found: Mapping[str, Any]) -> Hit:
    line, column = int(found["line"]), int(found["column"])
    message = f"`{changeset.id}`: {' '.join(found['message'].split())} ({found['rule_name']})"
    remedy = " ".join((found.get("help") or "").split())
    for text in texts:
        lines = disguise(text.text).split("\n")
        if line < len(lines):
            # Columns are counted in bytes.
            before = len(lines[line].encode()[:column].decode(errors="ignore"))
            return Hit(changeset, message, text.locate(sum(len(each) + 1 for each in lines[:line]) + before), remedy)
        line -= len(lines) + 1
    return Hit(changeset, message, changeset.location, remedy)
