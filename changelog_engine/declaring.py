"""Dependencies shown, and written into the changelog: then read again, and taken back where anything else changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from changelog_engine.changelog.edit_dependencies import Addition, with_dependencies
from changelog_engine.errors import ChangelogEngineError, UsageError
from changelog_engine.findings import Declared, DepsResult
from changelog_engine.graph.build import ChangesetGraph
from changelog_engine.graph.dependencies import Needed, dependencies, opaque_uses
from changelog_engine.graph.inferred import Firmness
from changelog_engine.loading import Loaded, load
from changelog_engine.model import Strength
from changelog_engine.settings import Settings


def dependencies_in(
    graph: ChangesetGraph, dbms: str, only: Collection[str] | None, written: tuple[Declared, ...] = ()
) -> DepsResult:
    """What the changesets, those of ``only`` where given, come after and why, and what of them cannot be told."""
    from changelog_engine.sql.reading import extensions_of, is_built_in

    opaque = opaque_uses(
        graph.inference, lambda thing: is_built_in(thing, dbms), lambda thing: extensions_of(thing, dbms), only
    )
    places = {name: f"{each.location.file}:{each.location.line}" for name, each in graph.changesets.items()}
    return DepsResult(dependencies(graph, only), opaque, places, written)


def declare(settings: Settings, loaded: Loaded, only: Collection[str] | None) -> tuple[Loaded, tuple[Declared, ...]]:
    """Add to each changeset, of ``only`` where given, what its SQL requires or surely comes after and it does not say.

    Gives the changelog as it is then, and what was written. UsageError, with every file as it was, where a file cannot
    be written or its layout does not let it, or where the changelog would have another order.
    """
    missing = [needed for needed in dependencies(loaded.graph, only) if _is_sure(needed)]
    by_file: dict[str, dict[str, list[Addition]]] = {}
    for needed in missing:
        file = loaded.graph.changesets[needed.changeset].location.file
        addition = Addition(needed.needs, needed.strength is Strength.AFTER)
        by_file.setdefault(file, {}).setdefault(needed.changeset, []).append(addition)
    before = {settings.root / file: _read(settings.root / file) for file in by_file}
    after = {
        path: with_dependencies(file, before[path], additions)
        for file, additions in by_file.items()
        for path in [settings.root / file]
    }
    try:
        _write(after.items())
        present = load(settings)
        _refuse_another(loaded, present, missing)
    except (OSError, ChangelogEngineError) as error:
        _write(before.items())
        reason = (error.strerror or "").lower() if isinstance(error, OSError) else str(error)
        raise UsageError(
            f"the dependencies could not be written, and every file is as it was: {reason}",
            hint="`changelog deps` shows them; write those that matter by hand",
        ) from error
    return present, tuple(_declared(present, by_file))


def _is_sure(needed: Needed) -> bool:
    if needed.firmness is None or needed.firmness >= Firmness.GUESS:
        return False
    return needed.strength is Strength.REQUIRES or needed.firmness is Firmness.CERTAIN


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise UsageError(f"`{path.as_posix()}` cannot be read: {(error.strerror or '').lower()}") from error


def _write(texts: Iterable[tuple[Path, str]]) -> None:
    for path, text in texts:
        path.write_bytes(text.encode("utf-8"))


def _refuse_another(loaded: Loaded, present: Loaded, missing: Iterable[Needed]) -> None:
    """UsageError where the order is another one now, or what was written is not what is declared."""
    if present.graph.order != loaded.graph.order:
        pairs = zip(loaded.graph.order, present.graph.order, strict=False)
        was, now = next((pair for pair in pairs if pair[0] != pair[1]), ("", ""))
        raise UsageError(f"the order would be another one: `{now}` where `{was}` is now")
    declared = {(edge.before, edge.after) for edge in present.graph.edges if not edge.is_inferred}
    lost = [needed for needed in missing if (needed.needs, needed.changeset) not in declared]
    if lost:
        raise UsageError(f"`{lost[0].changeset}` would still not declare `{lost[0].needs}`")


def _declared(present: Loaded, by_file: dict[str, dict[str, list[Addition]]]) -> Iterable[Declared]:
    for file, additions in by_file.items():
        for name, added in additions.items():
            line = present.graph.changesets[name].location.line
            yield Declared(name, file, line, tuple(map(str, added)))
