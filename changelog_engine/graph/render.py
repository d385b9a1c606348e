"""The graph as text, Mermaid, Graphviz (dot) or JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from changelog_engine.errors import UsageError
from changelog_engine.graph.build import ChangesetGraph, Edge
from changelog_engine.model import Origin, Strength
from changelog_engine.nearest import did_you_mean


def render_graph(
    graph: ChangesetGraph,
    form: str,
    only: Collection[str] | None = None,
    states: Mapping[str, str] | None = None,
) -> str:
    """The graph in a ``form`` of ``FORMS``, in the engine's order; UsageError for another form.

    ``only`` limits it to these changesets (tags are then shown where something of theirs is); ``states`` adds each
    changeset's state to the JSON and the text.
    """
    if form not in FORMS:
        raise UsageError(
            f"there is no form `{form}`", hint=did_you_mean(form, FORMS) or "forms are " + ", ".join(FORMS)
        )
    nodes = [node for node in graph.order if only is None or node in only or _is_tag(node)]
    edges = _edges(graph, nodes)
    if only is not None:
        used = {edge.after for edge in edges}
        nodes = [node for node in nodes if not _is_tag(node) or node in used]
    shown = frozenset(nodes)
    edges = [edge for edge in edges if edge.before in shown and edge.after in shown]
    return FORMS[form](graph, nodes, edges, states or {})


def _edges(graph: ChangesetGraph, nodes: Collection[str]) -> list[Edge]:
    shown = frozenset(nodes)
    return [edge for node in nodes for edge in graph.edges_into(node) if edge.before in shown]


def _is_tag(node: str) -> bool:
    return node.startswith("tag:")


def _place(graph: ChangesetGraph, node: str) -> str:
    found = graph.tags[node.removeprefix("tag:")] if _is_tag(node) else graph.changesets[node]
    return f"{found.location.file}:{found.location.line}"


def _render_text(
    graph: ChangesetGraph, nodes: Collection[str], edges: Collection[Edge], states: Mapping[str, str]
) -> str:
    """Lines in order: number, node, state, place; under it what it waits for, and why."""
    into: dict[str, list[Edge]] = {}
    for edge in edges:
        into.setdefault(edge.after, []).append(edge)
    number_width = len(str(len(nodes)))
    width = max((len(node) for node in nodes), default=0)
    state_width = max((len(states.get(node, "")) for node in nodes), default=0)
    lines = []
    for number, node in enumerate(nodes, 1):
        state = f"{states.get(node, ''):{state_width}}  " if state_width else ""
        lines.append(f"{number:{number_width}}  {node:{width}}  {state}{_place(graph, node)}")
        lines += [" " * (number_width + 4) + _waits_for(edge) for edge in into.get(node, ())]
    return "\n".join(lines) + "\n" if lines else ""


def _waits_for(edge: Edge) -> str:
    if _is_tag(edge.after):
        return f"comes after {edge.before}"
    verb = "requires" if edge.strength is Strength.REQUIRES else "comes after"
    if edge.is_inferred:
        return f"{verb} {edge.before} (inferred: {edge.reason})"
    linear = ", order: linear" if edge.origin is Origin.LINEAR else ""
    return f"{verb} {edge.before} ({edge.location}{linear})"


def _render_mermaid(
    graph: ChangesetGraph, nodes: Collection[str], edges: Collection[Edge], states: Mapping[str, str]
) -> str:
    del graph, states
    names = {node: f"n{number}" for number, node in enumerate(nodes)}
    lines = ["flowchart TD"]
    for node, name in names.items():
        label = node.replace('"', "#quot;")
        lines.append(f'    {name}{{{{"{label}"}}}}' if _is_tag(node) else f'    {name}["{label}"]')
    for edge in edges:
        arrow = "-.->" if edge.is_inferred or edge.strength is not Strength.REQUIRES else "-->"
        lines.append(f"    {names[edge.before]} {arrow} {names[edge.after]}")
    return "\n".join(lines) + "\n"


def _render_dot(
    graph: ChangesetGraph, nodes: Collection[str], edges: Collection[Edge], states: Mapping[str, str]
) -> str:
    del graph, states
    lines = ["digraph changelog {", "    node [shape=box];"]
    for node in nodes:
        lines.append(f"    {_quoted(node)} [shape=hexagon];" if _is_tag(node) else f"    {_quoted(node)};")
    for edge in edges:
        style = "style=dashed, " if edge.is_inferred or edge.strength is not Strength.REQUIRES else ""
        lines.append(f"    {_quoted(edge.before)} -> {_quoted(edge.after)} [{style}tooltip={_quoted(edge.reason)}];")
    return "\n".join([*lines, "}"]) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _render_json(
    graph: ChangesetGraph, nodes: Collection[str], edges: Collection[Edge], states: Mapping[str, str]
) -> str:
    return (
        json.dumps(
            {
                "nodes": [_node_object(graph, node, states) for node in nodes],
                "edges": [
                    {
                        "from": edge.before,
                        "to": edge.after,
                        "strength": str(edge.strength),
                        "reason": edge.reason,
                        "origin": str(edge.origin),
                        "file": edge.location.file if edge.location else None,
                        "line": edge.location.line if edge.location else None,
                    }
                    for edge in edges
                ],
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
    )


def _node_object(graph: ChangesetGraph, node: str, states: Mapping[str, str]) -> dict[str, Any]:
    if _is_tag(node):
        tag = graph.tags[node.removeprefix("tag:")]
        return {"id": node, "kind": "tag", "file": tag.location.file, "line": tag.location.line}
    changeset = graph.changesets[node]
    shown: dict[str, Any] = {
        "id": node,
        "kind": "changeset",
        "labels": list(changeset.labels),
        "file": changeset.location.file,
        "line": changeset.location.line,
    }
    return shown | ({"state": states[node]} if node in states else {})


FORMS = {"text": _render_text, "mermaid": _render_mermaid, "dot": _render_dot, "json": _render_json}
