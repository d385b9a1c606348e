"""Scratch databases: made empty, used, and dropped again, whatever happens in between.

On PostgreSQL on a server of our own (:mod:`changelog_engine.scratch.embedded`) or the one that ``--scratch-url`` names,
on MySQL and MariaDB on the latter; SQLite needs a file in a temporary folder.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

from changelog_engine.databases.connect import connect, database_kind
from changelog_engine.databases.database import Access, Session
from changelog_engine.databases.urls import with_database
from changelog_engine.errors import ChangelogEngineError, ConfigurationError, DatabaseError
from changelog_engine.scratch.embedded import programs, server_url, start_server

_PREFIX = "changelog-scratch-"
_ROLES = "SELECT rolname FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' AND rolname <> current_user"


class Scratch(Protocol):
    """Where scratch databases come from. ``owns_server``: roles that are made there are nobody else's."""

    owns_server: bool

    def create(self) -> str:
        """The URL of a new, empty database."""
        ...

    def drop(self, url: str) -> None: ...


@contextmanager
def scratch_databases(kind: str, scratch_url: str | None) -> Iterator[Scratch]:
    """Scratch databases of a kind, for the block; nothing is left of them.

    Raises ConfigurationError where there is no server for them, ConnectionFailedError where it is not to be reached.
    """
    if scratch_url is not None:
        _check_kind(kind, scratch_url)
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder:
            yield _Files(Path(folder))
    elif scratch_url is not None:
        with _opened(scratch_url) as session:
            yield _Databases(session, scratch_url, owns_server=False)
    elif kind == "postgresql":
        with _own_server() as url, _opened(url) as session:
            yield _Databases(session, url, owns_server=True)
    else:
        raise ConfigurationError(
            f"there is no {kind} for a scratch database",
            hint="name a server whose user may create databases with `--scratch-url`",
        )


def _check_kind(kind: str, scratch_url: str) -> None:
    given = database_kind(scratch_url)
    if given != kind and {given, kind} != {"mysql", "mariadb"}:
        raise ConfigurationError(
            f"`--scratch-url` is a {given} database, and the changelog is for {kind}",
            hint="what is proven on one kind of database says nothing about another: name a server of the same kind",
        )


class _Files:
    owns_server = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create(self) -> str:
        return f"sqlite:///{self._folder / secrets.token_hex(8)}.db"

    def drop(self, url: str) -> None:
        for file in self._folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
            file.unlink(missing_ok=True)


class _Databases:
    """Databases of a server, made over a session of their own."""

    def __init__(self, session: Session, url: str, *, owns_server: bool) -> None:
        self.owns_server = owns_server
        self._session = session
        self._url = url
        self._names: dict[str, str] = {}

    def create(self) -> str:
        name = f"changelog_scratch_{secrets.token_hex(8)}"
        try:
            self._session.execute(f"CREATE DATABASE {self._session.quote(name)}")
        except DatabaseError as error:
            raise DatabaseError(
                f"no scratch database could be made on {self._session.location}: {error.message}",
                hint="its user must be allowed to create databases",
            ) from error
        url = with_database(self._url, name)
        self._names[url] = name
        return url

    def drop(self, url: str) -> None:
        self._session.execute(f"DROP DATABASE IF EXISTS {self._session.quote(self._names.pop(url))}")
        # Roles are the server's, and would be in the way of the next database.
        for (role,) in self._session.select(_ROLES) if self.owns_server else ():
            self._session.execute(f"DROP ROLE {self._session.quote(role)}")


@contextmanager
def _opened(url: str) -> Iterator[Session]:
    session = connect(url, Access.WRITE)
    try:
        yield session
    finally:
        session.close()


@contextmanager
def _own_server() -> Iterator[str]:
    """The URL of a server that is there for the block only."""
    bin_folder = programs()
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    server = None
    try:
        server = start_server(folder, bin_folder)
        yield server_url(folder)
    finally:
        if server is not None:
            server.send_signal(signal.SIGINT)
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """End the servers of runs that were killed, and remove their folders."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if not owner.isdecimal() or _is_alive(int(owner)):
            continue
        with suppress(OSError, ValueError, IndexError):
            os.kill(int((folder / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


@contextmanager
def scratch_database(scratch: Scratch) -> Iterator[str]:
    """The URL of one scratch database, which is dropped after the block."""
    url = scratch.create()
    try:
        yield url
    finally:
        with suppress(ChangelogEngineError):
            scratch.drop(url)
