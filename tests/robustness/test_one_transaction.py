"""All steps in one transaction, where the server's settings have no room for so many locks."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from sqlalchemy.engine import URL

from tests.fixtures.databases import start_postgresql
from tests.fixtures.nursery import Nursery
from tests.fixtures.projects import Project

STEPS, TABLES = 100, 50
SMALL = {"fsync": "off", "max_connections": "10", "max_locks_per_transaction": "10", "autovacuum": "off"}


def many_tables(number: int) -> str:
    """A changeset that makes so many that a hundred of them are too many for any server of this size."""
    create = f"EXECUTE format('CREATE TABLE t{number}_%s (id int)', n)"
    sql = f"DO $$ BEGIN FOR n IN 1..{TABLES} LOOP {create}; END LOOP; END $$"
    return f"  - {{id: c{number}, sql: {json.dumps(sql)}, rollback: {{irreversible: nobody asks}}}}\n"


def test_who_has_no_room_for_the_locks_is_told_what_it_would_take(
    nursery: Nursery, tmp_path: Path, short_folder: Path
) -> None:
    url = URL.create("postgresql", "postgres", database="postgres", query={"host": str(short_folder)})
    server = start_postgresql(short_folder, SMALL)
    try:
        project = Project(tmp_path, url.render_as_string(hide_password=False))
        project.write("changesets:\n" + "".join(map(many_tables, range(STEPS))))

        def update(*options: str) -> tuple[int, str, str]:
            ended = nursery.start(
                "update", "--changelog", "main.yaml", "--url", project.url, *options, cwd=tmp_path
            ).wait()
            return ended.code, ended.out, ended.err

        code, _, said = update("--atomic")
        assert code == 1
        assert "out of shared memory" in said
        assert "nothing was applied, as all of it was one transaction" in said
        assert "raise its `max_locks_per_transaction` about " in said
        assert f"of the {STEPS} steps" in said
        assert "mend" not in said
        assert not project.has_table("t0_1")
        _, out, _ = update("--atomic", "--format", "json")
        assert json.loads(out)["error"]["code"] == "too_much_for_one_transaction"
        assert update()[0] == 0
        assert set(project.states().values()) == {"applied"}
        assert project.engine().verify_history().chain == "intact"
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait()
