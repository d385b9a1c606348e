"""A plan, shown instead of being executed: as text or JSON, as a script of SQL, or saved to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from changelog_engine.cli.options import Call
from changelog_engine.cli.values import write_file

if TYPE_CHECKING:
    from changelog_engine.engine import Engine
    from changelog_engine.plan.steps import Plan


def show_planned(call: Call, engine: Engine, plan: Plan, *, as_script: bool, file: str | None = None) -> None:
    """Show a plan. ``as_script`` gives the SQL; ``file`` gets the plan, or the script. UsageError on a bad file."""
    script = engine.script(plan) if as_script else None
    if file is not None:
        write_file(file, "-o", script if script is not None else engine.save_plan(plan))
    if call.streams.is_json:
        from changelog_engine.cli.json_output import dump, plan_object

        extra = {"script": script} if script is not None else {}
        call.streams.out(dump({**plan_object(plan), **extra, **({"saved": file} if file is not None else {})}))
    elif script is not None:
        call.streams.out(script.rstrip("\n")) if file is None else call.streams.say(f"the script is in {file}")
    else:
        from changelog_engine.cli.text_plan import show_plan

        show_plan(call.streams, plan, call.settings(), engine.location)
        _say_next(call, plan, file)


def _say_next(call: Call, plan: Plan, file: str | None) -> None:
    if file is not None and plan.direction.value == "update":
        call.streams.say(f"saved to {file}; next: `changelog update --plan {file}` does exactly this, or refuses")
    elif file is not None:
        call.streams.say(f"saved to {file}")
    elif plan.steps and not plan.halts:
        call.streams.say(f"nothing was run; next: `changelog {plan.direction.value}` with the same options does it")
