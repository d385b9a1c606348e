"""The known word that a mistyped one most likely means."""

from __future__ import annotations

from collections.abc import Iterable

LIKENESS = 0.65
"""How like two words must be, from 0 to 1, for the one to be taken for the other."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that is most like ``word`` without regard to case; None where none is like it."""
    # Here, as nobody pays for it who makes no mistake.
    from difflib import get_close_matches

    by_folded = {candidate.lower(): candidate for candidate in known}
    found = get_close_matches(word.lower(), by_folded, n=1, cutoff=LIKENESS)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint that names the nearest known word; None where none is near."""
    found = nearest(word, known)
    return None if found is None else f"did you mean `{found}`?"
