"""The JSON Schema and the reader are made from the same shapes, and agree on everything that is structure."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from changelog_engine.changelog.edit import write_project
from changelog_engine.changelog.file_log import FileLog, Findings
from changelog_engine.changelog.keys import CHANGELOG
from changelog_engine.changelog.schema import json_schema
from changelog_engine.changelog.source import source_of
from changelog_engine.changelog.yaml_nodes import compose
from changelog_engine.changes.shapes import (
    AnyScalar,
    ByKey,
    ByNode,
    Choice,
    Flag,
    ListOf,
    MapOf,
    Record,
    Shape,
    Text,
    WholeNumber,
)
from changelog_engine.changes.times import Duration, Seconds

SCHEMA = json_schema()
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

WORDS = ("a", "dev", "postgresql", "!sqlite", "SELECT 1;", "two words", "größe", "", " ", "any", "001", "no", "a.b/c-d")
DURATIONS = ("5s", "10min", "500 ms", "1.5h", "0", "5 sec", "1234567s", "٣s")
NUMBERS = (0, 1, 7, -3, 1.5, 1_000_000)
KEYS = (
    "id",
    "tag",
    "sql",
    "sql_file",
    "changes",
    "irreversible",
    "transaction",
    "default",
    "path",
    "x",
    "no name",
    "all",
    "lock_timeout",
    "retries",
    "initial_seconds",
)


def structure_faults(document: Any) -> list[str]:
    """What the reader's structural pass says of a document."""
    text = json.dumps(document, ensure_ascii=False)
    source = source_of("main.yaml", Path("main.yaml"), text)
    node, problems = compose(source)
    assert node is not None, problems
    findings = Findings()
    CHANGELOG.read(node, FileLog(source, findings), "a changelog")
    return [problem.message for problem in (*problems, *findings.problems)]


def valid(shape: Shape, known: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Values that a shape takes."""
    match shape:
        case Text():
            rule = shape.rule
            words = [word for word in WORDS if rule is None or rule.pattern.fullmatch(word)]
            return st.sampled_from([*words, *(NUMBERS if shape.numbers else ())])
        case AnyScalar():
            return st.sampled_from([*WORDS, *NUMBERS, True, None])
        case Flag():
            return st.booleans()
        case WholeNumber(least):
            return st.integers(least, 9)
        case Seconds(most):
            return st.sampled_from([number for number in NUMBERS if 0 <= number <= most])
        case Duration():
            return st.sampled_from([0, 1.5, *DURATIONS[:5]])
        case Choice(docs):
            return st.sampled_from(sorted(docs))
        case ListOf(item, least):
            return st.lists(valid(item, known), min_size=least, max_size=3)
        case MapOf():
            keys = [key for key in shape.known or WORDS if shape.rule is None or shape.rule.pattern.fullmatch(key)]
            return st.dictionaries(st.sampled_from(keys), valid(shape.item, known), min_size=shape.least, max_size=2)
        case Record():
            return valid_record(shape, known)
        case ByNode():
            inner = [each for each in (shape.scalar, shape.sequence, shape.mapping) if each is not None]
            return st.one_of([valid(each, known) for each in inner])
        case ByKey():
            cases = {id(each): each for each in (shape.otherwise, *(case for _, case in shape.cases))}
            return st.one_of([valid(each, known) for each in cases.values()])
        case _:
            raise TypeError(shape)


def valid_record(record: Record, known: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    if record.name not in known:
        known[record.name] = st.deferred(lambda: known[record.name + "!"])
        values = {key: valid(each.shape, known) for key, each in record.keys.items()}

        @st.composite
        def build(draw: st.DrawFn) -> dict[str, Any]:
            free = [key for key in record.keys if key not in record.one_of and not record.keys[key].required]
            keys = [key for key, each in record.keys.items() if each.required]
            keys += draw(st.lists(st.sampled_from(free), unique=True, max_size=4)) if free else []
            keys += [draw(st.sampled_from(record.one_of))] if record.one_of else []
            return {key: draw(values[key]) for key in keys}

        known[record.name + "!"] = build()
    return known[record.name]


DOCUMENTS = valid(CHANGELOG, {})
ANYTHING = st.recursive(
    st.sampled_from([*WORDS, *DURATIONS, *NUMBERS, True, False, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=2),
    max_leaves=4,
)


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths to all values of a document."""
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [at, *(place for key, value in inner for place in places(value, (*at, key)))]


def mutated(document: Any, data: st.DataObject) -> Any:
    """The document with a value replaced, removed, renamed or added somewhere."""
    document = copy.deepcopy(document)
    place = data.draw(st.sampled_from(places(document)))
    if not place:
        return data.draw(ANYTHING)
    parent = document
    for key in place[:-1]:
        parent = parent[key]
    match data.draw(st.sampled_from(["replace", "remove", "rename", "add"])):
        case "remove":
            del parent[place[-1]]
        case "rename" if isinstance(parent, dict):
            parent[data.draw(st.sampled_from(KEYS))] = parent.pop(place[-1])
        case "add" if isinstance(parent, dict):
            parent[data.draw(st.sampled_from(KEYS))] = data.draw(ANYTHING)
        case _:
            parent[place[-1]] = data.draw(ANYTHING)
    return document


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS)
def test_what_the_shapes_allow_is_valid_for_schema_and_reader(document: Any) -> None:
    assert structure_faults(document) == []
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS, st.data())
def test_schema_and_reader_agree_on_mutated_changelogs(document: Any, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 2))):
        document = mutated(document, data)
    assert VALIDATOR.is_valid(document) == (structure_faults(document) == [])


@settings(max_examples=150, deadline=None)
@given(ANYTHING)
def test_schema_and_reader_agree_on_anything(document: Any) -> None:
    assert VALIDATOR.is_valid(document) == (structure_faults(document) == [])


@pytest.mark.parametrize("definition", sorted(SCHEMA["$defs"]))
def test_every_key_is_described_for_editors(definition: str) -> None:
    schema = SCHEMA["$defs"][definition]
    assert schema["description"]
    assert all(key["description"] for key in schema["properties"].values())


def test_the_first_changelog_of_a_project_is_valid(tmp_path: Path) -> None:
    write_project(tmp_path)
    document = yaml.safe_load((tmp_path / "changelogs" / "main.yaml").read_text(encoding="utf-8"))
    assert VALIDATOR.is_valid(document)
