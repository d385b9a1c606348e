"""An error for people: what happened, where, what state the database is in now, what to do next."""

from __future__ import annotations

from pathlib import Path

from click import style

from changelog_engine.cli.failures import Failure
from changelog_engine.cli.wording import names, plain
from changelog_engine.model import Location, Problem
from changelog_engine.results import RedoResult, RollbackResult, UpdateResult

STATEMENT_LINES = 12


def render_failure(failure: Failure, root: Path | None, *, is_verbose: bool) -> str:
    """The text of an error, without its end of line. ``root`` is the folder that its places are relative to."""
    if failure.problems:
        return _render_problems(failure, root)
    parts = [f"{_error()} {plain(failure.message)}"]
    if failure.location is not None:
        parts[0] += "\n" + _place(failure.location, root)
    if failure.statement and (is_verbose or failure.location is None):
        parts.append(_statement(failure.statement, is_verbose=is_verbose))
    state = "\n".join(filter(None, (_done_before(failure), failure.state)))
    if state:
        parts.append(state)
    if failure.trace:
        parts.append(failure.trace.rstrip())
    if failure.hint:
        parts.append(f"{_hint()} {plain(failure.hint)}")
    return "\n\n".join(parts) + "\n" if len(parts) > 2 else "\n".join(parts)


def render_warnings(warnings: tuple[Problem, ...]) -> str:
    """Warnings of a changelog, each with its place and its remedy."""
    return "\n\n".join(_problem(style("warning:", fg="yellow", bold=True), warning) for warning in warnings)


def _render_problems(failure: Failure, root: Path | None) -> str:
    from changelog_engine.changelog.source import with_line_texts

    problems = with_line_texts(failure.problems, root) if root is not None else failure.problems
    blocks = [_problem(_error(), problem) for problem in problems]
    if failure.warnings:
        blocks.append(render_warnings(failure.warnings))
    return "\n\n".join([*blocks, style(failure.message, bold=True)])


def _problem(head: str, problem: Problem) -> str:
    from changelog_engine.changelog.source import excerpt

    text = f"{head} {plain(problem.message)}\n{plain(excerpt(problem))}"
    return f"{text}\n\n{_hint()} {plain(problem.hint)}" if problem.hint else text


def _place(location: Location, root: Path | None) -> str:
    """The place, with its line and a caret where it is in the changelog; other files may hold a URL in theirs."""
    from changelog_engine.changelog.source import excerpt, with_line_texts

    problem = Problem("", location)
    if root is None or Path(location.file).suffix == ".toml":
        return plain(excerpt(problem))
    return plain(excerpt(with_line_texts((problem,), root)[0]))


def _statement(statement: str, *, is_verbose: bool) -> str:
    lines = plain(statement).strip().splitlines()
    if not is_verbose and len(lines) > STATEMENT_LINES:
        lines = [*lines[:STATEMENT_LINES], f"... {len(lines) - STATEMENT_LINES} more lines (`--verbose` shows all)"]
    return "\n".join(f"    {line}" for line in lines)


def _done_before(failure: Failure) -> str:
    """What the run had done, and has left done, before it ended."""
    match failure.result:
        case UpdateResult(applied=applied, marked=marked) if applied or marked:
            return f"applied before that in this run, and still so: {names((*applied, *marked))}"
        case RollbackResult(rolled_back=rolled_back) if rolled_back:
            return f"rolled back before that in this run, and still so: {names(rolled_back)}"
        case RedoResult(rollback=rollback, update=update) if rollback.rolled_back:
            again = f"; applied again: {names(update.applied)}" if update.applied else "; nothing applied again yet"
            return f"rolled back before that in this run: {names(rollback.rolled_back)}{again}"
    return ""


def _error() -> str:
    return style("error:", fg="red", bold=True)


def _hint() -> str:
    return style("hint:", fg="cyan", bold=True)
