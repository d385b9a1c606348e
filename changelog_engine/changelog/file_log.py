"""What the readers of one file have at hand: places in it, texts with their places, a log of its faults."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from changelog_engine.changelog.expressions import ExpressionError, names_in, parse_expression
from changelog_engine.changelog.source import Source
from changelog_engine.changes.nodes import Mark, Node, Scalar
from changelog_engine.model import Expression, Location, Problem, SqlText
from changelog_engine.nearest import nearest


@dataclass(slots=True)
class Findings:
    """All that was found so far; ``complete`` turns False where a part of the changelog could not be read at all."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    complete: bool = True


class FileLog:
    """``contexts`` are the names that the root file declares, None where it declares none."""

    def __init__(self, source: Source, findings: Findings, contexts: Collection[str] | None = None) -> None:
        self.source = source
        self.findings = findings
        self.contexts = contexts

    def report(self, message: str, node: Node, hint: str | None = None, length: int | None = None) -> None:
        self.findings.problems.append(self._problem(message, node, hint, length))

    def warn(self, message: str, node: Node, hint: str | None = None) -> None:
        self.findings.warnings.append(self._problem(message, node, hint, None))

    def report_at(self, message: str, place: Location, hint: str | None = None, length: int = 1) -> None:
        """The same, for a place of this file that is no node: one within a text."""
        self.findings.problems.append(self.source.problem(message, place.line, place.column, hint=hint, length=length))

    def location(self, node: Node) -> Location:
        mark = node.start
        return Location(self.source.name, mark.line + 1, mark.column + 1)

    def sql_text(self, node: Scalar) -> SqlText:
        """The text of a scalar with the place of its first character, exact for text in a block and on one line."""
        line, column = node.start.line, node.start.column
        style = node.style
        if style == "|" or style == ">":
            line, column = self._block_start(node)
        elif not node.plain and style:
            column += 1
        return SqlText(node.text, Location(self.source.name, line + 1, column + 1), column + 1)

    def expression(self, node: Scalar) -> Expression | None:
        """The expression of context names that a text is; None after reporting why it is none."""
        try:
            expression = parse_expression(node.text)
        except ExpressionError as error:
            place = self.sql_text(node).locate(error.position)
            hint = "an expression is made of names, `and`, `or`, `not`, commas and parentheses"
            self.report_at(f"{error.message} in the expression `{node.text.strip()}`", place, hint)
            return None
        if self.contexts is not None:
            for name in names_in(expression):
                self.check_context(name, node)
        return expression

    def check_context(self, name: str, node: Scalar) -> None:
        """Report a context that the root file does not declare."""
        if self.contexts is None or any(name.lower() == known.lower() for known in self.contexts):
            return
        close = nearest(name, self.contexts)
        declared = ", ".join(f"`{known}`" for known in self.contexts)
        hint = f"did you mean `{close}`?" if close else f"the root file declares {declared or 'none'}"
        text = self.sql_text(node)
        offset = node.text.find(name)
        self.report_at(f"`{name}` is not among the declared contexts", text.locate(offset), hint, len(name))

    def _block_start(self, node: Scalar) -> tuple[int, int]:
        """Line and column (from 0) of the first character of a block text: its indentation is cut off by YAML."""
        lines = self.source.lines
        first = node.start.line + 1
        if node.style == "|" and node.text[:1] not in ("\n", " ", ""):
            return first, len(lines[first]) - (node.text + "\n").index("\n")
        for number, content in enumerate(node.text.split("\n")) if node.text[:1] == "\n" else ((0, None),):
            written = lines[first + number] if first + number < len(lines) else ""
            if content is None:
                content = node.text.split("\n", 1)[0]
            if content.strip() == "":
                continue
            if node.style == "|":
                return first, len(written) - len(content)
            return first, len(written) - len(written.lstrip(" "))
        return first, node.start.column

    def _problem(self, message: str, node: Node, hint: str | None, length: int | None) -> Problem:
        start = node.start
        if length is None:
            length = _written_length(node, start) if isinstance(node, Scalar) else 1
        return self.source.problem(message, start.line + 1, start.column + 1, hint=hint, length=length)


def _written_length(node: Scalar, start: Mark) -> int:
    return node.end.column - start.column if node.end.line == start.line else 1
