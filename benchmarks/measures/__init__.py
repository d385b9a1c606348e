"""The measures: each is one function of a :class:`benchmarks.bench.Bench`, and one line of ``MEASURES``."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.bench import Bench
from benchmarks.figures import Section
from benchmarks.measures.apply import apply, atomic
from benchmarks.measures.jobs import jobs
from benchmarks.measures.linear import linear
from benchmarks.measures.network import network
from benchmarks.measures.noop import noop

MEASURES: dict[str, Callable[[Bench], Section | None]] = {
    "network": network,
    "apply": apply,
    "atomic": atomic,
    "noop": noop,
    "linear": linear,
    "jobs": jobs,
}
"""By the names that `--only` takes. One that cannot be measured here gives None."""
