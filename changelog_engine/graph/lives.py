"""The lives of a name: who makes it, who ends it, and in which of its lives somebody uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

SEVERAL = 16
"""Makers of one life that a user is tied to: alternatives for contexts are two or three."""


@dataclass(slots=True)
class Life:
    """Changesets by number. ``strong`` make the name, ``weak`` may have to (OR REPLACE, IF NOT EXISTS)."""

    strong: list[int] = field(default_factory=list)
    weak: list[int] = field(default_factory=list)
    enders: list[int] = field(default_factory=list)
    users: list[int] = field(default_factory=list)

    @property
    def makers(self) -> list[int]:
        """Those that a user needs: without a firm maker the first of the others is the one that makes it."""
        return self.strong[:SEVERAL] or self.weak[:1]

    @property
    def first(self) -> int:
        return min(self.strong + self.weak)


class Lives:
    """All lives of one name. Numbers are ranks: the order as far as it is declared, and else as it stands in files."""

    __slots__ = ("enders", "lives", "of", "strong", "weak")

    def __init__(self) -> None:
        self.strong: list[int] = []
        self.weak: list[int] = []
        self.enders: list[int] = []
        self.lives: list[Life] = []
        self.of: list[Life] = []
        """For a part of what has several lives: the life that each of its own belongs to."""

    def settle(self, *, one: bool) -> None:
        """Part makers and enders into lives; ``one``: the name may be of several at once (overloads), so into one."""
        self.strong.sort()
        self.weak.sort()
        self.enders.sort()
        if one or not self.enders or len(self.strong) + len(self.weak) < 2:
            self.lives = [Life(self.strong, self.weak, self.enders)]
        else:
            self.lives = _in_turn(self.strong, self.weak, self.enders)

    def settle_within(self, owner: Lives) -> None:
        """Part makers and enders by the lives of what it is a part of; the end of such a life is the end of its own."""
        lives = {id(life): Life() for life in owner.lives}
        for number in self.strong:
            lives[id(owner.life_of(number))].strong.append(number)
        for number in self.weak:
            lives[id(owner.life_of(number))].weak.append(number)
        for number in self.enders:
            lives[id(owner.life_of(number))].enders.append(number)
        for life in owner.lives:
            own = lives[id(life)]
            if own.strong or own.weak:
                own.enders = sorted({*own.enders, *life.enders})
                self.lives.append(own)
                self.of.append(life)

    def life_of(self, user: int) -> Life:
        """The life that somebody means: its own, or of several the last that began before it, or the first."""
        lives = self.lives
        if len(lives) == 1:
            return lives[0]
        for life in lives:
            if user in life.strong or user in life.weak or user in life.enders:
                return life
        begun = [life for life in lives if life.first <= user]
        return begun[-1] if begun else lives[0]


def _in_turn(strong: Sequence[int], weak: Sequence[int], enders: Sequence[int]) -> list[Life]:
    events = sorted([(rank, 0) for rank in strong] + [(rank, 1) for rank in weak] + [(rank, 2) for rank in enders])
    lives: list[Life] = []
    early: list[int] = []
    for rank, role in events:
        if role == 2:
            (lives[-1].enders if lives else early).append(rank)
            continue
        if not lives or lives[-1].enders:
            lives.append(Life())
        (lives[-1].weak if role else lives[-1].strong).append(rank)
    if early:
        # An ender needs something to end: it ends the first, and the others come after it.
        if len(lives[0].strong) > 1 and not lives[0].enders:
            lives.insert(0, Life([lives[0].strong.pop(0)]))
        lives[0].enders[:0] = early
    return lives
