"""Python's collector of garbage, paused where many values are made that stay."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused() -> Iterator[None]:
    """For the block: a million objects are made in it and next to no garbage, and the collector would walk them all
    again and again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if gc.get_freeze_count() == 0:
            # to the permanent generation and back to the oldest one: they are old enough not to be walked at once
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()
