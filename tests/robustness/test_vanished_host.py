"""A host that vanishes without closing its connection: the lock is neither free too early nor held for hours.

A network of its own connects a namespace, in which the client runs, with the server; its cable is pulled. Needs root
and `iproute2`. The times that the engine asks for, a minute, are lowered by the URL; those of the URL win.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from changelog_engine.errors import LockNotObtainedError
from tests.fixtures.databases import start_postgresql
from tests.fixtures.processes import environment
from tests.fixtures.projects import Project
from tests.robustness.waiting import wait_for

QUICKLY = (
    "-ctcp_keepalives_idle=1 -ctcp_keepalives_interval=1 -ctcp_keepalives_count=2 -ctcp_user_timeout=3000"
    " -cclient_connection_check_interval=500"
)


def ip(*arguments: str, check: bool = True) -> bool:
    return subprocess.run(["ip", *arguments], check=check, capture_output=True).returncode == 0


@dataclass(frozen=True)
class Network:
    """``host`` is the server's address in it."""

    namespace: str
    host: str

    def start(self, *command: str, cwd: Path) -> subprocess.Popen[str]:
        """Run a command on the other side."""
        return subprocess.Popen(
            ["ip", "netns", "exec", self.namespace, *command],
            cwd=cwd,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def pull_cable(self) -> None:
        ip("-n", self.namespace, "link", "set", "far", "down")


@pytest.fixture
def network() -> Iterator[Network]:
    if shutil.which("ip") is None or os.geteuid() != 0:
        pytest.skip("needs root and iproute2, to make a network whose cable can be pulled")
    number = os.getpid() % 16000
    name, near = f"changelog{number}", f"cl{number}"
    subnet = f"10.213.{number // 64}.{number % 64 * 4}"
    host, client = (f"{subnet.rsplit('.', 1)[0]}.{number % 64 * 4 + offset}" for offset in (1, 2))
    if not ip("netns", "add", name, check=False):
        pytest.skip("this machine does not let us make a network namespace")
    try:
        if not ip("link", "add", near, "type", "veth", "peer", "name", "far", "netns", name, check=False):
            pytest.skip("this machine does not let us make a network")
        ip("addr", "add", f"{host}/30", "dev", near)
        ip("link", "set", near, "up")
        ip("-n", name, "addr", "add", f"{client}/30", "dev", "far")
        ip("-n", name, "link", "set", "far", "up")
        yield Network(name, host)
    finally:
        ip("netns", "del", name, check=False)
        ip("link", "del", near, check=False)


@pytest.fixture
def far(network: Network, short_folder: Path, tmp_path: Path) -> Iterator[tuple[Project, str]]:
    """A project beside the server, and the URL that the client on the other side has for its database."""
    with socket.socket() as free:
        free.bind((network.host, 0))
        port = str(free.getsockname()[1])
    server = start_postgresql(short_folder, {"fsync": "off", "listen_addresses": network.host, "port": port})
    try:
        near = URL.create(
            "postgresql", "postgres", database="postgres", query={"host": str(short_folder), "port": port}
        )
        project = Project(tmp_path, near.render_as_string())
        project.sql("SELECT 1")
        with (short_folder / "data" / "pg_hba.conf").open("a") as out:
            out.write("host all all samenet trust\n")
        project.sql("SELECT pg_reload_conf()")
        url = URL.create("postgresql", "postgres", None, network.host, int(port), "postgres", {"options": QUICKLY})
        yield project, url.render_as_string()
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()


def changelog(seconds: int) -> str:
    return f"""
        changesets:
          - {{id: first, sql: CREATE TABLE log (part int), rollback: DROP TABLE log}}
          - id: slow
            transaction: false
            rollback: {{irreversible: nobody asks}}
            sql: |
              INSERT INTO log VALUES (1);
              SELECT pg_sleep({seconds});
              INSERT INTO log VALUES (2);
        """


HOLD = """
import sys, time
from changelog_engine.databases.connect import connect
from changelog_engine.databases.database import Access
from changelog_engine.ledger.ledger import Ledger
session = connect(sys.argv[1], Access.WRITE)
assert session.try_lock(Ledger(session, "main", schema=None).tables.lock_name)
print("held", flush=True)
time.sleep(600)
"""


def assert_a_minute(project: Project, url: str) -> None:
    """What the engine asks for where the URL says nothing, as the server has taken it."""
    seen = Project(project.folder, url)
    expected = {
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
        "tcp_user_timeout": "60000",
        "client_connection_check_interval": "10s",
    }
    assert {name: seen.sql(f"SELECT current_setting('{name}')")[0][0] for name in expected} == expected


@pytest.mark.parametrize("is_at_work", [True, False], ids=["while a statement runs", "while the client thinks"])
def test_the_lock_of_a_host_that_vanished_is_free_after_a_while(
    network: Network, far: tuple[Project, str], is_at_work: bool
) -> None:
    project, url = far
    assert_a_minute(project, url.split("?")[0])
    project.write(changelog(600))
    if is_at_work:
        update = ("-m", "changelog_engine", "update", "--changelog", "main.yaml", "--url", url)
        client = network.start(sys.executable, *update, cwd=project.folder)
        asleep = (
            "SELECT count(*)::int FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND wait_event = 'PgSleep'"
        )
        wait_for(lambda: client.poll() is not None or project.sql(asleep) == [(1,)])
    else:
        client = network.start(sys.executable, "-c", HOLD, url, cwd=project.folder)
        assert client.stdout is not None
        assert client.stdout.readline() == "held\n"
    assert client.poll() is None, client.communicate()
    network.pull_cable()
    # Nobody is to start while the server does not know yet: what was sent may be at work.
    with pytest.raises(LockNotObtainedError):
        project.engine(lock_wait=0.2).update()
    project.write(changelog(0))
    began = time.monotonic()
    project.engine(lock_wait=60.0).update()
    assert time.monotonic() - began < 30
    assert project.sql("SELECT part FROM log ORDER BY part") == [(1,), (2,)]
    assert project.engine().verify_history().chain == "intact"
    client.kill()
    client.communicate()
