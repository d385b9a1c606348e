"""The PostgreSQL to measure with: one of our own with its default settings, on TCP, or the one that is given."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
from sqlalchemy.engine import make_url

from tests.fixtures.databases import PASSWORD_ROLE, start_postgresql

_PASSWORD = "benchmark"
_ROOT = Path(__file__).parents[1]
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """Where a tool is to connect to."""

    host: str
    port: int
    user: str
    password: str
    name: str

    def url(self, scheme: str = "postgresql", **query: str) -> str:
        """For a server without TLS, as all of ours are."""
        secret = f":{self.password}" if self.password else ""
        said = "&".join(f"{name}={value}" for name, value in {"sslmode": "disable", **query}.items() if value)
        return f"{scheme}://{self.user}{secret}@{self.host}:{self.port}/{self.name}{'?' if said else ''}{said}"


@dataclass(frozen=True)
class Server:
    """``database`` is one to create others from. ``has_password_role``: whether there is a role that is asked for a
    password, so that a connection takes the waits of one. ``made`` are the names of the databases that were created.
    """

    database: Database
    has_password_role: bool = False
    made: list[str] = field(default_factory=list)

    def execute(self, sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.database.url(), autocommit=True) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self) -> Database:
        """An empty database. The server has written down all that came before.

        It stays until the end: ext4 does not use the places of files again that were deleted a moment ago, and passes
        over thousands of them for each new file, which made the same script take three times as long for whoever came
        after a database was dropped.
        """
        name = f"benchmark_{os.getpid()}_{next(_numbers)}"
        owner = f" OWNER {PASSWORD_ROLE}" if self.has_password_role else ""
        self.execute(f"CREATE DATABASE {name}{owner}")
        self.made.append(name)
        self.execute("CHECKPOINT")
        return replace(self.database, name=name)

    def drop_databases(self) -> None:
        for name in self.made:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def with_password(self, database: Database) -> Database:
        """The same database, as a role that is asked for its password where the server has one."""
        return replace(database, user=PASSWORD_ROLE, password=_PASSWORD) if self.has_password_role else database

    def facts(self) -> str:
        names = ("server_version", "fsync", "synchronous_commit", "shared_buffers")
        shown = [str(self.execute(f"SHOW {name}")[0][0]) for name in names]
        pairs = zip(names[1:], shown[1:], strict=True)
        return f"PostgreSQL {shown[0]} ({', '.join(f'{name} {value}' for name, value in pairs)})"


@contextlib.contextmanager
def server(url: str | None) -> Iterator[Server]:
    """The server of the URL; without one, a new one that keeps its promises (``fsync`` is on), on 127.0.0.1."""
    if url is not None:
        parsed = make_url(url)
        database = Database(
            parsed.host or "127.0.0.1",
            parsed.port or 5432,
            parsed.username or "postgres",
            str(parsed.password or ""),
            parsed.database or "postgres",
        )
        given = Server(database)
        try:
            yield given
        finally:
            given.drop_databases()
        return
    folder = Path(tempfile.mkdtemp(prefix="changelog-benchmark-"))
    port = _free_port()
    process: subprocess.Popen[bytes] | None = None
    try:
        with (folder / "server.log").open("w") as log, _output_to(log.fileno()):
            process = start_postgresql(folder, {"port": str(port), "listen_addresses": "127.0.0.1"})
        started = Server(Database("127.0.0.1", port, "postgres", "", "postgres"), has_password_role=True)
        started.execute(f"CREATE ROLE {PASSWORD_ROLE} LOGIN PASSWORD '{_PASSWORD}'")
        yield started
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _output_to(file: int) -> Iterator[None]:
    """Standard error, which a process that is started inherits, to a file for the block."""
    kept = os.dup(2)
    os.dup2(file, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _free_port() -> int:
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        port: int = plug.getsockname()[1]
        return port


# ----------------------------------------------------------------------------------------------------- the network


@dataclass(frozen=True)
class Waits:
    """How many round trips a program waited for: those within its connections, and one for the opening of each."""

    within: int
    connections: int

    @property
    def all(self) -> int:
        return self.within + self.connections


class Network:
    """A relay with latency, as a process of its own; ``database`` is the one behind it, by way of the relay."""

    def __init__(self, process: subprocess.Popen[str], database: Database) -> None:
        self._process = process
        self.database = database

    def take_waits(self) -> Waits:
        """Those since the last time."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        counts = json.loads(self._process.stdout.readline())
        return Waits(counts["waits"], counts["connections"])


@contextlib.contextmanager
def network(database: Database, round_trip: float) -> Iterator[Network]:
    """A network in front of a database, ``round_trip`` in seconds."""
    address = f"{database.host}:{database.port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.relay", address, "--seconds", str(round_trip / 2)],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield Network(process, replace(database, host="127.0.0.1", port=int(process.stdout.readline())))
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()
