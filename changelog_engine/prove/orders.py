"""That the order is right: the legal orders most unlike the engine's, and random ones, all come to the same end."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from changelog_engine.catalog import Catalog, Difference, compare
from changelog_engine.errors import ChangesetFailedError
from changelog_engine.findings import Finding, FindingKind
from changelog_engine.graph.order import legal_order
from changelog_engine.plan.steps import Step
from changelog_engine.prove.ground import Trial, open_ground
from changelog_engine.prove.narrowing import Order, narrow
from changelog_engine.scratch.databases import Scratch

Pair = tuple[str, str]

_DRAWN = 4
"""Orders that are drawn for each that is to be tried: where there is little choice many are the same."""

MOST_FINDINGS = 50
"""Missing edges that are looked for: each takes some trials."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an order went: ``failed`` is the changeset that was refused, with the database's words; else the
    differences of the end from the expected one.
    """

    failed: str | None = None
    words: str = ""
    differences: tuple[Difference, ...] = ()

    @property
    def is_good(self) -> bool:
        return self.failed is None and not self.differences


@dataclass(slots=True)
class ProvenOrders:
    findings: list[Finding] = field(default_factory=list)
    tried: int = 0


class Orders:
    """The legal orders of some steps. ``pairs`` are (before, after); what is found missing is added to them."""

    def __init__(self, steps: Sequence[Step], pairs: Sequence[Pair]) -> None:
        self.own: Order = tuple(step.id for step in steps)
        self.pairs = list(pairs)
        self._rank = {name: index for index, name in enumerate(self.own)}

    def by(self, priority: Mapping[str, float]) -> Order:
        """The legal order that takes what has the lowest priority first, wherever there is a choice."""
        ranked = sorted(self.own, key=priority.__getitem__)
        rank = {name: index for index, name in enumerate(ranked)}
        return legal_order(self.own, self.pairs, rank) or self.own

    def latest_first(self) -> Order:
        """What is declared last comes first, wherever that is legal."""
        return self.by({name: -index for name, index in self._rank.items()})

    def earliest_last(self) -> Order:
        """What is declared first comes last, wherever that is legal."""
        flipped = [(after, before) for before, after in self.pairs]
        return tuple(reversed(legal_order(self.own, flipped, self._rank) or ()))


def prove_orders(
    trial: Trial, scratch: Scratch, expected: Catalog, count: int, seed: int, advance: Callable[[str], None]
) -> ProvenOrders:
    """Try ``count`` legal orders; ``expected`` is the catalog at the end of the engine's own.

    Where one goes wrong, the pair between which an edge is missing is a finding; then the order is made again with
    that edge, until it goes well.
    """
    proven = ProvenOrders()
    steps = {step.id: step for step in trial.plan.steps}
    orders = Orders(trial.plan.steps, _pairs(trial.plan.steps))
    seen: set[Order] = {orders.own}
    for make in islice(_makers(orders, seed), _DRAWN * count):
        order = make()
        if order in seen or proven.tried == count:
            continue
        proven.tried += 1
        number = proven.tried
        advance(f"order {number} of {count}")
        while order not in seen and len(proven.findings) < MOST_FINDINGS:
            outcome = try_order(trial, scratch, steps, order, expected)
            if outcome.is_good:
                seen.add(order)
                break
            advance(f"order {number} of {count}: looking for what is missing")
            finding = _blame(trial, scratch, steps, orders, order, outcome, expected)
            proven.findings.append(finding)
            assert finding.pair is not None
            orders.pairs.append(finding.pair)
            order = make()
    return proven


def try_order(
    trial: Trial, scratch: Scratch, steps: Mapping[str, Step], order: Order, expected: Catalog | None
) -> Outcome:
    """How it goes to apply steps in that order on an empty database; without ``expected`` the end is not looked at."""
    with open_ground(trial, scratch) as ground:
        try:
            ground.apply([steps[name] for name in order])
        except ChangesetFailedError as error:
            return Outcome(error.changeset, str(error.facts.get("message") or error.message))
        return Outcome(differences=() if expected is None else compare(expected, ground.catalog()))


def _pairs(steps: Sequence[Step]) -> list[Pair]:
    names = {step.id for step in steps}
    return [(edge.changeset, step.id) for step in steps for edge in step.edges if edge.changeset in names]


def _makers(orders: Orders, seed: int) -> Iterator[Callable[[], Order]]:
    """Makers of orders, without end, each to be called again where edges were added since."""
    yield from (orders.latest_first, orders.earliest_last)
    chance = random.Random(seed)
    while True:
        priority = {name: chance.random() for name in orders.own}
        yield partial(orders.by, priority)


def _blame(
    trial: Trial,
    scratch: Scratch,
    steps: Mapping[str, Step],
    orders: Orders,
    order: Order,
    outcome: Outcome,
    expected: Catalog,
) -> Finding:
    """The pair that makes an order go wrong. Where a changeset failed, what comes later in both orders is left out."""
    good, bad = orders.own, order
    if outcome.failed is not None:
        end = {*good[: good.index(outcome.failed) + 1], *bad[: bad.index(outcome.failed) + 1]}
        good = tuple(name for name in good if name in end)
        bad = tuple(name for name in bad if name in end)
    last: list[Outcome] = [outcome]

    def goes_well(tried: Order) -> bool:
        end = None if outcome.failed is not None else expected
        result = try_order(trial, scratch, steps, tried, end)
        if not result.is_good:
            last.append(result)
        return result.is_good

    first, second = narrow(good, bad, goes_well)
    return _finding(steps, first, second, last[-1])


def _finding(steps: Mapping[str, Step], first: str, second: str, outcome: Outcome) -> Finding:
    """What is missing between two changesets; the weaker edge will do where the second one does not fail itself."""
    is_needed = outcome.failed == second
    edge = f"depends_on: [{first}]" if is_needed else f"depends_on: [{{id: {first}, optional: true}}]"
    changeset = steps[second].changeset
    place = changeset.location if changeset else None
    if outcome.failed is None:
        what = f"`{first}` and `{second}` come to another end the other way round"
    else:
        what = (
            f"`{second}` must come after `{first}`, and nothing says so: the other way round `{outcome.failed}` fails"
        )
        what += f" with: {outcome.words}"
    return Finding(
        FindingKind.ORDER,
        what,
        changeset=second,
        pair=(first, second),
        difference=tuple(str(each) for each in outcome.differences),
        remedy=f"  - id: {second}\n    {edge}\n",
        file=place.file if place else None,
        line=place.line if place else None,
    )
