"""What of a plan can run side by side: how each step travels, and what it waits for. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from enum import StrEnum

from changelog_engine.plan.steps import Action, Plan, Step, makes_backup
from changelog_engine.sql.duration import may_take_long


class Lane(StrEnum):
    """``TOGETHER``: quick, sent with others in one journey. ``BESIDE``: may take long, on a connection of its own.
    ``IN_TURN``: has a condition to be looked at first, or only a row to be written. ``ALONE``: outside of a
    transaction, while nothing else runs.
    """

    TOGETHER = "together"
    BESIDE = "beside"
    IN_TURN = "in turn"
    ALONE = "alone"


def lane_of(step: Step) -> Lane:
    """How a step travels where several connections may be used."""
    if not step.transaction or makes_backup(step):
        return Lane.ALONE
    if step.conditions or step.action in (Action.TAG, Action.UNMARK):
        return Lane.IN_TURN
    is_quick = not step.checks and not any(may_take_long(statement.template) for statement in step.statements)
    return Lane.TOGETHER if is_quick else Lane.BESIDE


class Schedule:
    """Steps by what they wait for; positions are those in the plan. A step waits for all that it comes after in the
    plan.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._lanes = [lane_of(step) for step in steps]
        position = {step.id: index for index, step in enumerate(steps) if step.action is not Action.TAG}
        before = [_before(step, position) for step in steps]
        self._missing = [len(found) for found in before]
        self._followers: list[list[int]] = [[] for _ in steps]
        for index, found in enumerate(before):
            for earlier in found:
                self._followers[earlier].append(index)
        self._taken: set[int] = set()
        self._finished: set[int] = set()
        self._ready: dict[Lane, list[int]] = {lane: [] for lane in Lane}
        for index, missing in enumerate(self._missing):
            if missing == 0:
                heapq.heappush(self._ready[self._lanes[index]], index)

    def take(self, lane: Lane) -> int | None:
        """The first position of a lane whose step waits for nothing any more, taken out; None where there is none."""
        ready = self._ready[lane]
        if not ready:
            return None
        self._taken.add(position := heapq.heappop(ready))
        return position

    def put_back(self, position: int) -> None:
        """A step that was taken and not run."""
        self._taken.discard(position)
        if self._missing[position] == 0:
            heapq.heappush(self._ready[self._lanes[position]], position)

    def finish(self, position: int) -> None:
        """A step is done, or passed over: those that waited for it alone are ready. Once is enough."""
        if position in self._finished:
            return
        self._finished.add(position)
        for follower in self._followers[position]:
            self._missing[follower] -= 1
            if self._missing[follower] == 0 and follower not in self._taken:
                heapq.heappush(self._ready[self._lanes[follower]], follower)

    def take_together(self, most: int, fits: Callable[[int], bool]) -> list[int]:
        """Positions to be sent in one journey, in an order that respects what waits for what; none twice.

        ``fits`` says whether one can be sent so at all; one that cannot is moved to the lane of those that run in turn.
        """
        chosen: list[int] = []
        missing = dict[int, int]()
        candidates = self._ready[Lane.TOGETHER]
        while candidates and len(chosen) < most:
            position = heapq.heappop(candidates)
            if not fits(position):
                self._lanes[position] = Lane.IN_TURN
                heapq.heappush(self._ready[Lane.IN_TURN], position)
                continue
            chosen.append(position)
            self._taken.add(position)
            for follower in self._followers[position]:
                missing[follower] = missing.get(follower, self._missing[follower]) - 1
                if missing[follower] == 0 and self._lanes[follower] is Lane.TOGETHER:
                    heapq.heappush(candidates, follower)
        # what follows a chosen one becomes ready when that is done, and not before
        self._ready[Lane.TOGETHER] = [position for position in candidates if self._missing[position] == 0]
        heapq.heapify(self._ready[Lane.TOGETHER])
        return chosen


def _before(step: Step, position: dict[str, int]) -> set[int]:
    names = step.tag_set if step.action is Action.TAG else tuple(edge.changeset for edge in step.edges)
    return {position[name] for name in names if name in position}


def beside_notes(plan: Plan) -> tuple[str, ...]:
    """What a plan says of several connections: which steps may run side by side, and where they don't pay."""
    lanes = [lane_of(step) for step in plan.steps]
    beside = [step.id for step, lane in zip(plan.steps, lanes, strict=True) if lane is Lane.BESIDE]
    if len(beside) < 2:
        return ()
    widest = _widest(plan.steps, lanes)
    if widest < 2:
        return ("`--jobs` would not pay: each of the changesets that may take long waits for another one",)
    return (f"`--jobs {min(widest, 8)}` may pay: up to {widest} changesets that may take long can run side by side",)


def _widest(steps: Sequence[Step], lanes: Sequence[Lane]) -> int:
    """The greatest number of long steps in one layer, where a step's layer counts the long ones on its longest way."""
    position = {step.id: index for index, step in enumerate(steps) if step.action is not Action.TAG}
    layers: list[int] = []
    widths: dict[int, int] = {}
    for index, step in enumerate(steps):
        earlier = (layers[each] + (lanes[each] is Lane.BESIDE) for each in _before(step, position) if each < index)
        layers.append(max(earlier, default=0))
        if lanes[index] is Lane.BESIDE:
            widths[layers[index]] = widths.get(layers[index], 0) + 1
    return max(widths.values(), default=0)
