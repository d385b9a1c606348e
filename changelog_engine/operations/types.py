"""Types of columns: names that mean the same on every kind of database, and each database's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine, UserDefinedType

from changelog_engine.model import SqlText
from changelog_engine.operations.errors import OperationError

Type = TypeEngine[Any]

_WRITTEN = re.compile(r"\s*([a-z]+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)\s*)?", re.IGNORECASE)


class Native(UserDefinedType[Any]):
    """A type of the database's own, as it is written."""

    cache_ok = True

    def __init__(self, written: str) -> None:
        self.written = written

    def get_col_spec(self, **_: Any) -> str:
        return self.written


_PLAIN: Final[Mapping[str, Callable[[], Type]]] = {
    "smallint": sa.SmallInteger,
    "integer": sa.Integer,
    "int": sa.Integer,
    "bigint": sa.BigInteger,
    "real": sa.REAL,
    "double": sa.Double,
    "numeric": sa.Numeric,
    "decimal": sa.Numeric,
    "boolean": sa.Boolean,
    "bool": sa.Boolean,
    "text": sa.Text,
    "varchar": sa.String,
    "char": sa.CHAR,
    "date": sa.Date,
    "time": sa.Time,
    "timestamp": sa.DateTime,
    "timestamptz": lambda: sa.DateTime(timezone=True),
    "json": sa.JSON,
    "jsonb": lambda: sa.JSON().with_variant(postgresql.JSONB(), "postgresql"),
    "uuid": lambda: sa.CHAR(36).with_variant(sa.UUID(), "postgresql").with_variant(sa.UUID(), "mariadb"),
    "bytea": sa.LargeBinary,
    "binary": sa.LargeBinary,
    "blob": sa.LargeBinary,
}
_WITH_LENGTH: Final[Mapping[str, Callable[[int], Type]]] = {
    "varchar": sa.String,
    "char": sa.CHAR,
    "numeric": sa.Numeric,
    "decimal": sa.Numeric,
}
_WITH_SCALE: Final = ("numeric", "decimal")


def column_type(written: str | SqlText, dbms: str) -> Type:
    """The type that a text means; one that is not known here is the database's own, and so is SQL.

    Raises OperationError for a type that this kind of database has no likeness of.
    """
    if isinstance(written, SqlText):
        return Native(written.text)
    match = _WRITTEN.fullmatch(written)
    if match is None:
        return Native(written.strip())
    name, length, scale = match[1].lower(), match[2], match[3]
    if name == "interval" and dbms != "postgresql":
        raise OperationError(
            f"there is no type like `interval` on {dbms}", hint="keep the length of time as a number of seconds"
        )
    if name == "varchar" and length is None and dbms in ("mysql", "mariadb"):
        raise OperationError(f"`varchar` needs a length on {dbms}", hint="write `varchar(200)`, or `text`")
    if length is None and name in _PLAIN:
        return _PLAIN[name]()
    if length is not None and scale is None and name in _WITH_LENGTH:
        return _WITH_LENGTH[name](int(length))
    if length is not None and scale is not None and name in _WITH_SCALE:
        return sa.Numeric(int(length), int(scale))
    return Native(written.strip())
