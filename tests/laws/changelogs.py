"""Random changelogs: any directed acyclic graph, in any declared order, in one file or several."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from changelog_engine.changelog.expressions import parse_expression
from changelog_engine.model import Changelog, Changeset, Run, Tag
from tests.unit.factory import changelog, changeset, tag

LARGEST = 9


@st.composite
def changelogs(draw: st.DrawFn, *, reruns: bool = False, filters: bool = False) -> Changelog:
    """Up to ``LARGEST`` changesets whose edges follow a hidden order, declared in another, with tags between them.

    ``reruns``: some run always or on change; ``filters``: some have contexts, labels or kinds of database.
    """
    count = draw(st.integers(1, LARGEST))
    names = [f"c{number}" for number in range(count)]
    hidden = [draw(_changeset(names[:index], names[index], reruns, filters)) for index in range(count)]
    declared: list[Changeset | Tag] = list(draw(st.permutations(hidden)))
    for number, place in enumerate(sorted(draw(st.lists(st.integers(0, count), max_size=3)), reverse=True)):
        declared.insert(place, tag(f"t{number}"))
    return changelog(*declared)


@st.composite
def _changeset(draw: st.DrawFn, earlier: list[str], name: str, reruns: bool, filters: bool) -> Changeset:
    needs = draw(st.lists(st.sampled_from(earlier), max_size=2, unique=True)) if earlier else []
    after = draw(st.lists(st.sampled_from(earlier), max_size=1)) if earlier else []
    made = changeset(name, needs, after=[each for each in after if each not in needs])
    if reruns:
        made = replace(made, run=draw(st.sampled_from([Run.ONCE, Run.ONCE, Run.ON_CHANGE])))
    if filters:
        contexts = draw(st.sampled_from([None, None, "dev", "not dev"]))
        made = replace(
            made,
            contexts=None if contexts is None else parse_expression(contexts),
            dbms=draw(st.sampled_from([(), (), ("postgresql",)])),
        )
    return made


def ids_of(log: Changelog) -> st.SearchStrategy[str]:
    return st.sampled_from([each.id for each in log.changesets])


@st.composite
def shuffled(draw: st.DrawFn, log: Changelog) -> Changelog:
    """The same changesets in another declared order and spread over other files, without the tags."""
    files = st.sampled_from(["one.yaml", "two/two.yaml", "three.yaml"])
    order = draw(st.permutations(log.changesets))
    moved = [replace(each, location=each.location._replace(file=draw(files))) for each in order]
    return changelog(*moved)
