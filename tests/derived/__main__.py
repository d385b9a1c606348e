"""Writes the last parts of a kind's cases anew."""

from __future__ import annotations

import sys

from tests.derived import FOLDER, derive, read_cases, words

for kind in sys.argv[1:]:
    blocks = []
    for case in read_cases(kind):
        before = f"{case.before}\n" if case.before else ""
        blocks.append(f"{before}=>\n{case.change}\n=>\n{words(derive(kind, case))}")
    (FOLDER / f"{kind}.cases").write_text("\n---\n".join(blocks) + "\n", encoding="utf-8")
