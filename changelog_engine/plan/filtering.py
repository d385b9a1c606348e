"""Which changesets a run includes: by the database's kind, by contexts, by labels; each exclusion with its reason."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from changelog_engine.changelog.expressions import evaluate, names_in, render_expression
from changelog_engine.changelog.parameters import Values, resolve_parameters
from changelog_engine.errors import UsageError
from changelog_engine.model import Changelog, Changeset
from changelog_engine.nearest import did_you_mean
from changelog_engine.plan.request import ContextChoice, ContextMode, Filters


class By(StrEnum):
    """What excludes a changeset. One that ``DBMS`` excludes counts as met for what depends on it."""

    DBMS = "dbms"
    CONTEXTS = "contexts"
    LABELS = "labels"


@dataclass(frozen=True, slots=True)
class Exclusion:
    by: By
    reason: str


def is_for_kind(kinds: Collection[str], dbms: str) -> bool:
    """Whether a list of database kinds, some of them perhaps excluded by ``!``, has this one."""
    excluded = {kind[1:] for kind in kinds if kind.startswith("!")}
    included = {kind for kind in kinds if not kind.startswith("!")}
    return dbms not in excluded and (not included or dbms in included)


def exclusion_of(changeset: Changeset, filters: Filters, dbms: str) -> Exclusion | None:
    """Why a run leaves the changeset out; None where it does not. Where no contexts were said, none exclude."""
    if not is_for_kind(changeset.dbms, dbms):
        return Exclusion(By.DBMS, f"it is for {', '.join(changeset.dbms)}, and this is {dbms}")
    if changeset.contexts is not None and not _holds_in(changeset, filters.contexts):
        said = {ContextMode.NONE: "no context"}.get(filters.contexts.mode, f"`{filters.contexts}`")
        return Exclusion(By.CONTEXTS, f"its contexts `{render_expression(changeset.contexts)}` do not hold in {said}")
    if filters.label is not None and not evaluate(filters.label, changeset.labels):
        return Exclusion(By.LABELS, f"its labels do not match `{render_expression(filters.label)}`")
    return None


def _holds_in(changeset: Changeset, choice: ContextChoice) -> bool:
    if changeset.contexts is None or choice.mode in (ContextMode.ALL, ContextMode.UNSAID):
        return True
    return evaluate(changeset.contexts, choice.names)


def check_contexts(changelog: Changelog, choice: ContextChoice) -> tuple[str, ...]:
    """Notes on contexts that nothing names, where one that something names is near.

    UsageError for one that the root's ``contexts`` does not list.
    """
    known = {name.lower(): name for name in changelog.contexts or ()}
    used = {name.lower() for name in contexts_used(changelog.changesets)}
    used |= {name.lower() for parameter in changelog.parameters.values() for name in parameter.contexts}
    notes = []
    for name in choice.names:
        if changelog.contexts is not None and name.lower() not in known:
            listed = ", ".join(f"`{each}`" for each in changelog.contexts) or "none"
            raise UsageError(
                f"there is no context `{name}`",
                hint=did_you_mean(name, changelog.contexts) or f"the changelog's contexts are {listed}",
            )
        near = None if changelog.contexts is not None or name.lower() in used else did_you_mean(name, sorted(used))
        if near is not None:
            notes.append(f"context `{name}` is named nowhere in the changelog; {near}")
    return tuple(notes)


def refuse_unsaid_contexts(changesets: Collection[Changeset], choice: ContextChoice) -> None:
    """UsageError where one of the changesets has ``contexts`` and nobody said which ones to run in."""
    used = contexts_used(changesets)
    if choice.mode is ContextMode.UNSAID and used:
        names = ", ".join(f"`{name}`" for name in used)
        raise UsageError(
            f"the changelog has changesets for certain contexts ({names}), and no context was given; nothing was run",
            hint="`--context NAME` runs what is meant for it, `--all-contexts` everything, `--no-context` "
            "what holds where every name is false",
            facts={"contexts": list(used)},
        )


def contexts_used(changesets: Collection[Changeset]) -> tuple[str, ...]:
    """The names in the changesets' contexts, as first written, in order of the alphabet."""
    found: dict[str, str] = {}
    for expression in {changeset.contexts for changeset in changesets if changeset.contexts is not None}:
        for name in names_in(expression):
            found.setdefault(name.lower(), name)
    return tuple(sorted(found.values()))


def values_of(changelog: Changelog, filters: Filters) -> Values:
    """The parameters' values in this run. Raises UsageError for one that is not declared."""
    sources = filters.parameters
    return resolve_parameters(
        changelog.parameters, sources.given, sources.environ, sources.configured, filters.contexts.names
    )
