"""A proof that is kept: a file with what was proven, changeset by changeset, and the refusal of what was not.

What counts of a changeset is what it does (its checksum), its rollback, and what it waits for: not where it stands.
"""

from __future__ import annotations

import hashlib
import json

from changelog_engine import __version__
from changelog_engine.errors import PlanRefusedError, UsageError
from changelog_engine.findings import VerifyResult
from changelog_engine.model import RollbackChanges
from changelog_engine.plan.stepping import listed
from changelog_engine.plan.steps import Action, Plan, Step
from changelog_engine.sql.checksum import checksum_changes

FORMAT = 1


def dump_proof(result: VerifyResult, plan: Plan) -> str:
    """The text of the file that a proof without findings is kept in."""
    proof = {
        "format": FORMAT,
        "engine": __version__,
        "changelog": plan.changelog,
        "dbms": plan.dbms,
        "contexts": plan.contexts,
        "server": result.server,
        "orders": result.orders_tried,
        "seed": result.seed,
        "changesets": {step.id: _key(step, plan.dbms) for step in plan.steps if step.action in _PROVEN},
    }
    return json.dumps(proof, indent=2, ensure_ascii=False) + "\n"


def refuse_unproven(text: str, plan: Plan) -> None:
    """PlanRefusedError where a plan would apply what the proof does not hold; UsageError where it is none."""
    try:
        proof = json.loads(text)
        kept, dbms, changelog = proof["changesets"], proof["dbms"], proof["changelog"]
        is_known = proof["format"] == FORMAT and isinstance(kept, dict)
    except (ValueError, KeyError, TypeError):
        is_known = False
    if not is_known:
        raise UsageError("the proof cannot be read", hint="`changelog verify --record FILE` makes one")
    if (dbms, changelog) != (plan.dbms, plan.changelog):
        raise PlanRefusedError(
            f"the proof is of the changelog `{changelog}` on {dbms}, not of `{plan.changelog}` on {plan.dbms};"
            " nothing was run",
            hint=_REMEDY,
        )
    steps = [step for step in plan.steps if step.action in _PROVEN]
    unknown = [step.id for step in steps if step.id not in kept]
    other = [step.id for step in steps if step.id in kept and kept[step.id] != _key(step, plan.dbms)]
    if not unknown and not other:
        return
    parts = [f"{listed(unknown)} {_verb(unknown)} not proven"] if unknown else []
    parts += (
        [f"{listed(other)} {_verb(other)} not as proven: edited since, or waiting for something else"] if other else []
    )
    raise PlanRefusedError(
        f"{'; '.join(parts)}; nothing was run",
        hint=_REMEDY,
        changeset=(unknown + other)[0],
        facts={"changesets": [*unknown, *other]},
    )


_PROVEN = (Action.APPLY, Action.RERUN)
_REMEDY = "prove the changelog as it is now: `changelog verify --record FILE`"


def _verb(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _key(step: Step, dbms: str) -> str:
    changeset = step.changeset
    rollback = None if changeset is None else changeset.rollback
    way_back = (
        checksum_changes(rollback.changes, dbms) if isinstance(rollback, RollbackChanges) else type(rollback).__name__
    )
    edges = sorted([edge.changeset, edge.strength] for edge in step.edges)
    text = json.dumps([step.checksum, way_back, step.transaction, edges])
    return "1:" + hashlib.sha256(text.encode()).hexdigest()
