"""Mass: the share of probability that a model gives to the right options, from their log-likelihoods."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Score
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec


class Mass(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `mass`."""

    labels: Annotated[
        str, msgspec.Meta(description="Column with a list of 1 (right) and 0 (wrong), one entry an option.")
    ]


def mass(settings: Mass) -> Callable[[Item, Completion], Score]:
    """Sum of exp(log-likelihood) over the right options / sum over all (TruthfulQA's MC2, Lin et al. 2022).

    Raises `UsageError` for an answer that was generated: only `protocol: loglikelihood` has what this needs.
    """

    def score(item: Item, completion: Completion) -> Score:
        labels = [int(each) for each in item.fields[settings.labels]]
        if completion.scored is None or len(completion.scored) != len(labels):
            raise UsageError(
                f"the scorer 'mass' needs the log-likelihood of every option, and item {item.id!r} has none",
                fix="say `protocol: loglikelihood`, with models that can (hf:, path:, onnx:, vLLM servers)",
            )
        highest = max(each.logprob for each in completion.scored)
        weights = [math.exp(each.logprob - highest) for each in completion.scored]
        right = math.fsum(weight for weight, label in zip(weights, labels, strict=True) if label)
        return Score(min(1.0, right / math.fsum(weights)), extracted=completion.text)

    return score


def _check(settings: Mass, item: Item) -> str | None:
    labels = item.fields.get(settings.labels)
    if not isinstance(labels, list | tuple) or not all(each in (0, 1) for each in labels):
        return f"the column {settings.labels!r} is not a list of 0 and 1"
    return None if any(labels) else f"the column {settings.labels!r} marks no option as right"


MASS = ScorerSpec(
    "mass",
    "Share of probability on the right options (`protocol: loglikelihood` alone).",
    Mass,
    mass,
    _check,
    needs_reference=lambda _: False,
)
