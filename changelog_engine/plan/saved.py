"""Saved plans: written to a file, and taken up again only where nothing has moved on since."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from changelog_engine.errors import PlanRefusedError, UsageError
from changelog_engine.ledger.entries import text_digest
from changelog_engine.plan.request import ContextChoice, ContextMode
from changelog_engine.plan.stepping import listed
from changelog_engine.plan.steps import Action, Plan, Step

FORMAT = 1
SHOWN = 5
"""Differences that a message names."""

AGAIN = "make a new plan and run that; where it was made with `--label` or `--param`, give the same ones"


def dump_plan(plan: Plan) -> str:
    """The text of a plan's file: what it was made from, and its steps, each with its checksum and a digest.

    No statement stands in it, and no value of a parameter.
    """
    value = {
        "changelog_plan": FORMAT,
        "direction": str(plan.direction),
        "changelog": plan.changelog,
        "dbms": plan.dbms,
        "head": str(plan.head),
        "contexts": plan.contexts,
        "parameters": plan.parameters,
        "target": plan.target,
        "renames": [list(rename) for rename in plan.renames],
        "steps": [_step_object(step) for step in plan.steps],
    }
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def check_saved(text: str, plan: Plan) -> Plan:
    """The plan as it is made now, reduced to the steps of a saved one.

    Raises UsageError where ``text`` is no plan, PlanRefusedError, saying what differs, where the ledger, the changelog,
    the contexts or the parameters are not those that it was made from.
    """
    saved = _parse(text)
    differences = _moved_on(saved, plan) or _steps_differ(saved["steps"], plan)
    if differences:
        raise PlanRefusedError(
            f"the saved plan was overtaken, nothing was run: {'; '.join(differences[:SHOWN])}"
            + (f"; and {len(differences) - SHOWN} more differences" if len(differences) > SHOWN else ""),
            hint=AGAIN,
            facts={"differences": differences},
        )
    wanted = {(step["action"], step["id"]) for step in saved["steps"]}
    return replace(plan, steps=tuple(step for step in plan.steps if (str(step.action), step.id) in wanted))


def saved_contexts(text: str) -> ContextChoice:
    """The contexts that a saved plan was made for. Raises UsageError where ``text`` is no plan."""
    contexts = _parse(text)["contexts"]
    for mode in (ContextMode.ALL, ContextMode.NONE, ContextMode.UNSAID):
        if contexts == str(ContextChoice(mode)):
            return ContextChoice(mode)
    return ContextChoice(ContextMode.GIVEN, tuple(contexts.split(",")))


def _parse(text: str) -> dict[str, Any]:
    try:
        saved = json.loads(text)
    except ValueError as error:
        raise UsageError(f"the file is no saved plan: {error}", hint="`changelog plan -o FILE` writes one") from error
    if not isinstance(saved, dict) or "changelog_plan" not in saved:
        raise UsageError("the file is no saved plan", hint="`changelog plan -o FILE` writes one")
    if saved["changelog_plan"] != FORMAT:
        raise UsageError(
            f"the saved plan has format {saved['changelog_plan']}; this version knows format {FORMAT}", hint=AGAIN
        )
    if not _is_well_formed(saved):
        raise UsageError("the saved plan is damaged", hint=AGAIN)
    return saved


def _is_well_formed(saved: Mapping[str, Any]) -> bool:
    texts = ("direction", "changelog", "dbms", "head", "contexts", "parameters")
    steps = saved.get("steps")
    return (
        all(isinstance(saved.get(name), str) for name in texts)
        and isinstance(saved.get("renames"), list)
        and isinstance(steps, list)
        and all(isinstance(step, dict) and {"id", "action", "checksum", "digest"} <= step.keys() for step in steps)
    )


def _moved_on(saved: Mapping[str, Any], plan: Plan) -> list[str]:
    present = {
        "direction": (str(plan.direction), "it is a plan of {saved}, and this is one of {now}"),
        "changelog": (plan.changelog, "it is for the changelog `{saved}`, and this is `{now}`"),
        "dbms": (plan.dbms, "it is for {saved}, and this is {now}"),
        "contexts": (plan.contexts, "it was made for the contexts `{saved}`, and these are `{now}`"),
        "parameters": (plan.parameters, "parameters have other values now"),
    }
    found = [words.format(saved=saved[name], now=now) for name, (now, words) in present.items() if saved[name] != now]
    if saved["head"] != str(plan.head):
        then, now = saved["head"].partition(":")[0], plan.head.seq
        found.append(
            f"the ledger has moved on (it was at row {then}, and is at row {now})"
            if then != str(now)
            else f"the ledger is another one (its row {now} differs)"
        )
    elif saved["renames"] != [list(rename) for rename in plan.renames]:
        found.append("changesets were renamed in the changelog")
    return found


def _steps_differ(saved: Sequence[Mapping[str, Any]], plan: Plan) -> list[str]:
    present = {(str(step.action), step.id): step for step in plan.steps}
    keys = [(step["action"], step["id"]) for step in saved]
    found = [f"`{name}` is no longer to be done ({action})" for action, name in keys if (action, name) not in present]
    for key, step in zip(keys, saved, strict=True):
        now = present.get(key)
        if now is None:
            continue
        if step["checksum"] != now.checksum:
            found.append(f"`{now.id}` was edited")
        elif step["digest"] != _digest(now):
            found.append(
                f"`{now.id}` is another step now (its preconditions, checks, rollback, dependencies or role differ)"
            )
    if not found and [key for key in present if key in set(keys)] != keys:
        found.append("the order of the steps is another one")
    new = [step.id for step in plan.steps if step.action is not Action.TAG and _key(step) not in set(keys)]
    required = {edge.changeset for step in plan.steps if _key(step) in set(keys) for edge in step.edges}
    missing = [name for name in new if name in required]
    if not found and missing:
        found.append(f"{listed(missing)} would have to come first")
    return found


def _key(step: Step) -> tuple[str, str]:
    return str(step.action), step.id


def _step_object(step: Step) -> dict[str, Any]:
    return {"id": step.id, "action": str(step.action), "checksum": step.checksum, "digest": _digest(step)}


def _digest(step: Step) -> str:
    """Of all that the step runs, asks and records; not of the places in files, so that what is moved stays the same."""
    value = [
        [statement.template for statement in step.statements],
        [[condition.text, str(condition.on_fail), str(condition.on_error)] for condition in step.conditions],
        [[check.query.template, str(check.expect)] for check in step.checks],
        [[edge.changeset, edge.strength] for edge in step.edges],
        step.transaction,
        step.first,
        None if step.rollback is None else step.rollback.to_json(),
        list(step.tag_set),
        *([step.consideration.run_as] if step.consideration.run_as else []),
    ]
    return text_digest(json.dumps(value, ensure_ascii=False))
