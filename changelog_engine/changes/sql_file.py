"""``sql_file``: a file of SQL, or one a database kind."""

from __future__ import annotations

from changelog_engine.changes.kinds import PATH, Kind, Place, by_database
from changelog_engine.changes.nodes import Scalar
from changelog_engine.changes.shapes import ByNode
from changelog_engine.model import SqlChange

SHAPE = ByNode(scalar=PATH, mapping=by_database(PATH))


def _build(value: Scalar | dict[str, Scalar], place: Place) -> SqlChange | None:
    paths = {"default": value} if isinstance(value, Scalar) else value
    read = {kind: place.file_text(path) for kind, path in paths.items()}
    texts = {kind: text for kind, text in read.items() if text is not None}
    return SqlChange("sql_file", place.location, texts, place.split, place.delimiter) if texts else None


KIND = Kind("sql_file", "a file of SQL to run, relative to this file; or a map by database kind", SHAPE, _build)
