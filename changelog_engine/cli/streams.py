"""Where a command writes: results to standard output, all else to standard error, colours only on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

import click


class Volume(StrEnum):
    """How much is said: ``QUIET`` only what is necessary, ``VERBOSE`` statements and tracebacks too."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


@dataclass(slots=True)
class Streams:
    """The two streams of a run. Nothing that is written here ever ends a run: a reader that went away is ignored."""

    format: str = "text"
    volume: Volume = Volume.NORMAL
    wants_color: bool = True

    @classmethod
    def at_start(cls, environ: Mapping[str, str]) -> Streams:
        """Streams before any option is known; characters that the terminal's encoding lacks are escaped, not fatal."""
        for stream in (sys.stdout, sys.stderr):
            reconfigure = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors="backslashreplace")
        return cls(wants_color=not environ.get("NO_COLOR") and environ.get("TERM") != "dumb")

    @property
    def is_json(self) -> bool:
        return self.format == "json"

    @property
    def is_quiet(self) -> bool:
        return self.volume is Volume.QUIET

    @property
    def is_verbose(self) -> bool:
        return self.volume is Volume.VERBOSE

    def out(self, text: str = "") -> None:
        """A line of a result, with colours as :func:`click.style` makes them."""
        self._write(sys.stdout, text)

    def say(self, text: str = "") -> None:
        """A line of a result that ``--quiet`` does without."""
        if not self.is_quiet:
            self.out(text)

    def err(self, text: str = "") -> None:
        """A line that is no result: an error, a warning, what is going on."""
        self._write(sys.stderr, text)

    def is_terminal(self, stream: TextIO) -> bool:
        return not self.is_json and stream.isatty()

    def has_color(self, stream: TextIO) -> bool:
        return self.wants_color and self.is_terminal(stream)

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            click.echo(text, file=stream, color=self.has_color(stream))
            stream.flush()
        except BrokenPipeError:
            # `changelog history | head`: the rest goes nowhere, and what the command does goes on.
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
