"""What was inferred in a form that can be kept: as JSON, in which each value is the list of its fields."""

from __future__ import annotations

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

VERSION = 1
_STRENGTHS = {str(strength): strength for strength in Strength}
_FIRMNESS = {int(firmness): firmness for firmness in Firmness}


def dump_inference(inference: Inference) -> Any:
    """An inference as JSON; tuples and words stand for themselves."""
    return [
        inference.edges,
        list(inference.reasons.values()),
        inference.conflicts,
        inference.contradictions,
        inference.unresolved,
        inference.unread,
    ]


def load_inference(value: Any) -> Inference | None:
    """What ``dump_inference`` gave, after it was written and read as JSON; None where it is nothing of ours."""
    try:
        edges, reasons, conflicts, contradictions, unresolved, unread = value
        told = [_edge(each) for each in reasons]
        return Inference(
            tuple([_edge(each) for each in edges]),
            {(edge.before, edge.after): edge for edge in told},
            tuple([_conflict(each) for each in conflicts]),
            tuple([Contradiction(_edge(edge), message) for edge, message in contradictions]),
            tuple([Unresolved(name, load_effect(effect), Location(*place)) for name, effect, place in unresolved]),
            tuple([Unread(name, what, Location(*place)) for name, what, place in unread]),
        )
    except (TypeError, ValueError, LookupError):
        return None


def _conflict(value: Any) -> Conflict:
    first, second, message, place, others = value
    return Conflict(first, second, message, Location(*place), tuple(others))


def _edge(value: Any) -> InferredEdge:
    before, after, strength, firmness, reason, place = value
    return InferredEdge(before, after, _STRENGTHS[strength], _FIRMNESS[firmness], reason, Location(*place))
