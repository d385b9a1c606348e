from __future__ import annotations

from collections.abc import Callable

import pytest

from changelog_engine.changelog.expressions import render_expression
from changelog_engine.changelog.reader import Reading
from changelog_engine.model import Origin

Read = Callable[..., Reading]


def changesets(*ids: str, top: str = "") -> str:
    return top + "changesets:\n" + "".join(f"  - {{id: {each}, sql: x, rollback: y}}\n" for each in ids)


def order(reading: Reading) -> list[str]:
    return [changeset.id for changeset in reading.changelog.changesets]


def chain(reading: Reading) -> dict[str, list[str]]:
    """What each changeset requires because of ``order: linear``."""
    return {
        changeset.id: [each.changeset for each in changeset.depends_on if each.origin is Origin.LINEAR]
        for changeset in reading.changelog.changesets
    }


def test_an_included_file_comes_before_the_changesets_of_the_file_that_includes_it(read: Read) -> None:
    files = {
        "main.yaml": changesets("d", top="include: [b.yaml, a.yaml]\n"),
        "a.yaml": changesets("c"),
        "b.yaml": changesets("b", top="include: [sub/c.yaml]\n"),
        "sub/c.yaml": changesets("a"),
    }
    assert order(read(files)) == ["a", "b", "c", "d"]


def test_the_matches_of_a_glob_come_sorted_by_path_without_the_file_itself(read: Read) -> None:
    files = {
        "main.yaml": changesets("d", top='include: ["*.yaml", "modules/*/changelog.yaml"]\n'),
        "b.yaml": changesets("b"),
        "a.yaml": changesets("a"),
        "modules/z/changelog.yaml": changesets("z"),
        "modules/c/changelog.yaml": changesets("c"),
        "modules/c/other.yaml": "faulty: true\n",
    }
    assert order(read(files)) == ["a", "b", "c", "z", "d"]


def test_two_stars_match_folders_within_folders(read: Read) -> None:
    files = {"main.yaml": 'include: ["m/**/*.yaml"]\n', "m/a.yaml": changesets("a"), "m/x/y/b.yaml": changesets("b")}
    assert order(read(files)) == ["a", "b"]


def test_contexts_are_anded_along_the_includes(read: Read) -> None:
    files = {
        "main.yaml": 'include: [{path: a.yaml, contexts: "!test"}]\n',
        "a.yaml": "defaults: {contexts: x}\ninclude: [{path: b.yaml, contexts: dev or prod}]\n"
        + "changesets:\n  - {id: a, sql: x, rollback: y}\n",
        "b.yaml": "changesets:\n  - {id: b, contexts: eu, sql: x, rollback: y}\n",
    }
    rendered = {each.id: render_expression(each.contexts) for each in read(files).changelog.changesets if each.contexts}
    assert rendered == {"b": "not test and (dev or prod) and eu", "a": "not test and x"}


def test_defaults_do_not_reach_included_files(read: Read) -> None:
    files = {"main.yaml": "defaults: {author: me}\ninclude: [a.yaml]\n", "a.yaml": changesets("a")}
    assert read(files).changelog.changesets[0].author is None


def test_in_a_linear_file_each_changeset_requires_the_one_before(read: Read) -> None:
    reading = read(changesets("a", "b", "c", top="order: linear\n"))
    assert chain(reading) == {"a": [], "b": ["a"], "c": ["b"]}


def test_a_linear_include_is_one_chain_over_all_that_it_brings(read: Read) -> None:
    files = {
        "main.yaml": changesets("z", top='include: [{path: "legacy/*.yaml", order: linear}]\n'),
        "legacy/1.yaml": changesets("b", top="include: [../inner.yaml]\n"),
        "legacy/2.yaml": changesets("c"),
        "inner.yaml": changesets("a"),
    }
    assert chain(read(files)) == {"a": [], "b": ["a"], "c": ["b"], "z": []}


def test_a_file_may_leave_the_chain(read: Read) -> None:
    files = {
        "main.yaml": changesets(
            "c", "d", top="order: linear\ninclude: [a.yaml, {path: b.yaml, order: dependencies}]\n"
        ),
        "a.yaml": changesets("a"),
        "b.yaml": changesets("b"),
    }
    assert chain(read(files)) == {"a": [], "b": [], "c": ["a"], "d": ["c"]}


def test_a_chain_does_not_repeat_what_is_declared(read: Read) -> None:
    reading = read("order: linear\n" + changesets("a") + "  - {id: b, depends_on: [a], sql: x, rollback: y}\n")
    assert [each.origin for each in reading.changelog.changesets[1].depends_on] == [Origin.DECLARED]


def test_a_tag_stands_for_all_above_it_in_its_file_and_what_that_includes(read: Read) -> None:
    files = {
        "main.yaml": "include: [a.yaml, b.yaml]\n" + changesets("x") + "  - tag: all\n",
        "a.yaml": changesets("a1", "a2"),
        "b.yaml": changesets("b1") + "  - tag: only-b\n",
    }
    reading = read(files)
    tags = {tag.name: (tag.first, tag.position) for tag in reading.changelog.tags}
    positions = {each.id: each.position for each in reading.changelog.changesets}
    assert positions == {"a1": 0, "a2": 1, "b1": 2, "x": 4}
    assert tags == {"only-b": (2, 3), "all": (0, 5)}


def test_parameters_are_one_space_for_all_files_whatever_the_order(read: Read) -> None:
    files = {
        "main.yaml": "include: [a.yaml, b.yaml]\n",
        "a.yaml": "changesets:\n  - {id: a, sql: 'SELECT ${late}', rollback: y}\n",
        "b.yaml": "parameters: {late: 1}\n",
    }
    assert read(files).changelog.parameters["late"].default == "1"


def test_a_parameter_in_a_file_name_has_the_given_value_or_its_default(read: Read) -> None:
    files = {
        "main.yaml": "parameters: {region: eu}\ninclude: ['${region}.yaml']\n",
        "eu.yaml": "changesets:\n  - {id: eu, sql_file: '${region}.sql', rollback: y}\n",
        "us.yaml": changesets("us"),
        "eu.sql": "SELECT 1;",
    }
    assert order(read(files)) == ["eu"]
    assert order(read(files, values={"region": "us"})) == ["us"]


def test_an_absent_optional_include_is_a_warning_and_nothing_more(read: Read) -> None:
    reading = read('include: ["later/*.yaml"]\n')
    assert [warning.message for warning in reading.warnings] == ["no file matches `later/*.yaml`"]
    assert reading.complete


@pytest.mark.parametrize("name", ["äöü.yaml", "with space.yaml", "a'b.yaml"])
def test_files_may_have_any_name(read: Read, name: str) -> None:
    reading = read({"main.yaml": f'include: ["{name}"]\n', name: changesets("a")})
    assert str(reading.changelog.changesets[0].location) == f"{name}:2:10"
