"""What a plan from a run's first items would have said of its bill, to hold the bill against it."""

from __future__ import annotations

import numpy as np

from weighbridge.stats.rules import Rules
from weighbridge.weighing.ledger import Ledger
from weighbridge.weighing.likely import likely_draws
from weighbridge.weighing.order import DrawOrder


def foretold_money(ledger: Ledger, rules: Rules, order: DrawOrder, repeats: list[int], pilot: int) -> float | None:
    """Money at the likely stop as `plan` reckons it from the first `pilot` units; None where a cost is unknown.

    A run draws the same units first as its plan, so that this is what the plan said (of a fresh store and the same
    pilot), also where nobody asked for one.
    """
    units = min(pilot, order.units)
    if not units or np.isnan(ledger.values[:, :units]).any():
        return None
    first, last = order.positions(0, units)
    drawn = order.items[first:last]
    draws = likely_draws(ledger.values[:, :units], rules, order.units)
    size = len(order.items) / order.units
    money = 0.0
    for index, repeat in enumerate(repeats):
        costs = ledger.costs_of(index, drawn)
        if not costs.size:
            return None
        items = min(len(order.items), round(float(draws[index]) * size))
        money += float(costs.mean()) * items * repeat
    return money
