"""What a changelog was read from, and whether the folder still holds just that: without reading a line of YAML."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from changelog_engine.changelog.paths import PathError, Root
from changelog_engine.model import Inventory


def is_unchanged(inventory: Inventory, folder: Path, values: Mapping[str, str]) -> bool:
    """Whether every file has the bytes that it had, and every glob the matches, with these values for file names.

    ``folder`` is the root.
    """
    root = Root(folder)
    if any(values.get(name) != value for name, value in inventory.values):
        return False
    try:
        return all(_digest(root.folder / name) == digest for name, digest in inventory.files) and all(
            _matches(root, beside, pattern) == matches for beside, pattern, matches in inventory.globs
        )
    except (OSError, PathError):
        return False


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _matches(root: Root, beside: str, pattern: str) -> tuple[str, ...]:
    return tuple(root.name(path) for path in root.matches(pattern, root.folder / beside))
