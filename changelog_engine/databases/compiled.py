"""SQLAlchemy Core statements as the text and parameters that a driver takes, compiled once each."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import Compiled, SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

DriverParameters = Mapping[str, Any] | tuple[Any, ...]


class CompiledStatements:
    """Compiles for one dialect and remembers the result for as long as the statement object lives.

    What a statement binds are texts, whole numbers and NULL; they go to the driver as they are, and rows come back as
    the driver gives them.
    """

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[tuple[int, tuple[str, ...]], tuple[weakref.ref[Executable], Compiled]] = {}

    def prepare(self, statement: Executable, parameters: Mapping[str, Any] | None) -> tuple[str, DriverParameters]:
        """The text in the driver's parameter style, and the values in the shape that it wants."""
        compiled = self._compile(statement, tuple(parameters or ()))
        if not isinstance(compiled, SQLCompiler):
            return str(compiled), {}
        if compiled.positional:
            values = compiled.construct_params(dict(parameters or {}), escape_names=False)
            return compiled.string, tuple(values[name] for name in compiled.positiontup or ())
        return compiled.string, compiled.construct_params(dict(parameters or {}))

    def _compile(self, statement: Executable, names: tuple[str, ...]) -> Compiled:
        # By identity: statements compare by identity, but not all of them can be hashed.
        key = (id(statement), names)
        known = self._known.get(key)
        if known is not None and known[0]() is statement:
            return known[1]
        options: dict[str, Any] = {"compile_kwargs": {"render_postcompile": True}}
        if isinstance(statement, UpdateBase) and names:
            options["column_keys"] = list(names)
        compiled: Compiled = statement.compile(dialect=self._dialect, **options)  # type: ignore[attr-defined]
        known_by_id = self._known
        known_by_id[key] = (weakref.ref(statement, lambda _: known_by_id.pop(key, None)), compiled)
        return compiled
