"""Preconditions and checks, from their fields."""

from __future__ import annotations

from collections.abc import Iterator

from changelog_engine.changelog.file_log import FileLog
from changelog_engine.changelog.keys import TESTS
from changelog_engine.changelog.texts import Texts
from changelog_engine.changes.nodes import Mapping, Node, Scalar, Sequence
from changelog_engine.changes.scalars import value_of
from changelog_engine.changes.shapes import Fields
from changelog_engine.changes.sql import sql_texts
from changelog_engine.model import (
    AllOf,
    AnyOf,
    Check,
    DbmsIs,
    IsApplied,
    NoneOf,
    ObjectExists,
    OnFail,
    ParameterDefined,
    Precondition,
    RowCount,
    RunningAs,
    SqlTest,
    Test,
)

_LONGEST_NAME = 60


def parse_preconditions(given: tuple[Fields, ...], log: FileLog, texts: Texts) -> tuple[Precondition, ...]:
    """The preconditions that can be made of what was read."""
    parsed: list[Precondition] = []
    for fields in given:
        for node in _scalars(fields.node):
            if "${" in node.text:
                texts.check_parameters(log.sql_text(node))
        test = _test(fields, log)
        if test is None:
            continue
        message: Scalar | None = fields.get("message")
        parsed.append(
            Precondition(
                test,
                log.location(fields.node),
                OnFail(fields.get("on_fail", OnFail.HALT)),
                OnFail(fields.get("on_error", OnFail.HALT)),
                None if message is None else message.text,
            )
        )
    return tuple(parsed)


def parse_checks(given: tuple[Fields, ...], log: FileLog, texts: Texts, dbms: tuple[str, ...]) -> tuple[Check, ...]:
    """The checks that can be made of what was read; one without a name goes by its SQL."""
    parsed: list[Check] = []
    for fields in given:
        if "sql" not in fields or "expect" not in fields:
            continue
        queries = sql_texts(fields["sql"], log.sql_text)
        texts.check_sql(queries, dbms, transaction=True)
        name: Scalar | None = fields.get("name")
        words = " ".join(next(iter(queries.values())).text.split()) if name is None else name.text
        shown = words if name is not None or len(words) <= _LONGEST_NAME else words[: _LONGEST_NAME - 1] + "…"
        parsed.append(Check(shown, queries, value_of(fields["expect"]), log.location(fields.node)))
    return tuple(parsed)


def _test(fields: Fields, log: FileLog) -> Test | None:
    """The test that the fields hold; None where a part of it was faulty, which has been reported."""
    key = next((key for key in fields if key in TESTS), None)
    if key is None:
        return None
    value = fields[key]
    match key:
        case "sql":
            return _query(value, log)
        case "all" | "any":
            tests = tuple(test for test in (_test(inner, log) for inner in value) if test is not None)
            return AllOf(tests) if key == "all" else AnyOf(tests)
        case "not":
            test = _test(value, log)
            return None if test is None else NoneOf(test)
        case "row_count":
            return _row_count(value)
        case "dbms":
            return DbmsIs(tuple(kind.text for kind in ((value,) if isinstance(value, Scalar) else value)))
        case "applied":
            return IsApplied(value.text)
        case "running_as":
            return RunningAs(value.text)
        case "parameter_defined":
            return ParameterDefined(value.text)
        case _:
            return _object(key.removesuffix("_exists"), value)


def _query(value: Fields, log: FileLog) -> Test | None:
    if "query" not in value or "expect" not in value:
        return None
    return SqlTest(sql_texts(value["query"], log.sql_text), value_of(value["expect"]))


def _row_count(value: Fields) -> Test | None:
    if "table" not in value or "expect" not in value:
        return None
    return RowCount(value["table"].text, value["expect"])


def _object(kind: str, value: Scalar | Fields) -> Test | None:
    if isinstance(value, Scalar):
        return ObjectExists(kind, value.text)
    name: Scalar | None = value.get("name") or value.get("column")
    table: Scalar | None = value.get("table")
    return None if name is None else ObjectExists(kind, name.text, None if table is None else table.text)


def _scalars(node: Node) -> Iterator[Scalar]:
    if isinstance(node, Scalar):
        yield node
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _scalars(item)
    elif isinstance(node, Mapping):
        for _, value in node.entries.values():
            yield from _scalars(value)
