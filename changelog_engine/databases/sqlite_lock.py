"""The lock of an SQLite database: a lock on the file ``<database file>.changelog-lock`` beside it.

The operating system frees it when its process dies, however it dies. The file itself stays; an empty one that nobody
holds means nothing, and may be deleted when no engine runs. The name is frozen: engines of different versions must
exclude each other.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import filelock

from changelog_engine.errors import DatabaseError

SUFFIX = ".changelog-lock"


class Lock(Protocol):
    def try_take(self, name: str) -> bool: ...
    def give_back(self, name: str) -> None: ...
    def give_back_all(self) -> None: ...
    def is_taken(self, name: str) -> bool: ...


class NoLock:
    """Of a database in memory, which nobody else can reach."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def try_take(self, name: str) -> bool:
        self._names.add(name)
        return True

    def give_back(self, name: str) -> None:
        self._names.discard(name)

    def give_back_all(self) -> None:
        self._names.clear()

    def is_taken(self, name: str) -> bool:
        return name in self._names


class FileLock:
    """One lock for the whole file, whatever the names: an SQLite database has one writer at a time anyway."""

    def __init__(self, database: Path) -> None:
        # Resolved, so that two ways through symbolic links meet at the same lock.
        self._path = Path(f"{database.resolve()}{SUFFIX}")
        self._lock = filelock.FileLock(self._path, thread_local=False)
        self._names: set[str] = set()

    def try_take(self, name: str) -> bool:
        if not self._names and not self._acquire():
            return False
        self._names.add(name)
        return True

    def give_back(self, name: str) -> None:
        self._names.discard(name)
        if not self._names:
            self._lock.release()

    def give_back_all(self) -> None:
        self._names.clear()
        self._lock.release()

    def is_taken(self, name: str) -> bool:
        if self._names:
            return name in self._names
        if not self._path.exists():
            return False
        try:
            is_free = self._acquire()
        except DatabaseError:
            return False
        self._lock.release()
        return not is_free

    def _acquire(self) -> bool:
        try:
            self._lock.acquire(blocking=False)
        except filelock.Timeout:
            return False
        except OSError as error:
            raise DatabaseError(
                f"the lock file `{self._path}` cannot be written: {error.strerror}",
                hint="make the database's folder writable for this user",
            ) from error
        return True
