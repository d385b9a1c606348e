"""Backups of all of a PostgreSQL database: a file of `pg_dump`, restored in our own transaction.

The ledger and the copies of tables are no part of it, and survive a restore: they are put aside in a schema of their
own meanwhile. Then everything that is not the server's own is dropped, and what the file holds is made.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from changelog_engine.databases.backup import DATABASE, BackupError, Saved, States, Wanted, differences
from changelog_engine.databases.backup_files import beginning_of, check_room, digest_of_file, file_fault, whole_file
from changelog_engine.databases.backup_objects import changed_objects, digest_objects
from changelog_engine.databases.postgresql_catalog import read_catalog
from changelog_engine.databases.postgresql_definitions import Query
from changelog_engine.databases.postgresql_objects import quote
from changelog_engine.databases.postgresql_programs import Programs, find_programs

KEPT = "changelog_kept_aside"
"""The schema where the ledger is while all else is dropped and made again."""

_MINE = """
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
      AND NOT (n.nspname = %(schema)s AND (c.relname = ANY(%(own)s) OR c.relname ~ %(copies)s))"""
_TABLES = f"SELECT c.oid::bigint, format('%%I.%%I', n.nspname, c.relname) {_MINE} AND c.relkind = 'r' ORDER BY 2"
_SIZE = f"SELECT coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0)::bigint {_MINE} AND c.relkind IN ('r', 'm')"
_NOT_OWNED = f"""
    SELECT format('%%I.%%I', n.nspname, c.relname), c.relowner::regrole::text {_MINE}
      AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE')
    UNION ALL
    SELECT format('schema %%I', nspname), nspowner::regrole::text FROM pg_catalog.pg_namespace
    WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT pg_catalog.pg_has_role(nspowner, 'USAGE')
    ORDER BY 1 LIMIT 1"""
_OURS = """
    SELECT c.relkind::text, c.relname
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'v') AND (c.relname = ANY(%(own)s) OR c.relname ~ %(copies)s)
    ORDER BY c.relkind, c.relname"""
_DROPS = """
    SELECT format('DROP EVENT TRIGGER %%I', evtname) FROM pg_catalog.pg_event_trigger
    UNION ALL SELECT format('DROP PUBLICATION %%I', pubname) FROM pg_catalog.pg_publication
    UNION ALL SELECT format('DROP EXTENSION %%I CASCADE', extname) FROM pg_catalog.pg_extension
      WHERE extname <> 'plpgsql'
    UNION ALL SELECT format('DROP FOREIGN DATA WRAPPER %%I CASCADE', fdwname) FROM pg_catalog.pg_foreign_data_wrapper
      WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend WHERE objid = pg_foreign_data_wrapper.oid AND deptype = 'e')
    UNION ALL SELECT format('DROP SCHEMA %%I CASCADE', nspname) FROM pg_catalog.pg_namespace
      WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', %(kept)s)"""
_PUBLIC = """
    SELECT nspowner::regrole::text, pg_catalog.obj_description(n.oid, 'pg_namespace'), (SELECT array_agg(format(
        'GRANT %%s ON SCHEMA public TO %%s%%s', a.privilege_type, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE
        a.grantee::regrole::text END, CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END))
      FROM pg_catalog.aclexplode(coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))) a)
    FROM pg_catalog.pg_namespace n WHERE nspname = 'public'"""

_MAY_ASK = "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')"
_CLUSTER = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"
_DATABASE = "SELECT oid::bigint FROM pg_catalog.pg_database WHERE datname = current_database()"
_LOCK_TIMEOUT = "SELECT setting::bigint FROM pg_catalog.pg_settings WHERE name = 'lock_timeout'"

_COPY = re.compile(rb"COPY .* FROM stdin;\n")
# What programs write for psql itself at the beginning and the end, with a word that nothing else in the script has.
_RESTRICT = re.compile(rb"^\\restrict (\w+)\n", re.MULTILINE)
_PIECE = 1024 * 1024
_UNKNOWN_BEFORE_17 = b"\nSET transaction_timeout = 0;\n"


@dataclass(frozen=True, slots=True)
class Reach:
    """How programs get at the database: a connection string, the password apart, and the server's major version.

    ``server`` is its host and port. ``at_work`` is told of each program that is started: who cancels, ends it.
    """

    conninfo: str
    password: str | None
    major: int
    server: str
    at_work: Callable[[subprocess.Popen[bytes]], None]


class PostgresqlDumps:
    """The part of backups that is about all of a database. ``digest`` gives the quick digest of a relation's columns,
    ``copy_in`` runs a COPY FROM STDIN with the data that it is given.
    """

    def __init__(
        self,
        ask: Query,
        send: Callable[[str], object],
        copy_in: Callable[[str, Iterable[bytes]], None],
        reach: Callable[[], Reach],
        digest: Callable[[int, str], str],
    ) -> None:
        self._ask = ask
        self._send = send
        self._copy_in = copy_in
        self._reach = reach
        self._digest = digest

    # ------------------------------------------------------------------------------------------------- saving

    def estimate(self) -> int:
        return int(self._ask(_SIZE, schema="", own=[], copies="^$")[0][0])

    def check(self, wanted: Wanted) -> Programs:
        facts = self._facts(wanted)
        programs = self.check_restore("; or back up tables by name, which needs none")
        self._refuse_others(facts)
        if self._ask("SELECT 1 FROM pg_catalog.pg_largeobject_metadata LIMIT 1"):
            raise BackupError(
                "the database has large objects, which are not restored in one transaction",
                hint="back up tables by name, or write the rollback in SQL",
            )
        check_room(wanted.folder, int(self._ask(_SIZE, **_names(facts))[0][0]))
        return programs

    def check_restore(self, instead: str = "") -> Programs:
        """Raise BackupError where a restore lacks its means; gives the programs. ``instead`` is for a hint: what does
        without them.
        """
        programs = find_programs(self._reach().major, instead)
        if not self._ask("SELECT pg_catalog.has_database_privilege(current_database(), 'CREATE')")[0][0]:
            raise BackupError(
                "a restore puts the ledger aside in a schema of its own, and the role may not create one",
                hint="grant it the right: `GRANT CREATE ON DATABASE … TO …`",
            )
        return programs

    def _refuse_others(self, facts: Mapping[str, Any]) -> None:
        others = self._ask(_NOT_OWNED, **_names(facts))
        if others:
            raise BackupError(
                f"the role is no member of `{others[0][1]}`, which owns {others[0][0]}: it could not restore that",
                hint=f"run as a superuser or a member of `{others[0][1]}`",
            )

    def save(self, wanted: Wanted) -> Saved:
        """The dump, read back whole; the session's settings must be those of backups."""
        programs = self.check(wanted)
        facts = self._facts(wanted)
        name, _, own = wanted.name.rpartition("_")
        beginning = self.beginning(name, facts["schema"])
        path = Path(wanted.folder).absolute() / f"{beginning}_{own}.dump"
        with whole_file(path, beginning) as part:
            self._dump(programs, facts, part)
            command: list[str | Path] = [programs.restore, "--file", os.devnull, part]
            with self._output_of(command, None, "the backup cannot be read back") as out:
                out.read()
        facts["before"] = self._states(facts)
        facts["public"] = [list(row) for row in self._ask(_PUBLIC)]
        return Saved(DATABASE, (), str(path), path.stat().st_size, digest_of_file(path), facts=facts)

    def beginning(self, name: str, schema: str) -> str:
        """Of the names of the files of the ledger in that schema: by the server's own number, as one host and port can
        be several servers' in turn.
        """
        reach = self._reach()
        server = self._ask(_CLUSTER)[0][0] if self._ask(_MAY_ASK)[0][0] else reach.server
        return beginning_of(name, f"{server}/{self._ask(_DATABASE)[0][0]}/{schema}")

    def _dump(self, programs: Programs, facts: Mapping[str, Any], part: Path) -> None:
        """Write the dump, through a pipe of ours: so that `pg_dump` ends with us, however we end."""
        schema = quote(facts["schema"])
        left_out = [f"{schema}.{quote(name)}" for name in facts["own"]]
        left_out.append(f"{schema}.{quote(facts['prefix'])}*")
        reach = self._reach()
        command: list[str | Path] = [programs.dump, "--format=custom", "--no-password", "--dbname", reach.conninfo]
        command += [f"--exclude-table={pattern}" for pattern in left_out]
        if patience := self._ask(_LOCK_TIMEOUT)[0][0]:
            command.append(f"--lock-wait-timeout={patience}")
        with (
            part.open("wb") as file,
            self._output_of(command, reach.password, "`pg_dump` could not save the database") as out,
        ):
            shutil.copyfileobj(out, file, _PIECE)

    @contextmanager
    def _output_of(self, command: Sequence[str | Path], password: str | None, fault: str) -> Iterator[IO[bytes]]:
        """What a program writes, read in the block; at its end BackupError where the program has failed.

        It hears no signals that a terminal sends to us: a run that is asked to stop ends what is in hand. Where the
        block is left by an exception, the program is ended.
        """
        with (
            tempfile.TemporaryFile() as errors,
            subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, env=_environment(password), start_new_session=True
            ) as process,
        ):
            assert process.stdout is not None
            self._reach().at_work(process)
            try:
                yield process.stdout
            except BaseException:
                process.kill()
                raise
            if process.wait() != 0:
                errors.seek(0)
                raise BackupError(f"{fault}: {_last_line(errors.read())}")

    def _facts(self, wanted: Wanted) -> dict[str, Any]:
        """What is ours in the database: the ledger's schema, its tables, and how copies of tables are called."""
        schema = wanted.schema or self._ask("SELECT current_schema()")[0][0]
        prefix = f"{wanted.name.rpartition('_')[0]}_"
        return {"schema": schema, "own": list(wanted.own), "prefix": prefix}

    def mark(self, saved: Saved) -> Saved:
        facts = saved.facts or {}
        return replace(saved, after=self._states(facts), facts={**facts, "objects": self._objects(facts)})

    def _objects(self, facts: Mapping[str, Any]) -> dict[str, str]:
        own, copies = set(facts["own"]), re.compile(_names(facts)["copies"])
        return digest_objects(read_catalog(self._ask), lambda name: name in own or copies.match(name) is not None)

    def _states(self, facts: Mapping[str, Any]) -> dict[str, str]:
        return {name: self._digest(oid, name) for oid, name in self._ask(_TABLES, **_names(facts))}

    # ---------------------------------------------------------------------------------------------- restoring

    def fault(self, saved: Saved) -> str | None:
        return file_fault(saved)

    def lock(self, saved: Saved) -> None:
        self._refuse_others(saved.facts or {})
        for _, name in self._ask(_TABLES, **_names(saved.facts or {})):
            self._send(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")

    def states(self, saved: Saved) -> States:
        return self._states(saved.facts or {})

    def altered_since(self, saved: Saved) -> tuple[str, ...]:
        facts = saved.facts or {}
        return changed_objects(facts.get("objects"), self._objects(facts))

    def states_restored(self, saved: Saved) -> Mapping[str, str | None] | None:
        return (saved.facts or {}).get("before")

    def restore(self, saved: Saved) -> None:
        facts = saved.facts or {}
        programs = self.check_restore()
        ours = self._ask(_OURS, **_names(facts))
        self._send(f"CREATE SCHEMA {KEPT}")
        self._move(ours, quote(facts["schema"]), KEPT)
        for (text,) in self._ask(_DROPS, kept=KEPT):
            self._send(text)
        self._make_public(facts["public"])
        for section in ("pre-data", "data", "post-data"):
            self._play(programs, saved.place, section)
        self._move(ours, KEPT, quote(facts["schema"]))
        self._send(f"DROP SCHEMA {KEPT}")
        missing = differences(facts["before"], self._states(facts))
        if missing:
            raise BackupError("the database does not hold what it held before, now that it is restored")

    def _move(self, ours: Sequence[Sequence[Any]], source: str, target: str) -> None:
        for kind, name in ours:
            self._send(f"ALTER {'VIEW' if kind == 'v' else 'TABLE'} {source}.{quote(name)} SET SCHEMA {target}")

    def _make_public(self, rows: Sequence[Sequence[Any]]) -> None:
        """The schema that every database begins with, which a dump takes for granted."""
        for owner, comment, grants in rows:
            self._send("CREATE SCHEMA public")
            self._send(f"ALTER SCHEMA public OWNER TO {owner}")
            for text in grants or ():
                self._send(text)
            literal = "NULL" if comment is None else "'" + comment.replace("'", "''") + "'"
            self._send(f"COMMENT ON SCHEMA public IS {literal}")

    def _play(self, programs: Programs, place: str, section: str) -> None:
        """Run what `pg_restore` writes of one section; COPY stands in the section of data alone."""
        command: list[str | Path] = [programs.restore, f"--section={section}", "--file=-", place]
        with self._output_of(command, None, "`pg_restore` could not read the backup") as out:
            lines = _without_psql(out)
            if section == "data":
                self._play_data(lines)
            else:
                self._send_script(b"".join(lines))

    def _send_script(self, script: bytes) -> None:
        text = script.replace(_UNKNOWN_BEFORE_17, b"\n", 1).decode()
        if text.strip():
            self._send(text)

    def _play_data(self, lines: Iterator[bytes]) -> None:
        script: list[bytes] = []
        for line in lines:
            if not _COPY.fullmatch(line):
                script.append(line)
                continue
            self._send_script(b"".join(script))
            script.clear()
            self._copy_in(line.decode().rstrip("\n;"), _until_end(lines))
        self._send_script(b"".join(script))


def _names(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"schema": facts["schema"], "own": facts["own"], "copies": f"^{facts['prefix']}[0-9a-f]{{12}}_[0-9]+$"}


def _without_psql(lines: IO[bytes]) -> Iterator[bytes]:
    """The lines without those that lock psql up and free it again, by a word of its own that the first one has."""
    word: bytes | None = None
    for line in lines:
        match = _RESTRICT.fullmatch(line) if word is None else None
        if match is not None:
            word = match[1]
        elif word is None or line != b"\\unrestrict " + word + b"\n":
            yield line


def _until_end(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line == b"\\.\n":
            return
        yield line


def _environment(password: str | None) -> dict[str, str]:
    return {**os.environ, "LC_MESSAGES": "C", **({} if password is None else {"PGPASSWORD": password})}


def _last_line(text: bytes) -> str:
    """The program's words, on one line, without its name."""
    lines = [line for line in text.decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error:" in line] or lines or ["it says nothing"]
    return errors[0].partition("error: ")[2] or errors[0]
