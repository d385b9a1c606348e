"""``read``: a changelog from texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from changelog_engine.changelog.reader import Reading, read_changelog

Read = Callable[..., Reading]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes the files (a text alone is ``main.yaml``) and reads them; faults are allowed with ``faulty=True``."""

    def write_and_read(
        files: str | Mapping[str, str | bytes], *, faulty: bool = False, values: Mapping[str, str] | None = None
    ) -> Reading:
        for name, content in ({"main.yaml": files} if isinstance(files, str) else files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        reading = read_changelog(tmp_path / "main.yaml", tmp_path, values=values)
        assert faulty or reading.problems == ()
        return reading

    return write_and_read
