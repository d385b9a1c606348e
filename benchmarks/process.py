"""A program run to its end: seconds, processor time and memory of it and of what it started."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LIMIT = 1200
"""Seconds after which a program that is measured is ended, and counts as failed."""


class FailedError(Exception):
    """A program ended with another code than 0; the text is the end of what it wrote."""


@dataclass(frozen=True)
class Command:
    """``environment`` is added to ours."""

    arguments: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Usage:
    """``seconds`` from start to exit, ``cpu_seconds`` of user and system together, ``memory`` at its peak in MiB."""

    seconds: float
    cpu_seconds: float
    memory: float
    output: str


def environment() -> dict[str, str]:
    """Ours, but byte code of Python is kept, as where a program is installed: else each run compiles all of it."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def run(command: Command) -> Usage:
    """Run a program with nothing on its standard input. Raises FailedError."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env={**environment(), **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        end = threading.Timer(LIMIT, process.kill)
        end.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            end.cancel()
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise FailedError(f"{' '.join(command.arguments[:3])} ended with {process.returncode}: {text[-600:].strip()}")
    return Usage(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, text)
