"""Results for people: what there is or was done, where, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from click import style

from changelog_engine.cli.streams import Streams
from changelog_engine.cli.tables import show_table
from changelog_engine.cli.wording import count_of, counts, database, duration, moment, names
from changelog_engine.plan.request import ContextMode
from changelog_engine.results import (
    ChangesetStatus,
    HistoryResult,
    LockStatus,
    RedoResult,
    RollbackResult,
    State,
    StatusResult,
    TagStatus,
    UpdateResult,
    ValidateResult,
)

if TYPE_CHECKING:
    from changelog_engine.settings import Settings


def show_validated(streams: Streams, result: ValidateResult) -> None:
    """A changelog without errors; its warnings go to standard error."""
    from changelog_engine.cli.text_failures import render_warnings

    if result.warnings:
        streams.err(render_warnings(result.warnings) + "\n")
    found = f"{count_of(result.changesets, 'changeset')} and {count_of(result.tags, 'tag')}"
    warned = f", {count_of(len(result.warnings), 'warning')}" if result.warnings else ""
    streams.say(f"valid: {found} in {count_of(result.files, 'file')}{warned}")


def show_status(streams: Streams, result: StatusResult, settings: Settings) -> None:
    """A row a changeset, then the sums and what to do next. ``--quiet`` leaves out what is as it should be."""
    shown = [
        one for one in result.changesets if not streams.is_quiet or one.state not in (State.APPLIED, State.EXCLUDED)
    ]
    if shown:
        show_table(streams, ("STATE", "CHANGESET", "WHY", "WHERE"), [_status_row(one) for one in shown])
        streams.say()
    total = f"{count_of(len(result.changesets), 'changeset')}: {counts(result.counts)}"
    streams.say(total if result.changesets else "no changesets")
    if result.tags:
        streams.say(f"tags: {', '.join(result.tags)}")
    streams.say(where(result.database, settings))
    streams.say(next_by_state(result, settings))


def _status_row(one: ChangesetStatus) -> tuple[str, str, str, str]:
    place = f"{one.file}:{one.line}" if one.file and one.line else one.file or ""
    when = f"{moment(one.at)}" if one.at else ""
    why = ", ".join(filter(None, (when, one.reason if one.reason not in ("applied", when) else "")))
    return one.state.value.replace("_", " "), one.id, why, place


def next_by_state(result: StatusResult, settings: Settings) -> str:
    """The remedy for the gravest state there is."""
    states = result.counts
    if State.IN_DOUBT in states:
        return "next: `changelog resolve ID --applied` or `--not-applied`, after a look at the database"
    if State.CHANGED in states:
        return "next: undo the edit, or `changelog accept-checksum ID` where the new text is right"
    if State.PENDING in states or State.OUTDATED in states:
        is_unsaid = settings.contexts.mode is ContextMode.UNSAID and any(one.contexts for one in result.changesets)
        option = " --context NAME" if is_unsaid else ""
        return f"next: `changelog plan{option}` shows what would be done, `changelog update{option}` does it"
    if State.UNKNOWN in states:
        return "next: nothing is pending; what is unknown was applied from a changelog that declares it"
    return "next: nothing is pending"


def where(location: str, settings: Settings) -> str:
    """The database and, so that nobody mistakes it, who named it."""
    source = "by default: no URL was given" if settings.url_source == "default" else f"from {settings.url_source}"
    return f"database: {database(location)} ({source})"


def show_updated(
    streams: Streams, result: UpdateResult, settings: Settings, seconds: float, *, before: str = ""
) -> None:
    """What a run of update did; ``before`` is what was done in the same run before it."""
    for note in result.notes:
        streams.say(f"note: {note}")
    if not (before or result.applied or result.marked or result.skipped or result.failed or result.tags):
        streams.say("nothing to do: everything that is to run is applied")
        streams.say(where(result.database, settings))
        return
    streams.say()
    done = [count_of(len(result.applied), "changeset") + " applied"]
    done += [f"{len(ids):,} {word}" for ids, word in ((result.marked, "marked"), (result.skipped, "skipped")) if ids]
    done += [style(f"{len(result.failed):,} failed", fg="red")] if result.failed else []
    streams.say(f"{before}{', '.join(done)} in {duration(seconds)}")
    if result.tags:
        streams.say(f"tags recorded: {', '.join(result.tags)}")
    streams.say(where(result.database, settings))
    if result.deployment:
        streams.say(f"deployment: {result.deployment}")
    if result.failed:
        streams.say("next: mend what failed, then `changelog update` goes on")
    elif result.skipped:
        streams.say("next: what was skipped waits for the next `changelog update`")
    elif result.applied and result.deployment:
        streams.say(
            f"next: `changelog status`; to undo this run, `changelog rollback --deployment {result.deployment}`"
        )


def show_rolled_back(streams: Streams, result: RollbackResult, settings: Settings, seconds: float) -> None:
    """What a run of rollback undid."""
    for note in result.notes:
        streams.say(f"note: {note}")
    if not result.rolled_back:
        streams.say("nothing to do: nothing that is applied is to be rolled back")
        streams.say(where(result.database, settings))
        return
    streams.say()
    to = f" to {result.to}" if result.to else ""
    streams.say(f"{count_of(len(result.rolled_back), 'changeset')} rolled back{to} in {duration(seconds)}")
    streams.say(where(result.database, settings))
    if result.deployment:
        streams.say(f"deployment: {result.deployment}")
    streams.say("next: `changelog status`; `changelog update` applies them again")


def show_redone(streams: Streams, result: RedoResult, settings: Settings, seconds: float) -> None:
    """A rollback and the update after it, as one."""
    undone = result.rollback
    if not undone.rolled_back:
        show_rolled_back(streams, undone, settings, seconds)
        return
    for note in undone.notes:
        streams.say(f"note: {note}")
    before = f"{count_of(len(undone.rolled_back), 'changeset')} rolled back, "
    show_updated(streams, result.update, settings, seconds, before=before)


def show_history(streams: Streams, result: HistoryResult) -> None:
    """A row an event; where the chain was verified, what came of it and the head."""
    rows = [
        (
            str(entry.seq),
            moment(entry.recorded_at),
            entry.event.value.replace("_", " "),
            entry.changeset_id or entry.tag or "",
            entry.os_user or entry.db_user or "",
            "" if entry.duration_ms is None else duration(entry.duration_ms / 1000),
            entry.deployment_id or "",
        )
        for entry in result.events
    ]
    if rows and not (streams.is_quiet and result.chain):
        show_table(streams, (">SEQ", "AT", "EVENT", "ABOUT", "BY", ">TOOK", "DEPLOYMENT"), rows)
    elif not rows:
        streams.say("the ledger is empty: nothing was ever applied here")
    if result.chain is not None:
        streams.say()
        streams.out(f"chain: {result.chain}")
        streams.out(f"head: {result.head}")
        streams.say(f"next: keep the head; `changelog history --expect-head {result.head}` shows a cut-off ledger")


def show_tags(streams: Streams, tags: tuple[TagStatus, ...]) -> None:
    """A row a tag."""
    if not tags:
        streams.say("no tags; `changelog tag NAME` marks the present state")
        return
    rows = [
        (
            tag.name,
            "declared" if tag.declared else "by hand",
            moment(tag.at) if tag.at else "not yet",
            str(len(tag.changesets)),
        )
        for tag in tags
    ]
    show_table(streams, ("TAG", "SET", "RECORDED", ">CHANGESETS"), rows)


def show_lock(streams: Streams, lock: LockStatus) -> None:
    """Who works on the database, as the lock and its informing row say."""
    since = f" since {moment(lock.since)}" if lock.since else ""
    if lock.released:
        streams.out(f"released: the row of {lock.holder or 'a holder that is gone'}{since} was cleared")
    elif lock.held:
        streams.out(f"held by {lock.holder or 'somebody that the row does not name'}{since}")
    elif lock.holder:
        streams.out(f"free; the row still names {lock.holder}{since}, who is gone")
        streams.say("next: nothing has to be done; `changelog lock --release` clears the row")
    else:
        streams.out("free")


def show_recorded(streams: Streams, ids: tuple[str, ...], what: str) -> None:
    """The changesets whose record was changed."""
    if ids:
        streams.say(f"{what}: {names(ids)}")
        streams.say("nothing was run; `changelog status` shows the states")
    else:
        streams.say("nothing to do: the record says so already")


def show_tag(streams: Streams, tag: TagStatus, *, is_deleted: bool) -> None:
    """A tag that was set or deleted."""
    if is_deleted:
        streams.say(f"tag `{tag.name}` deleted; nothing was rolled back")
        return
    streams.say(f"tag `{tag.name}` stands for {count_of(len(tag.changesets), 'changeset')} that are applied now")
    streams.say(f"next: `changelog rollback --tag {tag.name}` goes back to it")
