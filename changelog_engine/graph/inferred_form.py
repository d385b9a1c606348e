"""What was inferred in a form that can be kept: as JSON, in which each value is the list of its fields.

Places are kept by how far they are from their changeset's, so that the form is the same wherever that stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from changelog_engine.graph.inferred import (
    Conflict,
    Contradiction,
    Firmness,
    Inference,
    InferredEdge,
    Unread,
    Unresolved,
)
from changelog_engine.model import Location, Strength
from changelog_engine.sql.effects_form import load_effect

VERSION = 2
_STRENGTHS = {str(strength): strength for strength in Strength}
_FIRMNESS = {int(firmness): firmness for firmness in Firmness}

Places = Mapping[str, Location]
"""Where each changeset stands."""


def dump_inference(inference: Inference, places: Places) -> Any:
    """An inference as JSON; tuples and words stand for themselves."""

    def place(name: str, location: Location) -> Any:
        file, line, column = location
        at = places[name]
        return (line - at.line, column) if file == at.file else (line, column, file)

    def edge(found: InferredEdge) -> Any:
        return (*found[:-1], place(found.after, found.location))

    return [
        [edge(each) for each in inference.edges],
        [edge(each) for each in inference.reasons.values()],
        [(*each[:3], place(each.second, each.location), each.others) for each in inference.conflicts],
        [(edge(each.edge), each.message) for each in inference.contradictions],
        [(name, effect, place(name, location)) for name, effect, location in inference.unresolved],
        [(name, what, place(name, location)) for name, what, location in inference.unread],
    ]


def load_inference(value: Any, places: Places) -> Inference | None:
    """What ``dump_inference`` gave, after it was written and read as JSON; None where it is nothing of ours."""

    def place(name: str, value: Any) -> Location:
        line, column, *file = value
        at = places[name]
        return Location(file[0], line, column) if file else Location(at.file, at.line + line, column)

    def edge(value: Any) -> InferredEdge:
        before, after, strength, firmness, reason, where = value
        return InferredEdge(before, after, _STRENGTHS[strength], _FIRMNESS[firmness], reason, place(after, where))

    def conflict(value: Any) -> Conflict:
        first, second, message, where, others = value
        return Conflict(first, second, message, place(second, where), tuple(others))

    try:
        edges, reasons, conflicts, contradictions, unresolved, unread = value
        told = [edge(each) for each in reasons]
        return Inference(
            tuple([edge(each) for each in edges]),
            {(each.before, each.after): each for each in told},
            tuple([conflict(each) for each in conflicts]),
            tuple([Contradiction(edge(each), message) for each, message in contradictions]),
            tuple([Unresolved(name, load_effect(effect), place(name, where)) for name, effect, where in unresolved]),
            tuple([Unread(name, what, place(name, where)) for name, what, where in unread]),
        )
    except (TypeError, ValueError, LookupError):
        return None
