"""Results for programs: one JSON object a command, with the same keys whether it succeeded or failed."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from changelog_engine.findings import BackupsResult, DepsResult, DriftResult, VerifyResult
from changelog_engine.model import Consideration, Problem
from changelog_engine.results import (
    HistoryResult,
    LockStatus,
    RecordResult,
    RedoResult,
    RollbackResult,
    StatusResult,
    TagStatus,
    UpdateResult,
    ValidateResult,
)

if TYPE_CHECKING:
    from changelog_engine.cli.failures import Failure
    from changelog_engine.ledger.entries import Entry
    from changelog_engine.plan.steps import Plan, Step

EMPTY: dict[str, dict[str, Any]] = {
    "validate": {"errors": [], "warnings": []},
    "deps": {"edges": [], "opaque": []},
    "lint": {"findings": []},
    "status": {"changesets": [], "counts": {}, "tags": []},
    "plan": {"steps": []},
    "update": {"deployment": None, "applied": [], "marked": [], "skipped": [], "failed": [], "tags": []},
    "rollback": {"deployment": None, "rolled_back": [], "to": None},
    "redo": {
        "rollback": {"deployment": None, "rolled_back": [], "to": None},
        "update": {"deployment": None, "applied": [], "marked": [], "skipped": [], "failed": [], "tags": []},
    },
    "history": {"events": []},
    "mark-applied": {"changesets": []},
    "unmark": {"changesets": []},
    "resolve": {"changesets": []},
    "accept-checksum": {"changesets": []},
    "verify": {"findings": [], "orders_tried": 0, "seed": None, "changesets": []},
    "drift": {"drift": []},
    "backups": {"backups": []},
}
"""What each command prints where it came to nothing; a failure adds ``error``."""


def dump(value: dict[str, Any]) -> str:
    """The object as text, non-ASCII characters as they are where the output can hold them."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return json.dumps(value, indent=2, ensure_ascii=encoding != "utf8")


def render_result(result: Any) -> str:
    """A result of the engine as JSON."""
    return dump(result_object(result))


def result_object(result: Any) -> dict[str, Any]:
    """A result of the engine as the object that its command prints. TypeError on anything else."""
    match result:
        case ValidateResult():
            return {
                "errors": [],
                "warnings": [_problem(warning) for warning in result.warnings],
                "changesets": result.changesets,
                "tags": result.tags,
                "files": result.files,
            }
        case StatusResult():
            return _status(result)
        case UpdateResult():
            return _update(result)
        case RollbackResult():
            return {
                "deployment": result.deployment or None,
                "rolled_back": list(result.rolled_back),
                "to": result.to or None,
                "notes": list(result.notes),
                "database": result.database,
            }
        case VerifyResult():
            return _verified(result)
        case DriftResult():
            return {
                "drift": list(result.differences),
                "changesets": result.changesets,
                "database": result.database,
                "rebuilt_on": result.rebuilt_on,
                "notes": list(result.notes),
            }
        case BackupsResult():
            return {
                "backups": [asdict(backup) for backup in result.backups],
                "leftovers": list(result.leftovers),
                "pruned": [asdict(backup) for backup in result.pruned],
                "cleaned": list(result.cleaned),
                "database": result.database,
            }
        case DepsResult():
            return _dependencies(result)
        case RedoResult():
            return {"rollback": result_object(result.rollback), "update": result_object(result.update)}
        case HistoryResult():
            events = {"events": [_event(entry) for entry in result.events], "head": str(result.head)}
            return events if result.chain is None else {**events, "chain": result.chain}
        case TagStatus():
            return _tag(result)
        case LockStatus():
            return {
                "held": result.held, "holder": result.holder, "since": result.since, "released": result.released
            }  # fmt: skip
        case RecordResult():
            return {"changesets": list(result.changesets), "database": result.database}
    raise TypeError(type(result).__name__)


def _dependencies(result: DepsResult) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "edges": [
            {
                "changeset": needed.changeset,
                "needs": needed.needs,
                "strength": str(needed.strength),
                "declared": needed.declared,
                "reason": needed.reason,
            }
            for needed in result.edges
        ],
        "opaque": [
            {"changeset": use.changeset, "what": use.what, "file": use.location.file, "line": use.location.line}
            for use in result.opaque
        ],
    }
    if not result.written:
        return shown
    written = [
        {"changeset": each.changeset, "file": each.file, "line": each.line, "added": list(each.added)}
        for each in result.written
    ]
    return shown | {"written": written}


def plan_object(plan: Plan) -> dict[str, Any]:
    """A plan as JSON: `plan`, and `--dry-run` of update and rollback."""
    return {
        "steps": [_step(step) for step in plan.steps],
        "direction": plan.direction.value,
        "head": str(plan.head),
        "contexts": plan.contexts,
        "renames": [{"from": old, "to": new} for old, new in plan.renames],
        "halts": [{"id": halt.id, "state": halt.state, "reason": halt.reason} for halt in plan.halts],
        "notes": list(plan.notes),
        **({"to": plan.target} if plan.target else {}),
    }


def tags_object(tags: tuple[TagStatus, ...]) -> dict[str, Any]:
    return {"tags": [_tag(tag) for tag in tags]}


def dump_failure(failure: Failure, shape: str) -> str:
    """The object of a command as far as it came, with what ended it."""
    value = dict(EMPTY.get(shape, {}))
    if failure.result is not None:
        value.update(result_object(failure.result))
    if failure.problems:
        value["errors"] = [_problem(problem) for problem in failure.problems]
        value["warnings"] = [_problem(warning) for warning in failure.warnings]
    location = failure.location or (failure.problems[0].location if failure.problems else None)
    value["error"] = {
        "code": failure.code,
        "message": failure.message,
        "changeset": failure.changeset,
        "statement": failure.statement,
        "file": location.file if location else None,
        "line": location.line if location else None,
        "hint": failure.hint,
    }
    if failure.trace:
        value["error"]["trace"] = failure.trace
    return dump(value)


def _status(result: StatusResult) -> dict[str, Any]:
    return {
        "changesets": [
            {
                "id": changeset.id,
                "state": changeset.state.value,
                "reason": changeset.reason,
                "checksum": changeset.checksum,
                "depends_on": list(changeset.depends_on),
                "contexts": changeset.contexts,
                "labels": list(changeset.labels),
                "file": changeset.file,
                "line": changeset.line,
                "at": changeset.at,
            }
            for changeset in result.changesets
        ],
        "counts": dict(result.counts),
        "tags": list(result.tags),
        "database": result.database,
        "head": str(result.head),
    }


def _verified(result: VerifyResult) -> dict[str, Any]:
    return {
        "findings": [
            {
                "kind": finding.kind.value,
                "changeset": finding.changeset,
                "pair": None if finding.pair is None else list(finding.pair),
                "message": finding.message,
                "difference": list(finding.difference),
                "remedy": finding.remedy or None,
                "file": finding.file,
                "line": finding.line,
            }
            for finding in result.findings
        ],
        "orders_tried": result.orders_tried,
        "seed": result.seed,
        "changesets": list(result.changesets),
        "rollbacks_tried": result.rollbacks,
        "ways_tried": result.ways,
        "server": result.server,
        "notes": list(result.notes),
    }


def _update(result: UpdateResult) -> dict[str, Any]:
    return {
        "deployment": result.deployment or None,
        "applied": list(result.applied),
        "marked": list(result.marked),
        "skipped": [{"id": skipped.id, "reason": skipped.reason} for skipped in result.skipped],
        "failed": [{"id": failed.id, "message": failed.message} for failed in result.failed],
        "tags": list(result.tags),
        "notes": list(result.notes),
        "database": result.database,
    }


def _step(step: Step) -> dict[str, Any]:
    from changelog_engine.plan.steps import is_rollback_derived
    from changelog_engine.sql.templates import show

    return {
        "id": step.id,
        "action": step.action.value,
        "reason": step.reason,
        "place": step.place,
        "conditions": [condition.text for condition in step.conditions],
        "statements": [show(statement.template) for statement in step.statements],
        "checks": [check.name for check in step.checks],
        "transaction": step.transaction,
        "checksum": step.checksum,
        "consideration": _consideration(step.consideration),
        "rollback": None if step.rollback is None else [show(statement) for statement in step.rollback.statements],
        "rollback_derived": is_rollback_derived(step),
    }


def _consideration(consideration: Consideration) -> dict[str, Any]:
    """What is said of time-outs, retries and the role; empty where nothing is."""
    retries = consideration.retries
    said = {
        "lock_timeout_ms": consideration.lock_timeout,
        "statement_timeout_ms": consideration.statement_timeout,
        "retries": retries and {"attempts": retries.attempts, "initial_seconds": retries.initial_seconds},
        "run_as": consideration.run_as,
    }
    return {name: value for name, value in said.items() if value is not None}


def _event(entry: Entry) -> dict[str, Any]:
    return {
        "seq": entry.seq,
        "event": entry.event.value,
        "direction": entry.direction.value if entry.direction else None,
        "changelog": entry.changelog,
        "changeset": entry.changeset_id,
        "tag": entry.tag,
        "checksum": entry.checksum,
        "deployment": entry.deployment_id,
        "at": entry.recorded_at,
        "by": entry.os_user or entry.db_user,
        "duration_ms": entry.duration_ms,
        "hash": entry.hash,
    }


def _tag(tag: TagStatus) -> dict[str, Any]:
    return {"name": tag.name, "declared": tag.declared, "at": tag.at, "changesets": list(tag.changesets)}


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "message": problem.message,
        "file": problem.location.file,
        "line": problem.location.line,
        "column": problem.location.column,
        "hint": problem.hint,
    }
