"""The graph as text, Mermaid, dot and JSON."""

from __future__ import annotations

import json

import pytest

from changelog_engine.errors import UsageError
from changelog_engine.graph.render import FORMS, render_graph
from tests.unit.factory import changeset, graph, linear, tag

GRAPH = graph(
    changeset("create-a"), *linear(changeset("b", ["create-a"]), changeset("c", after=["create-a"])), tag("t")
)


def test_as_text_each_line_says_what_it_waits_for_and_where_that_stands() -> None:
    assert render_graph(GRAPH, "text", states={"b": "pending"}).splitlines() == [
        "1  create-a           changelogs/main.yaml:1",
        "2  b         pending  changelogs/main.yaml:2",
        "     requires create-a (changelogs/main.yaml:2:20)",
        "3  c                  changelogs/main.yaml:3",
        "     comes after create-a (changelogs/main.yaml:3:20)",
        "     requires b (changelogs/main.yaml:3:20, order: linear)",
        "4  tag:t              changelogs/main.yaml:4",
        "     comes after c",
        "     comes after b",
        "     comes after create-a",
    ]


def test_as_mermaid_edges_that_only_order_are_dotted() -> None:
    assert render_graph(GRAPH, "mermaid").splitlines() == [
        "flowchart TD",
        '    n0["create-a"]',
        '    n1["b"]',
        '    n2["c"]',
        '    n3{{"tag:t"}}',
        "    n0 --> n1",
        "    n0 -.-> n2",
        "    n1 --> n2",
        "    n2 -.-> n3",
        "    n1 -.-> n3",
        "    n0 -.-> n3",
    ]


def test_as_dot_each_edge_has_its_reason() -> None:
    lines = render_graph(GRAPH, "dot").splitlines()
    assert lines[0] == "digraph changelog {"
    assert '    "create-a" -> "b" [tooltip="`b` depends on `create-a`"];' in lines
    assert '    "tag:t" [shape=hexagon];' in lines


def test_as_json_there_are_nodes_and_edges() -> None:
    value = json.loads(render_graph(GRAPH, "json"))
    assert [node["id"] for node in value["nodes"]] == ["create-a", "b", "c", "tag:t"]
    assert value["edges"][0] == {
        "from": "create-a",
        "to": "b",
        "strength": "requires",
        "reason": "`b` depends on `create-a`",
        "origin": "declared",
        "file": "changelogs/main.yaml",
        "line": 2,
    }


@pytest.mark.parametrize("form", FORMS)
def test_a_part_of_it_can_be_drawn(form: str) -> None:
    text = render_graph(GRAPH, form, {"b"})
    assert "create-a" not in text
    assert "tag:t" in text


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_graph_can_be_drawn(form: str) -> None:
    render_graph(graph(), form)


def test_an_unknown_form_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="there is no form `mermaidd`") as caught:
        render_graph(GRAPH, "mermaidd")
    assert caught.value.hint == "did you mean `mermaid`?"
