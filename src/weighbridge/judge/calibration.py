"""A judge's scores held against human labels: the estimate on the human scale, and the agreement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from weighbridge.errors import UsageError
from weighbridge.judge.answers import Answers, Cell
from weighbridge.stats.fixed.agreement import Agreement, cohen_kappa, krippendorff
from weighbridge.stats.fixed.prediction_powered import Calibrated, calibrated_mean

FEWEST = 5
"""Labels of a model below which no estimate is given."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What human labels say about the judge."""

    scores: dict[str, Calibrated]
    """By model: the mean score on the human scale."""
    alpha: Agreement
    """Krippendorff's alpha of judge and human, as numbers (interval data)."""
    kappa: Agreement
    """Cohen's kappa of judge and human as three categories: below, at and above one half."""
    labelled: int
    """Answers that both scored."""
    left_out: tuple[str, ...]
    """Models with labels too few to estimate anything."""


def human_scores(labels: Answers, reference: str | None) -> dict[Cell, float]:
    """Labels by (model, item), on the judge's scale.

    Against a reference candidate the scale is that of preferences: (1 + a - b) / 2 where the table scores both, so
    that a win of the candidate is 1, a loss 0, and a tie or two bad answers one half. Where it does not score the
    reference's answer, a label is taken as a preference already.
    """
    if reference is None:
        return dict(labels.scores)
    found = {}
    for (model, item), score in labels.scores.items():
        if model != reference:
            other = labels.scores.get((reference, item))
            found[model, item] = score if other is None else (1 + score - other) / 2
    return found


def calibrate(
    judged: Mapping[Cell, float], labels: Answers, reference: str | None, alpha: float, seed: int = 0
) -> Calibration:
    """Calibrate `judged`, the judge's scores by (model, item), on `labels`, at 1 - alpha.

    UsageError: no answer was both judged and labelled.
    """
    human = human_scores(labels, reference)
    both = [cell for cell in judged if cell in human]
    if not both:
        raise UsageError(
            "no answer was both judged and labelled by a human",
            where=labels.source,
            fix="its item_id and model must be those of the answers, spelt alike",
        )
    estimates: dict[str, Calibrated] = {}
    left_out = []
    for model in dict.fromkeys(model for model, _ in judged):
        mine = [cell for cell in both if cell[0] == model]
        rest = [score for cell, score in judged.items() if cell[0] == model and cell not in human]
        if len(mine) < FEWEST:
            left_out.extend([model] if mine else [])
            continue
        values, guesses = [human[cell] for cell in mine], [judged[cell] for cell in mine]
        # With every item labelled there is nothing to predict: the labels speak, which is the weight 0.
        estimates[model] = calibrated_mean(values, guesses, rest or guesses, alpha, weight=None if rest else 0.0)
    table = np.array([[judged[cell] for cell in both], [human[cell] for cell in both]])
    kinds = [[int(np.sign(value - 0.5)) for value in row] for row in table.tolist()]
    return Calibration(
        estimates,
        krippendorff(table, "interval", alpha, seed=seed),
        cohen_kappa(kinds[0], kinds[1], alpha),
        len(both),
        tuple(left_out),
    )
