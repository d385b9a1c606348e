"""What it takes until `changelog --version` and `--help` are there, over a bare interpreter and over `import click`.

    python -m benchmarks.start_up

Measured on two cores with Python 3.11: `pass` 8 ms, `import click` 31 ms, `--version` 35 ms, `--help` 38 ms; the goal
is 120 ms over the bare interpreter. The rest over click is our own five modules and `dataclasses`.
"""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.process import kept_byte_code

RUNS = 15
CASES = {
    "python -c pass": ("-c", "pass"),
    "import click": ("-c", "import click"),
    "changelog --version": ("-m", "changelog_engine", "--version"),
    "changelog --help": ("-m", "changelog_engine", "--help"),
    "changelog status --help": ("-m", "changelog_engine", "status", "--help"),
}


def best(arguments: tuple[str, ...]) -> float:
    """Seconds that the fastest of the runs took."""
    durations = []
    for _ in range(RUNS):
        began = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
        durations.append(time.perf_counter() - began)
    return min(durations)


def main() -> None:
    with kept_byte_code():
        bare = best(CASES["python -c pass"])
        for name, arguments in CASES.items():
            seconds = best(arguments)
            sys.stdout.write(f"{name:<24} {seconds * 1000:4.0f} ms  {(seconds - bare) * 1000:+4.0f} ms\n")


if __name__ == "__main__":
    main()
