from __future__ import annotations

from pathlib import Path

from changelog_engine.changelog.source import excerpt, read_source, source_of, with_line_texts
from changelog_engine.model import Location, Problem


def shown(line: str, column: int, length: int) -> list[str]:
    problem = Problem("x", Location("main.yaml", 14, column), None, length, line)
    return excerpt(problem).split("\n")


def test_an_excerpt_shows_the_place_and_underlines_it() -> None:
    assert shown("    depends_on: [create-order]", 18, 12) == [
        "  --> main.yaml:14:18",
        "   |",
        "14 |     depends_on: [create-order]",
        "   |                  ^^^^^^^^^^^^",
    ]


def test_carets_stand_under_wide_characters_and_tabs() -> None:
    assert shown("東京 x", 4, 1)[3] == "   |      ^"
    assert shown("a\tb", 3, 1)[3] == "   |  \t^"
    assert shown("x 東京", 3, 2)[3] == "   |   ^^^^"


def test_a_long_line_is_cut_around_the_place() -> None:
    lines = shown("x" * 300 + "FAULT" + "y" * 300, 301, 5)
    at = lines[3].index("^")
    assert lines[2][at : at + 5] == "FAULT"
    assert len(lines[2]) < 160


def test_a_place_without_its_line_is_named_all_the_same() -> None:
    assert excerpt(Problem("x", Location("a.yaml", 3, 4))) == " --> a.yaml:3:4"


def test_byte_order_mark_and_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_bytes(b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\rSELECT 3;\n")
    source = read_source(path, "a.sql")
    assert not isinstance(source, Problem)
    assert source.text == "SELECT 1;\nSELECT 2;\nSELECT 3;\n"


def test_lines_are_added_to_problems_that_have_none(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("first\nsecond\n")
    problem, other = with_line_texts(
        (Problem("x", Location("a.yaml", 2, 1)), Problem("y", Location("gone.yaml", 1, 1))), tmp_path
    )
    assert problem.line_text == "second"
    assert other.line_text is None


def test_a_problem_never_underlines_past_its_line() -> None:
    problem = source_of("a", Path("a"), "abc\n").problem("x", 1, 2, length=99)
    assert (problem.length, problem.line_text) == (2, "abc")


def test_what_was_let_go_of_is_read_again_for_a_message(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("first\r\nsecond\n")
    source = read_source(path, "a.yaml")
    assert not isinstance(source, Problem)
    whole = source.problem("x", 2, 1)
    source.let_go()
    assert vars(source).keys().isdisjoint({"text", "lines"})
    assert (source.text, source.problem("x", 2, 1)) == ("first\nsecond\n", whole)
    source.let_go()
    path.unlink()
    assert source.problem("x", 2, 1).line_text == ""
