"""The first look at an SQLite file, with the standard library alone."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from urllib.parse import quote as quote_path

from changelog_engine.databases.database import Row
from changelog_engine.databases.look import LedgerNames, look_sql

PLAIN = re.compile(r"sqlite(?:\+pysqlite)?:///([^?]+)")
"""A URL that is a path and nothing else."""


def look(url: str, names: LedgerNames) -> Row | None:
    """The row, or None where there is no ledger, no file, or a URL with options that are best left to the session."""
    match = PLAIN.fullmatch(url)
    if match is None or not Path(match[1]).is_file():
        return None
    try:
        connection = sqlite3.connect(f"file:{quote_path(match[1])}?mode=ro", uri=True)
    except sqlite3.Error:
        return None
    try:
        row: Row | None = connection.execute(look_sql(names, lambda name: f'"{name}"')).fetchone()
    except sqlite3.Error:
        return None
    finally:
        connection.close()
    return row
