"""What an adapter of a tool is: how it is found, how its migrations are written, how it is called."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import Command
from benchmarks.server import Database
from benchmarks.workload import Changes


@dataclass(frozen=True)
class Tool:
    """``program`` is looked for on the PATH. ``write`` puts the changes into a folder; ``command`` applies them.
    ``how`` says how it works, where that explains the figures.
    """

    name: str
    program: str
    version_arguments: tuple[str, ...]
    write: Callable[[Path, Changes], None]
    command: Callable[[Path, Database], Command]
    how: str = ""
    version_pattern: str = r"(?<![\w.])v?(\d+\.\d+[\w.]*)"

    def version(self) -> str | None:
        """Its version; None where it is not installed."""
        if shutil.which(self.program) is None:
            return None
        ended = subprocess.run(
            [self.program, *self.version_arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        found = re.search(self.version_pattern, ended.stdout + ended.stderr)
        return found[1] if found else "of a version that it does not tell"
