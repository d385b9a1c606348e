"""PostgreSQL's parser is there without the package around it, and for that package too."""

from __future__ import annotations

import subprocess
import sys

from tests.fixtures.processes import environment


def run(code: str) -> list[str]:
    ended = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    return ended.stdout.splitlines()


def test_cutting_and_reading_sql_brings_no_protobuf_along() -> None:
    code = """
import sys
from changelog_engine.model import Location, SqlText
from changelog_engine.sql.reading import read_effects
from changelog_engine.sql.statements import split_statements
text = "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END; DROP TABLE t"
print(len(split_statements(SqlText(text, Location("a", 1, 1)), "postgresql")))
print(read_effects(text, "postgresql").opaque)
print({"google", "postgast", "postgast.pg_query_pb2"} & sys.modules.keys())
"""
    assert run(code) == ["2", "()", "set()"]


def test_the_package_finds_the_library_loaded() -> None:
    code = """
from changelog_engine.sql.pg_query import library
lib = library()
import postgast
from postgast import native
print(native.lib is lib is library(), postgast.deparse(postgast.parse("select  1")))
"""
    assert run(code) == ["True SELECT 1"]


def test_what_the_package_has_loaded_is_taken() -> None:
    code = """
import postgast
from postgast import native
from changelog_engine.sql.pg_query import library
print(native.lib is library())
"""
    assert run(code) == ["True"]
