"""What holds for the whole changelog: ids and tags are unique, earlier ids clash with nothing, names are known."""

from __future__ import annotations

from collections.abc import Iterator

from changelog_engine.changelog.texts import Texts
from changelog_engine.model import AllOf, AnyOf, Changeset, IsApplied, NoneOf, ParameterDefined, Tag, Test
from changelog_engine.nearest import nearest


def check_ids(changesets: list[Changeset], texts: Texts) -> None:
    """Report ids that are given twice or differ in case only, and earlier ids that clash with others."""
    by_lower: dict[str, Changeset] = {}
    for changeset in changesets:
        other = by_lower.setdefault(changeset.id.lower(), changeset)
        if other is not changeset:
            _report_clash(changeset, other, texts)
    owners: dict[str, Changeset] = {}
    for changeset in changesets:
        for earlier in changeset.formerly:
            declared = by_lower.get(earlier.lower())
            if earlier == changeset.id:
                message = f"changeset `{changeset.id}` names its own id under `formerly`"
                texts.problem_at(changeset.location, message, "take it out", len(changeset.id))
            elif declared is not None and declared.id == earlier:
                message = f"`{earlier}`, an earlier id of `{changeset.id}`, is the id of another changeset"
                hint = f"it is declared at {declared.location}; an id that was given up must not be used again"
                texts.problem_at(changeset.location, message, hint, len(changeset.id))
            owner = owners.setdefault(earlier, changeset)
            if owner is not changeset:
                message = f"`{earlier}` is an earlier id of both `{owner.id}` and `{changeset.id}`"
                hint = f"take it out here or at {owner.location}"
                texts.problem_at(changeset.location, message, hint, len(changeset.id))


def check_tags(tags: list[Tag], texts: Texts) -> None:
    """Report tags that are declared twice."""
    seen: dict[str, Tag] = {}
    for tag in tags:
        other = seen.setdefault(tag.name.lower(), tag)
        if other is tag:
            continue
        message = f"tag `{tag.name}` is declared twice"
        if other.name != tag.name:
            message = f"the tags `{other.name}` and `{tag.name}` differ in case only"
        texts.problem_at(tag.location, message, f"the other one is at {other.location}", len(tag.name))


def warn_of_unknown_names(changesets: list[Changeset], texts: Texts) -> None:
    """Warn of preconditions on changesets and parameters that nothing declares."""
    ids: set[str] | None = None
    for changeset in changesets:
        for precondition in changeset.preconditions:
            for test in _tests(precondition.test):
                if isinstance(test, IsApplied):
                    ids = ids or {name for known in changesets for name in (known.id, *known.formerly)}
                    known, what, name = ids, "changeset", test.changeset
                elif isinstance(test, ParameterDefined):
                    known, what, name = set(texts.parameters), "parameter", test.name
                else:
                    continue
                if name not in known:
                    close = nearest(name, sorted(known))
                    message = f"a precondition of `{changeset.id}` names {what} `{name}`, which is not declared"
                    hint = f"did you mean `{close}`?" if close else None
                    texts.findings.warnings.append(texts.locate(precondition.location, message, hint))


def _report_clash(changeset: Changeset, other: Changeset, texts: Texts) -> None:
    length = len(changeset.id)
    if changeset.id == other.id:
        message = f"changeset `{changeset.id}` is declared twice"
        texts.problem_at(
            changeset.location, message, f"the other one is at {other.location}; give one of them another id", length
        )
        return
    message = f"the ids `{other.id}` and `{changeset.id}` differ in case only"
    texts.problem_at(
        changeset.location, message, f"the other one is at {other.location}; make them differ more", length
    )


def _tests(test: Test) -> Iterator[Test]:
    yield test
    match test:
        case AllOf(tests) | AnyOf(tests):
            for inner in tests:
                yield from _tests(inner)
        case NoneOf(inner):
            yield from _tests(inner)
        case _:
            return
