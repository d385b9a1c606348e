"""What a database holds besides rows, kept with a backup of all of it: to see what was made or changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

from changelog_engine.catalog import Catalog, Name

_MOST = 5


def digest_objects(catalog: Catalog, is_ours: Callable[[str], bool]) -> dict[str, str]:
    """Each object with all its parts as a short digest, by what people call it; but for the ledger and copies.

    ``is_ours`` tells those by their names, without schema.
    """
    roots = {name.name: str(name) for name in catalog if not name.of}
    lines: dict[str, list[str]] = {}
    for name, facts in catalog.items():
        root = name.of or name.name
        if not is_ours(root.rpartition(".")[2]):
            lines.setdefault(_root(name, roots), []).append(f"{name} {sorted(facts.items())}")
    return {root: hashlib.sha256("\n".join(sorted(each)).encode()).hexdigest()[:16] for root, each in lines.items()}


def _root(name: Name, roots: Mapping[str, str]) -> str:
    return roots.get(name.of, f"`{name.of}`") if name.of else str(name)


def changed_objects(then: Mapping[str, str] | None, now: Mapping[str, str]) -> tuple[str, ...]:
    """What was made, dropped or changed, each as a sentence, the first few; nothing where it is not known what was.

    That tables were made or dropped is told with their rows.
    """
    if then is None:
        return ()
    found = []
    for name in sorted({*then, *now}):
        if then.get(name) == now.get(name) or (name.startswith("table ") and not (name in then and name in now)):
            continue
        verb = "made" if name not in then else "dropped" if name not in now else "changed"
        found.append(f"{name} was {verb} since")
    more = len(found) - _MOST
    return (*found[:_MOST], *([f"{more} more were made, dropped or changed"] if more > 0 else []))
