"""Tags that the changelog declares, and tags that are set by hand."""

from __future__ import annotations

import pytest

from changelog_engine.errors import UsageError
from tests.fixtures.projects import Project


def test_a_declared_tag_is_deleted_only_when_it_is_no_longer_declared(project: Project) -> None:
    project.tables("one", tag_after="one")
    with pytest.raises(UsageError, match="is declared in the changelog"):
        project.engine().delete_tag("t")
    project.update()
    with pytest.raises(UsageError, match="is declared in the changelog") as refused:
        project.engine().delete_tag("t")
    assert refused.value.hint == "take it out of the changelog, then delete it"
    assert [tag.name for tag in project.engine().tags()] == ["t"]
    project.tables("one")
    assert project.engine().delete_tag("t").changesets == ("one",)
    assert project.engine().tags() == ()


def test_a_tag_set_by_hand_before_it_was_declared_can_be_deleted(project: Project) -> None:
    project.tables("one")
    project.update()
    project.engine().tag("t")
    project.tables("one", tag_after="one")
    assert not project.engine().delete_tag("t").declared
    project.update()
    assert [tag.declared for tag in project.engine().tags()] == [True]
