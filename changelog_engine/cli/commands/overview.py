"""`changelog` alone: where you stand, and what to do next."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from changelog_engine.cli.options import Call
from changelog_engine.cli.wording import count_of, counts, moment

if TYPE_CHECKING:
    from changelog_engine.settings import Settings


def show_overview(call: Call) -> None:
    """The project, the database, what is applied in it, who works on it; in an empty folder, how to begin."""
    from changelog_engine.cli.text_output import next_by_state, where

    settings = call.settings()
    if not settings.changelog.exists():
        _show_nothing(call, settings)
        return
    say = call.streams.out
    say(f"changelog: {_relative(settings.changelog)}" + (f" ({_relative(settings.config)})" if settings.config else ""))
    engine = call.engine()
    say(where(engine.location, settings))
    status = engine.status()
    say(f"{count_of(len(status.changesets), 'changeset')}: {counts(status.counts) or 'none declared yet'}")
    say(f"tags: {', '.join(status.tags) or 'none'}")
    say(f"ledger: {f'head {status.head}' if status.head.seq else 'empty, nothing was ever applied here'}")
    lock = engine.lock()
    if lock.held:
        since = f" since {moment(lock.since)}" if lock.since else ""
        say(f"lock: held by {lock.holder or 'somebody that the row does not name'}{since}")
    say("")
    say(next_by_state(status, settings))


def _show_nothing(call: Call, settings: Settings) -> None:
    changelog = _relative(settings.changelog)
    if settings.config is not None:
        call.streams.out(f"{_relative(settings.config)} is here, and the changelog {changelog} is not")
    else:
        call.streams.out("no changelog here: neither changelog.toml in this folder or above, nor " + changelog)
    call.streams.out("")
    call.streams.out("next: `changelog init` makes a first one; `changelog --help` lists the commands")


def _relative(path: object) -> str:
    text = str(path)
    return text.removeprefix(os.getcwd() + os.sep)
