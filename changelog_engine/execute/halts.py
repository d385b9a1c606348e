"""What stops an update before it does anything: edited changesets and changesets in doubt, each with its remedy."""

from __future__ import annotations

import difflib

from changelog_engine.errors import ChecksumMismatchError, InDoubtError
from changelog_engine.ledger.ledger import Ledger
from changelog_engine.plan.steps import Halt, Plan
from changelog_engine.results import State

SHOWN = 3
"""Edited changesets whose differences are shown; of the others the ids."""


def refuse_halts(plan: Plan, ledger: Ledger) -> None:
    """Raise InDoubtError or ChecksumMismatchError where the plan says that update must not run."""
    in_doubt = [halt for halt in plan.halts if halt.state == State.IN_DOUBT]
    if in_doubt:
        raise _doubt(in_doubt)
    changed = [halt for halt in plan.halts if halt.state == State.CHANGED]
    if changed:
        raise _mismatch(changed, ledger)


def _doubt(halts: list[Halt]) -> InDoubtError:
    first = halts[0]
    others = f" (and {len(halts) - 1} more)" if len(halts) > 1 else ""
    return InDoubtError(
        f"changeset `{first.id}`{others} is in doubt, nothing was run: {first.reason}",
        hint="look at the database, then say what is so: "
        f"`changelog resolve {first.id} --applied` or `changelog resolve {first.id} --not-applied`",
        changeset=first.id,
        facts={"changesets": [halt.id for halt in halts]},
    )


def _mismatch(halts: list[Halt], ledger: Ledger) -> ChecksumMismatchError:
    ids = [halt.id for halt in halts]
    noun = "applied changeset was" if len(ids) == 1 else "applied changesets were"
    parts = [f"{len(ids)} {noun} edited since, nothing was run: {', '.join(f'`{name}`' for name in ids)}"]
    parts += [_differences(halt, *ledger.read_texts(halt.recorded_id or halt.id)) for halt in halts[:SHOWN]]
    selector = ids[0] if len(ids) == 1 else "state:changed"
    return ChecksumMismatchError(
        "\n\n".join(part for part in parts if part),
        hint="put the text back and add a changeset that changes it further; or, where the new text does the same, "
        f"`changelog accept-checksum {selector}`",
        changeset=ids[0],
        facts={"changesets": ids},
    )


def _differences(halt: Halt, source: str | None, content: str | None) -> str:
    """What differs in the changeset as written, and in the statements where files of SQL hold them."""
    of_source = difference(halt.id, source, halt.source)
    of_content = difference(f"statements of {halt.id}", content, halt.content)
    if not of_source and not of_content:
        return f"`{halt.id}`: the ledger kept no text to compare the present one with"
    return "\n\n".join(filter(None, (of_source, of_content)))


def difference(name: str, kept: str | None, present: str | None) -> str:
    """A unified diff from the text that the ledger kept to the present one; empty where they are alike, or one of
    them is not there (a long text is kept as its digest).
    """
    if kept is None or present is None or kept.startswith("sha256:"):
        return ""
    lines = difflib.unified_diff(
        kept.splitlines(), present.splitlines(), f"{name} (as applied)", f"{name} (now)", lineterm="", n=2
    )
    return "\n".join(lines)
