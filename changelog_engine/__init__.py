"""Database changelogs with non-linear ordering."""

from __future__ import annotations

__version__ = "0.1.0"
