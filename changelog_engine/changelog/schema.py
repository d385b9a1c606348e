"""The JSON Schema of the format, for editors: the reader's own shapes in the words of JSON Schema 2020-12."""

from __future__ import annotations

from typing import Any

from changelog_engine.changelog.keys import CHANGELOG
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
from changelog_engine.durations import MOST_SECONDS, PATTERN

Schema = dict[str, Any]
_SCALARS = ["string", "number", "boolean", "null"]


def json_schema() -> Schema:
    """The schema of a changelog file."""
    definitions: dict[str, Schema] = {}
    root = _schema(CHANGELOG, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "changelog",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _schema(shape: Shape, definitions: dict[str, Schema]) -> Schema:
    match shape:
        case Text():
            return _text(shape)
        case AnyScalar():
            return {"type": _SCALARS}
        case Flag():
            return {"type": "boolean"}
        case WholeNumber(least):
            return {"type": "integer", "minimum": least}
        case Seconds(most):
            return {"type": "number", "minimum": 0, "maximum": most}
        case Duration():
            as_number = {"type": "number", "minimum": 0, "maximum": MOST_SECONDS}
            return {"anyOf": [{"type": "string", "pattern": f"^(?:{PATTERN.pattern})$"}, as_number]}
        case Choice(docs):
            described = "; ".join(f"`{value}`: {doc}" for value, doc in docs.items())
            return {"enum": list(docs), "description": described}
        case ListOf(item, least):
            schema: Schema = {"type": "array", "items": _schema(item, definitions)}
            return {**schema, "minItems": least} if least else schema
        case MapOf():
            return _map(shape, definitions)
        case Record():
            return _record(shape, definitions)
        case ByNode():
            return _by_node(shape, definitions)
        case ByKey():
            return _by_key(shape, definitions)
        case _:
            raise TypeError(f"no JSON Schema is known for the shape {type(shape).__name__}")


def _text(shape: Text) -> Schema:
    schema: Schema = {"type": ["string", "number"] if shape.numbers else "string"}
    if shape.rule is not None:
        schema["pattern"] = f"^(?:{shape.rule.pattern.pattern})$"
    if shape.longest is not None:
        schema["maxLength"] = shape.longest
    if shape.examples:
        schema["examples"] = list(shape.examples)
    return schema


def _map(shape: MapOf, definitions: dict[str, Schema]) -> Schema:
    item = _schema(shape.item, definitions)
    schema: Schema = {"type": "object", "description": shape.words}
    if shape.known:
        schema |= {"properties": dict.fromkeys(shape.known, item), "additionalProperties": False}
    else:
        schema["additionalProperties"] = item
        if shape.rule is not None:
            schema["propertyNames"] = {"pattern": f"^(?:{shape.rule.pattern.pattern})$"}
    return {**schema, "minProperties": shape.least} if shape.least else schema


def _record(record: Record, definitions: dict[str, Schema]) -> Schema:
    """A reference to the record's definition, which is made where it is not there yet."""
    name = record.name.replace(" ", "_")
    if name not in definitions:
        schema: Schema = {"type": "object", "description": record.doc, "additionalProperties": False}
        definitions[name] = schema  # before its keys are looked at: a record may hold itself
        schema["properties"] = {
            key: {**_schema(known.shape, definitions), "description": _described(known.doc, known.shape)}
            for key, known in record.keys.items()
        }
        required = [key for key, known in record.keys.items() if known.required]
        if required:
            schema["required"] = required
        if record.one_of:
            schema["oneOf"] = [{"required": [key]} for key in record.one_of]
    return {"$ref": f"#/$defs/{name}"}


def _described(doc: str, shape: Shape) -> str:
    if not isinstance(shape, Choice):
        return doc
    return doc + "\n\n" + "\n".join(f"- `{value}`: {meaning}" for value, meaning in shape.docs.items())


def _by_node(shape: ByNode, definitions: dict[str, Schema]) -> Schema:
    shapes = [inner for inner in (shape.scalar, shape.sequence, shape.mapping) if inner is not None]
    schemas = [_schema(inner, definitions) for inner in shapes]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _by_key(shape: ByKey, definitions: dict[str, Schema]) -> Schema:
    """Nested conditions, so that an editor judges a map by the one shape that it is meant to have."""
    schema = _schema(shape.otherwise, definitions)
    for key, case in reversed(shape.cases):
        schema = {"if": {"required": [key]}, "then": _schema(case, definitions), "else": schema}
    return {"type": "object", **schema}
