"""Files that hold backups: named for good only when they are whole, readable by their owner alone.

A folder may take the files of several databases, so each name says which one's it is: `NAME_DATABASE_RUN.SUFFIX`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from changelog_engine.databases.backup import BackupError, Saved

PART = ".part"
_CHUNK = 1024 * 1024
_UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


def check_room(folder: str, needed: int) -> None:
    """Raise BackupError where the folder cannot be made or written to, or its disk has less room than ``needed``."""
    place = Path(folder)
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupError(
            f"the folder `{folder}` for backups cannot be made: {error.strerror}",
            hint="name another one with `folder` in the table `[backups]` of changelog.toml",
        ) from error
    if not os.access(place, os.W_OK | os.X_OK):
        raise BackupError(
            f"the folder `{folder}` for backups is not writable for this user",
            hint="make it so, or name another one with `folder` in the table `[backups]` of changelog.toml",
        )
    free = shutil.disk_usage(place).free
    if free < needed:
        raise BackupError(
            f"there is no room for the backup: the folder `{folder}` has {show_size(free)} left, and it may take "
            f"{show_size(needed)}",
            hint="make room there, prune earlier backups with `changelog backups --prune`, or name another folder with "
            "`folder` in the table `[backups]` of changelog.toml",
        )


def beginning_of(name: str, database: str) -> str:
    """How the names of a database's files begin. ``name`` is that of all backups of its ledger, ``database`` tells it
    from every other that may have files in the folder.
    """
    return f"{name}_{hashlib.sha256(database.encode()).hexdigest()[:8]}"


@contextmanager
def whole_file(path: Path, beginning: str) -> Iterator[Path]:
    """A file to be written in the block; it gets its name when it is on the disk, and is deleted where that fails.

    What dead runs left half written in the folder, with names that begin like ours, is deleted first: the lock is ours,
    so they are dead. That includes files that SQLite keeps beside one of its own.
    """
    for left in sorted(path.parent.glob(f"{beginning}_*{PART}*")):
        with suppress(OSError):
            left.unlink()
    part = path.with_name(path.name + PART)
    try:
        part.touch(mode=0o600, exist_ok=False)
        yield part
        _sync(part)
        part.rename(path)
        with suppress(PermissionError):
            _sync(path.parent)
    except OSError as error:
        raise BackupError(f"the backup's file cannot be written: {error.strerror}: `{part}`") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk; a folder is opened only where a system lets it."""
    if path.is_dir() and os.name != "posix":
        return
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def digest_of_file(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def file_fault(saved: Saved) -> str | None:
    """What is wrong with a backup's file, as the end of a sentence; None where it is as it was written."""
    path = Path(saved.place)
    try:
        size = path.stat().st_size
        if size == saved.size and digest_of_file(path) == saved.sha256:
            return None
    except FileNotFoundError:
        return f"the file `{path}` is missing"
    except OSError as error:
        return f"the file `{path}` cannot be read: {error.strerror}"
    sizes = "" if size == saved.size else f" (it has {size} bytes, and had {saved.size})"
    return f"the file `{path}` is damaged, as its SHA-256 is another one{sizes}"


def remove_file(place: str) -> None:
    try:
        Path(place).unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(f"the file `{place}` cannot be deleted: {error.strerror}") from error


def left_files(folder: str, beginning: str, known: Iterable[str]) -> Sequence[str]:
    """The files of the folder whose names begin so, and which are none of the known ones."""
    kept = set(known)
    return [str(path) for path in sorted(Path(folder).absolute().glob(f"{beginning}_*")) if str(path) not in kept]


def show_size(size: int) -> str:
    """Bytes as people read them."""
    return next((f"{size / unit:.1f} {name}" for unit, name in _UNITS if size >= unit), f"{size} bytes")
