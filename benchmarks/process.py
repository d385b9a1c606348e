"""A program run to its end: seconds, processor time and memory of it and of what it started."""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


@contextmanager
def kept_byte_code() -> Iterator[None]:
    """For the block, programs in Python keep their byte code, as installed ones do, and do it outside of this tree."""
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"):
        os.environ.pop(name, None)
    with tempfile.TemporaryDirectory(prefix="changelog-benchmark-") as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        yield


def run(command: Command) -> Usage:
    """Run a program with nothing on its standard input. Raises FailedError."""
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command.arguments,
            cwd=command.folder,
            env={**os.environ, **command.environment},
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
