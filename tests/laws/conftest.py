"""Laws are looked for without a stop-watch: on a busy machine one example may take a second."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("laws", deadline=None)
settings.load_profile("laws")
