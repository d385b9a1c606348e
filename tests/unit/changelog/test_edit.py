from __future__ import annotations

from pathlib import Path

import pytest

from changelog_engine.changelog.edit import add_changeset, write_project
from changelog_engine.changelog.reader import read_changelog
from changelog_engine.errors import InvalidChangelogError, UsageError

SKELETON = (
    "  - id: new\n"
    "    sql:        # what it does, as SQL after `|`\n"
    "    rollback:   # what undoes it, `auto` where that is certain, or {irreversible: REASON}\n"
)


def added(tmp_path: Path, text: str, name: str = "new") -> str:
    path = tmp_path / "main.yaml"
    path.write_bytes(text.encode())
    line = add_changeset(path, name)
    result = path.read_bytes().decode()
    assert result.splitlines()[line - 1].lstrip().startswith(("- id: ", '- id: "'))
    return result


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("changesets:\n  - id: a\n    sql: x\n", f"changesets:\n  - id: a\n    sql: x\n\n{SKELETON}"),
        ("# top\nname: x\n", f"# top\nname: x\n\nchangesets:\n{SKELETON}"),
        ("", f"changesets:\n{SKELETON}"),
        ("# only a comment", f"# only a comment\n\nchangesets:\n{SKELETON}"),
        ("changesets: []  # none yet\norder: linear\n", f"changesets:  # none yet\n{SKELETON}order: linear\n"),
        ("changesets:\norder: linear\n", f"changesets:\n{SKELETON}order: linear\n"),
        (
            "changesets:\n  - id: a   # kept\n    sql: |\n      x  # SQL\n\n# after\norder: linear\n",
            f"changesets:\n  - id: a   # kept\n    sql: |\n      x  # SQL\n\n{SKELETON}\n# after\norder: linear\n",
        ),
        ("changesets:\n  - id: a\n  # - id: b\n", f"changesets:\n  - id: a\n\n{SKELETON}  # - id: b\n"),
        ("changesets:\n  - {id: a,\n     sql: x}", f"changesets:\n  - {{id: a,\n     sql: x}}\n\n{SKELETON}"),
        ("changesets:\n  -\n    id: a\n", f"changesets:\n  -\n    id: a\n\n{SKELETON}"),
    ],
)
def test_a_skeleton_is_added_and_all_else_stays(tmp_path: Path, before: str, after: str) -> None:
    assert added(tmp_path, before) == after


def test_the_indentation_of_the_file_is_followed(tmp_path: Path) -> None:
    result = added(tmp_path, "changesets:\n- id: a\n  sql: x\n")
    assert "\n- id: new\n  sql: " in result


def test_byte_order_mark_and_line_ends_are_kept(tmp_path: Path) -> None:
    result = added(tmp_path, "\ufeffchangesets:\r\n  - id: a\r\n    sql: x\r\n")
    assert result.startswith("\ufeffchangesets:\r\n")
    assert "\n" not in result.replace("\r\n", "")


def test_details_are_written_so_that_they_read_back(tmp_path: Path) -> None:
    path = tmp_path / "main.yaml"
    path.write_text("changesets: []\n")
    add_changeset(path, "1e3", author="yes: # no", description='say "hi"\nthere', depends_on=["a", "true"])
    reading = read_changelog(path, tmp_path)
    changeset = reading.changelog.changesets[0]
    assert (changeset.id, changeset.author, changeset.description) == ("1e3", "yes: # no", 'say "hi"\nthere')
    assert [each.changeset for each in changeset.depends_on] == ["a", "true"]
    assert [problem.message for problem in reading.problems] == ["`sql` has no value", "`rollback` has no value"]


def test_an_id_that_is_there_or_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is there already, in line 2"):
        added(tmp_path, "changesets:\n  - id: New\n")
    with pytest.raises(UsageError, match="cannot be an id"):
        added(tmp_path, "changesets: []\n", "two words")
    with pytest.raises(UsageError, match="256 characters"):
        added(tmp_path, "changesets: []\n", "x" * 256)


def test_a_file_that_cannot_be_edited_is_left_alone(tmp_path: Path) -> None:
    for text in ("changesets: [{id: a}]\n", "{name: x}\n", "changesets: text\n"):
        with pytest.raises(UsageError):
            added(tmp_path, text)
        assert (tmp_path / "main.yaml").read_text() == text
    for text in ("changesets: [\n", "- id: a\n"):
        with pytest.raises(InvalidChangelogError):
            added(tmp_path, text)
    with pytest.raises(UsageError):
        add_changeset(tmp_path / "gone.yaml", "a")


def test_a_new_project_is_valid_and_nothing_is_overwritten(tmp_path: Path) -> None:
    assert write_project(tmp_path) == (tmp_path / "changelog.toml", tmp_path / "changelogs" / "main.yaml")
    reading = read_changelog(tmp_path / "changelogs" / "main.yaml", tmp_path)
    assert reading.problems == reading.warnings == ()
    with pytest.raises(UsageError):
        write_project(tmp_path)
    (tmp_path / "changelog.toml").unlink()
    (tmp_path / "changelogs" / "main.yaml").write_text("mine")
    assert write_project(tmp_path) == (tmp_path / "changelog.toml",)
    assert (tmp_path / "changelogs" / "main.yaml").read_text() == "mine"
