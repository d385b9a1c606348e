"""The first look at a ledger: one connection, one question, and the same words as a session where there is none."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from changelog_engine.databases.first_look import first_look
from changelog_engine.databases.look import LedgerNames
from changelog_engine.errors import ConnectionFailedError
from tests.fixtures.projects import Project

NAMES = LedgerNames(None, "changelog_lock", "changelog_ledger")


def test_a_server_that_hangs_up_is_tried_once() -> None:
    """Twice would double every time-out, and count as two wrong passwords."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(1.0)
        callers: list[object] = []

        def hang_up() -> None:
            while True:
                try:
                    caller, address = server.accept()
                except TimeoutError:
                    return
                callers.append(address)
                caller.close()

        listening = threading.Thread(target=hang_up)
        listening.start()
        url = f"postgresql://mira:s3cret@127.0.0.1:{server.getsockname()[1]}/shop?sslmode=disable&gssencmode=disable"
        with pytest.raises(ConnectionFailedError) as failed:
            first_look(url, NAMES)
        listening.join()
    assert len(callers) == 1
    assert "s3cret" not in failed.value.message


def test_where_there_is_no_ledger_nothing_is_seen(database_url: str) -> None:
    looked = first_look(database_url, NAMES)
    assert looked.row is None
    looked.open().close()


def test_a_ledger_of_another_schema_of_the_search_path_is_not_taken_for_ours(
    tmp_path: Path, postgresql_url: str
) -> None:
    project = Project(tmp_path, postgresql_url)
    project.tables("a")
    project.update()
    seen = first_look(project.url, NAMES)
    seen.close()
    assert seen.row is not None
    project.sql("CREATE SCHEMA first")
    other = first_look(f"{project.url}&options=-csearch_path%3Dfirst,public", NAMES)
    other.close()
    assert other.row is None


def test_an_update_with_nothing_to_do_imports_no_toolkit(tmp_path: Path, database_url: str) -> None:
    project = Project(tmp_path, database_url)
    project.tables("a")
    command = [sys.executable, "-X", "importtime", "-m", "changelog_engine"]
    command += ["update", "--changelog", "main.yaml", "--url", project.url]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    again = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in again.stderr.splitlines()}
    assert "changelog_engine.databases.first_look" in imported
    assert not imported & {"sqlalchemy", "networkx", "postgast", "changelog_engine.changelog.reader"}
