"""``python -m changelog_engine``: the command ``changelog``."""

from __future__ import annotations

from changelog_engine.cli.main import main

main()
