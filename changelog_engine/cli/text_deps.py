"""Dependencies for people: changeset by changeset what it comes after, and why; then what cannot be told."""

from __future__ import annotations

from collections.abc import Sequence

from click import style

from changelog_engine.cli.streams import Streams
from changelog_engine.cli.wording import count_of
from changelog_engine.findings import DepsResult
from changelog_engine.graph.dependencies import Needed


def show_dependencies(streams: Streams, result: DepsResult, write: bool) -> None:
    """What was written, or else all edges; ``--quiet`` leaves out what cannot be told."""
    if write:
        _show_written(streams, result)
        return
    by_changeset: dict[str, list[Needed]] = {}
    for needed in result.edges:
        by_changeset.setdefault(needed.changeset, []).append(needed)
    for changeset, found in by_changeset.items():
        streams.out(f"{style(changeset, bold=True)}  {style(result.places[changeset], dim=True)}")
        streams.out(_lines(found))
    if result.opaque and not streams.is_quiet:
        streams.out(f"\n{style('not known from the SQL:', fg='yellow', bold=True)}")
        for use in result.opaque:
            streams.out(f"  {use.location.file}:{use.location.line}  {style(use.changeset, bold=True)}: {use.what}")
    inferred = sum(not needed.declared for needed in result.edges)
    streams.say(
        f"\n{count_of(len(result.edges), 'edge')}: {len(result.edges) - inferred} declared, {inferred} inferred"
        + (f"; {count_of(len(result.opaque), 'place')} not known" if result.opaque else "")
    )


def _lines(found: Sequence[Needed]) -> str:
    width = max(len(needed.needs) for needed in found)
    lines = []
    for needed in found:
        strength = f"{needed.strength.value:<8}"
        origin = style("declared", fg="green") if needed.declared else style("inferred", fg="cyan")
        lines.append(f"  {strength}  {needed.needs:<{width}}  {origin}  {needed.reason}")
    return "\n".join(lines)


def _show_written(streams: Streams, result: DepsResult) -> None:
    for each in result.written:
        streams.out(f"{each.file}:{each.line}  {style(each.changeset, bold=True)}  depends_on: {', '.join(each.added)}")
    if not result.written:
        streams.out("nothing to write: what the SQL requires is declared")
        return
    added = sum(len(each.added) for each in result.written)
    files = len({each.file for each in result.written})
    streams.say(f"\n{count_of(added, 'dependency')} written in {count_of(files, 'file')}; the order is the same")
