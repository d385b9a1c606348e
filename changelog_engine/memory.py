"""What was worked out of changelog files before, on this machine: kept by the content of the files, so never stale.

A file of SQLite in the user's cache folder. It only saves time: where it is missing, corrupt, locked, full, or not the
user's own, everything is worked out again, without a word. It holds nothing but what follows from the text of changelog
files, as JSON, under keys that are digests of that text, of what is asked and of the engine's version.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from typing import Any, Self, TypeVar

from changelog_engine import __version__
from changelog_engine.model import Changelog, Changeset, Operation, SqlChange

T = TypeVar("T")

FILE = "memory-2.sqlite"
"""The number is that of the table's form."""

KEPT_DAYS = 30
MOST_BYTES = 256 * 1024 * 1024
_DAY = 86_400
_WAIT_SECONDS = 0.2
_PAGE = 500
_AT_ONCE = 16
"""Files of which what was worked out is kept together: not all of it need be held in memory."""
# The day stands before the value, so that looking for what is old does not read all that is kept.
_TABLE = (
    "CREATE TABLE IF NOT EXISTS memory (key TEXT PRIMARY KEY, day INTEGER NOT NULL, value TEXT NOT NULL) WITHOUT ROWID"
)


def open_memory(setting: str) -> Memory:
    """The memory that the setting ``cache`` asks for: ``off``, ``user`` (the user's own cache folder) or a folder."""
    if setting == "off":
        return Memory(None)
    if setting != "user":
        return Memory(Path(setting))
    from platformdirs import user_cache_path

    return Memory(user_cache_path("changelog-engine", appauthor=False))


def key_of(*parts: str) -> str:
    """The key of what follows from ``parts`` (for example what is asked, and digests of files) in this version."""
    text = "\0".join((__version__, _built(), *parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@cache
def _built() -> str:
    """When the engine's own files were last changed: one that is being worked on does not believe its earlier self."""
    files = Path(__file__).parent.rglob("*.py")
    return str(max(file.stat().st_mtime_ns for file in files))


def said_by(changelog: Changelog) -> str:
    """A digest of all that changesets say to the database, and of its place within each: not of where they stand.

    So it stays the same when comments, descriptions or rollbacks change, and when a changeset is moved within its file
    without coming before another one.
    """
    digest = hashlib.sha256()
    for changeset in changelog.changesets:
        line, file = changeset.location.line, changeset.location.file
        said: list[Any] = [changeset.id, changeset.contexts, changeset.dbms, changeset.infers]
        for change in changeset.changes:
            if isinstance(change, Operation):
                said += (changeset.source, change.location.line - line, change.location.column)
                continue
            for kind, text in change.texts.items():
                place = text.location
                where = place.line - line if place.file == file else place
                said += (kind, text.text, where, place.column, text.column)
        digest.update(repr(said).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


class Memory:
    """``folder`` None remembers nothing. Never raises, and never waits for long. Used in a ``with`` block."""

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / FILE
        self._reader: sqlite3.Connection | None = None
        self._is_readable = self._is_writable = True
        """False once it failed, or was waited for in vain: a hundred files are not to wait one after the other."""
        self._used: set[str] = set()
        """Keys under which something was found, so that they stay."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def key(self, *parts: str) -> str:
        """See :func:`key_of`."""
        return key_of(*parts)

    def get(self, keys: Collection[str]) -> dict[str, Any]:
        """What is kept under the keys; those of which nothing is kept are left out."""
        texts = self._texts(keys)
        try:
            return {key: json.loads(text) for key, text in texts.items()}
        except ValueError:
            self._forget()
            return {}

    def _texts(self, keys: Collection[str]) -> dict[str, str]:
        if self._file is None or not keys or not self._is_readable:
            return {}
        try:
            if self._reader is None:
                if not _is_own(self._file):
                    return {}
                self._reader = self._open("?mode=ro")
            texts = dict(_rows(self._reader, list(keys)))
            self._used.update(texts)
            return texts
        except sqlite3.OperationalError as error:
            # a plain error is that nobody has made the table yet
            self._is_readable = error.sqlite_errorcode == sqlite3.SQLITE_ERROR
            return {}
        except sqlite3.Error:
            self._forget()
            return {}

    def put(self, values: Mapping[str, Any]) -> None:
        """Keep values, which are JSON, under their keys."""
        self.put_texts({key: _text(value) for key, value in values.items()})

    def put_texts(self, texts: Mapping[str, str]) -> None:
        """The same, with values that were written as JSON already."""
        if self._file is None or not texts or not self._is_writable:
            return
        today = int(time.time()) // _DAY
        rows = [(key, text, today) for key, text in texts.items()]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if self._file.exists() and not _is_own(self._file):
                return
            with closing(self._open("")) as connection:
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("PRAGMA auto_vacuum = FULL")
                connection.execute("BEGIN IMMEDIATE")
                connection.execute(_TABLE)
                _prune(connection, today, self._used)
                connection.executemany("INSERT OR REPLACE INTO memory (key, value, day) VALUES (?, ?, ?)", rows)
                connection.execute("COMMIT")
        except (sqlite3.OperationalError, OSError):
            self._is_writable = False
        except UnicodeError:
            # half a surrogate pair, by an escape in YAML
            return
        except sqlite3.Error:
            self._forget()

    def recall(
        self,
        about: str,
        changelog: Changelog,
        work_out: Callable[[Changeset], Any],
        load: Callable[[Any], T] = lambda value: value,
    ) -> dict[str, T]:
        """For each changeset, by its id, what ``work_out`` makes of it (JSON): of its own text and nothing else.

        ``about`` names what that is, the kind of database where it counts, and a version of the form. ``load`` makes of
        the JSON what is given back, file by file, so that not all of both is there at once.
        """
        files: dict[str, list[Changeset]] = {}
        for changeset in changelog.changesets:
            files.setdefault(changeset.location.file, []).append(changeset)
        digests = dict(changelog.inventory.files)
        keys = {name: key_of(about, *_digests(name, changesets, digests)) for name, changesets in files.items()}
        kept = self._texts(list(keys.values()))
        found: dict[str, T] = {}
        fresh: dict[str, str] = {}
        for name, changesets in files.items():
            values = _listed(kept.pop(keys[name], None))
            loaded = _loaded(values, load) if len(values) == len(changesets) else None
            if loaded is None:
                values = [work_out(changeset) for changeset in changesets]
                fresh[keys[name]] = _text(values)
                loaded = [load(value) for value in values]
            found.update(zip((changeset.id for changeset in changesets), loaded, strict=True))
            if len(fresh) == _AT_ONCE:
                self.put_texts(fresh)
                fresh.clear()
        self.put_texts(fresh)
        return found

    def _open(self, options: str) -> sqlite3.Connection:
        assert self._file is not None
        uri = self._file.absolute().as_uri() + options
        return sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS, isolation_level=None)

    def _forget(self) -> None:
        """Remove a file that is none of ours, or damaged."""
        self._close()
        if self._file is not None and _is_own(self._file):
            with suppress(OSError):
                self._file.unlink()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _listed(text: str | None) -> list[Any]:
    """The values of a file that was kept; none where it was not, or what was kept is of another form."""
    try:
        values = json.loads(text or "[]")
    except ValueError:
        return []
    return values if isinstance(values, list) else []


def _loaded(values: Iterable[Any], load: Callable[[Any], T]) -> list[T] | None:
    """None where a value is nothing of ours."""
    try:
        return [load(value) for value in values]
    except (TypeError, ValueError, LookupError):
        return None


def _pages(keys: Sequence[str]) -> Iterator[tuple[Sequence[str], str]]:
    """The keys, as many at a time as a statement takes, and the marks for them."""
    for start in range(0, len(keys), _PAGE):
        page = keys[start : start + _PAGE]
        yield page, ", ".join("?" * len(page))


def _rows(connection: sqlite3.Connection, keys: Sequence[str]) -> Iterator[tuple[str, str]]:
    for page, marks in _pages(keys):
        yield from connection.execute(f"SELECT key, value FROM memory WHERE key IN ({marks})", page)


def _prune(connection: sqlite3.Connection, today: int, used: Collection[str]) -> None:
    """Drop what was not used for long; where there is too much, what was not used today, and else everything."""
    for page, marks in _pages(sorted(used)):
        connection.execute(f"UPDATE memory SET day = ? WHERE day < ? AND key IN ({marks})", (today, today, *page))
    connection.execute("DELETE FROM memory WHERE day < ?", (today - KEPT_DAYS,))
    for first in (today, today + 1):
        if _size(connection) > MOST_BYTES:
            connection.execute("DELETE FROM memory WHERE day < ?", (first,))


def _size(connection: sqlite3.Connection) -> int:
    """Bytes that are in use, which may be much less than the file has."""
    names = ("page_count", "freelist_count", "page_size")
    pages, unused, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in names)
    return (pages - unused) * size


def _is_own(file: Path) -> bool:
    """Whether the file is this user's: what another one may have put there is not believed."""
    try:
        return not hasattr(os, "geteuid") or file.stat().st_uid == os.geteuid()
    except OSError:
        return False


def _digests(name: str, changesets: Iterable[Changeset], digests: Mapping[str, str]) -> list[str]:
    """The digests of a file and of the files of SQL that its changesets name."""
    changes = (change for changeset in changesets for change in changeset.changes)
    written = (change for change in changes if isinstance(change, SqlChange))
    named = {text.location.file for change in written for text in change.texts.values()}
    return [f"{each}:{digests.get(each, '')}" for each in (name, *sorted(named - {name}))]
