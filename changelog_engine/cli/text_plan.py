"""A plan for people: what will be done, why, why at that place, and under which conditions."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from click import style

from changelog_engine.cli.streams import Streams
from changelog_engine.cli.text_output import where
from changelog_engine.cli.wording import count_of

if TYPE_CHECKING:
    from changelog_engine.plan.steps import Plan, Step
    from changelog_engine.settings import Settings

COLORS = {"apply": "green", "rerun": "yellow", "rollback": "magenta", "unmark": "magenta", "tag": "blue"}


def show_plan(streams: Streams, plan: Plan, settings: Settings, location: str) -> None:
    """The steps, numbered, then what was seen and is left alone."""
    for halt in plan.halts:
        streams.out(
            f"{style('stops here:', fg='red', bold=True)} `{halt.id}` is {halt.state.replace('_', ' ')}: {halt.reason}"
        )
    if plan.halts:
        streams.say(f"`changelog {plan.direction.value}` does nothing until that is settled\n")
    for old, new in plan.renames:
        streams.out(f"  -  rename `{old}` to `{new}`: recorded first, nothing is run")
    digits = len(str(len(plan.steps)))
    for number, step in enumerate(plan.steps, start=1):
        _show_step(streams, step, f"{number:>{digits + 1}}. ")
    if not plan.steps:
        streams.out("nothing to do")
    streams.say()
    for note in plan.notes:
        streams.say(f"note: {note}")
    streams.say(_summary(plan))
    streams.say(where(location, settings))


def _show_step(streams: Streams, step: Step, number: str) -> None:
    action = style(f"{step.action.value:<8}", fg=COLORS[step.action.value])
    streams.out(f"{number}{action} {style(step.id, bold=True)}")
    if streams.is_quiet:
        return
    from changelog_engine.plan.describe import describe_consideration

    lines = [step.reason, step.place, describe_consideration(step.consideration)]
    lines += [
        f"if: {condition.text} (else {condition.on_fail.value.replace('_', ' ')})" for condition in step.conditions
    ]
    lines += [f"check: {check.name}" for check in step.checks]
    lines += ["outside of a transaction"] if not step.transaction else []
    lines += [f"begins at statement {step.first + 1}: an earlier run got that far"] if step.first else []
    lines += _derived_rollback(step)
    for line in filter(None, lines):
        streams.out(textwrap.indent(line, " " * len(number)))
    if streams.is_verbose:
        from changelog_engine.sql.templates import show

        for statement in step.statements:
            streams.out(textwrap.indent(style(show(statement.template) + ";", dim=True), " " * (len(number) + 2)))


def _derived_rollback(step: Step) -> list[str]:
    """What undoes the step, where nobody wrote it."""
    from changelog_engine.plan.steps import is_rollback_derived
    from changelog_engine.sql.templates import show

    if not is_rollback_derived(step) or step.rollback is None:
        return []
    statements = [f"{show(statement)};" for statement in step.rollback.statements]
    return ["\n  ".join(["rollback, derived:", *(statements or ["nothing to undo"])])]


def _summary(plan: Plan) -> str:
    contexts = f", contexts: {plan.contexts}" if plan.contexts else ""
    target = f", back to {plan.target}" if plan.target else ""
    return f"{count_of(len(plan.steps), 'step')}{target}{contexts}"
