"""Choosing the next token from logits: likeliest or drawn, each row by its own rules and its own random numbers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from weighbridge.models.protocol import Sampling

_LIKELIEST = 256
"""Tokens sorted before all are: they nearly always hold the share that `top_p` asks for."""


class Rule(Protocol):
    """What the next token may be."""

    def restrict(self, logits: Any) -> Any:
        """A copy of one row of logits with minus infinity where a token is not allowed."""
        ...

    def take(self, token: int) -> None:
        """`token` was chosen."""
        ...


@dataclass(slots=True)
class Chooser:
    """How one sequence chooses. Equal seeds, repeats and logits give equal tokens, in whatever batch."""

    temperature: float = 0.0
    top_p: float = 1.0
    numbers: random.Random | None = None
    """Where the temperature is not 0."""
    rule: Rule | None = None
    logprobs: bool = False


def chooser(sampling: Sampling, repeat: int, rule: Rule | None, logprobs: bool) -> Chooser:
    """Without a seed, numbers nobody can repeat; with one, those of the seed and the repeat together."""
    numbers = None
    if sampling.temperature > 0:
        # The hash of a text that `random` takes as a seed is SHA-512, the same everywhere and in every version.
        numbers = random.Random(None if sampling.seed is None else f"{sampling.seed}/{repeat}")  # noqa: S311
    return Chooser(sampling.temperature, sampling.top_p or 1.0, numbers, rule, logprobs)


def choose(logits: Any, choosers: Sequence[Chooser]) -> list[tuple[int, float | None]]:
    """The next token of every row, and its natural-log probability where that row asks for it.

    logits: [rows, vocabulary], float32. The log-probability is that of the model itself: without temperature,
    `top_p` or rule.
    """
    likeliest: list[int] = logits.argmax(-1).tolist()
    out: list[tuple[int, float | None]] = []
    for row, (chooser, token) in enumerate(zip(choosers, likeliest, strict=True)):
        if chooser.rule is not None or chooser.numbers is not None:
            allowed = logits[row] if chooser.rule is None else chooser.rule.restrict(logits[row])
            token = int(allowed.argmax()) if chooser.numbers is None else drawn(allowed, chooser)
            if chooser.rule is not None:
                chooser.rule.take(token)
        out.append((token, logprob(logits[row], token) if chooser.logprobs else None))
    return out


def logprob(logits: Any, token: int) -> float:
    """Natural-log probability of `token` under one row of logits."""
    # One division less than a softmax, and no sum of tiny numbers lost.
    return float(logits[token].double() - logits.double().logsumexp(-1))


def drawn(logits: Any, chooser: Chooser) -> int:
    """A token drawn from the tempered distribution, cut to the likeliest tokens that hold `top_p` of it.

    By inversion along the vocabulary's order: tiny differences of logits between batches can move a border between
    two tokens by as little, but never reorder them.
    """
    import torch

    if chooser.numbers is None:
        raise ValueError("a chooser without random numbers")
    chances = torch.softmax(logits.double() / chooser.temperature, -1)
    if chooser.top_p < 1:
        chances = nucleus(chances, chooser.top_p)
    sums = chances.cumsum(-1)
    point = torch.tensor([chooser.numbers.random()], dtype=sums.dtype, device=sums.device) * sums[-1]
    found = int(torch.searchsorted(sums, point, right=True))
    # Where rounding puts the point on the last sum, the last token with a chance is meant.
    return found if found < len(sums) else int(chances.nonzero()[-1])


def nucleus(chances: Any, share: float) -> Any:
    """`chances` with zeros outside the smallest set of likeliest tokens that holds `share` (Holtzman et al. 2020)."""
    import torch

    count = min(_LIKELIEST, len(chances))
    found, places = chances.topk(count)
    if found.sum() < share:
        found, places = chances.sort(descending=True)
    # A token stays where what stands before it holds less than the share: the one that crosses it is the last.
    kept = found.cumsum(-1) - found < share
    out = torch.zeros_like(chances)
    out[places[kept]] = found[kept]
    return out
