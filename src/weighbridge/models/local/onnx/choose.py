"""The next token of every row, in numpy: the same rules and the same random numbers as `torch.sampling`.

Equal logits and seeds give the same tokens from both engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighbridge.models.local.torch.constrain import Choices
from weighbridge.models.local.torch.sampling import Chooser

if TYPE_CHECKING:
    import numpy as np


def choose(logits: np.ndarray, choosers: Sequence[Chooser]) -> list[tuple[int, float | None]]:
    """A token for each row of `logits` ``[rows, vocabulary]``, and its log-probability where that is asked for.

    The log-probability is the model's own: without temperature, `top_p` or choices.
    """
    import numpy as np

    likeliest = logits.argmax(-1).tolist()
    out: list[tuple[int, float | None]] = []
    for row, chooser, token in zip(logits, choosers, likeliest, strict=True):
        allowed = row
        if isinstance(chooser.rule, Choices):
            allowed = np.full_like(row, -np.inf)
            allowed[chooser.rule.allowed] = row[chooser.rule.allowed]
        if chooser.numbers is not None:
            token = drawn(allowed, chooser)
        elif allowed is not row:
            token = int(allowed.argmax())
        if chooser.rule is not None:
            chooser.rule.take(token)
        out.append((token, logprob(row, token) if chooser.logprobs else None))
    return out


def logprob(logits: np.ndarray, token: int) -> float:
    """Natural-log probability of `token` under one row of logits."""
    import numpy as np

    exact = logits.astype(np.float64)
    most = exact.max()
    return float(exact[token] - most - np.log(np.exp(exact - most).sum()))


def drawn(logits: np.ndarray, chooser: Chooser) -> int:
    """A token drawn from the tempered distribution, cut to the likeliest tokens that hold `top_p` of it.

    By inversion along the vocabulary's order, as `torch.sampling.drawn`.
    """
    import numpy as np

    if chooser.numbers is None:
        raise ValueError("a chooser without random numbers")
    tempered = logits.astype(np.float64) / chooser.temperature
    chances = np.exp(tempered - tempered.max())
    chances /= chances.sum()
    if chooser.top_p < 1:
        chances = nucleus(chances, chooser.top_p)
    sums = chances.cumsum()
    found = int(np.searchsorted(sums, chooser.numbers.random() * sums[-1], side="right"))
    # Where rounding puts the point on the last sum, the last token with a chance is meant.
    return found if found < len(sums) else int(np.flatnonzero(chances)[-1])


def nucleus(chances: np.ndarray, share: float) -> np.ndarray:
    """`chances` with zeros outside the smallest set of likeliest tokens that holds `share`."""
    import numpy as np

    order = np.argsort(-chances, kind="stable")
    sums = chances[order].cumsum()
    # A token stays where what stands before it holds less than the share: the one that crosses it is the last.
    kept = order[sums - chances[order] < share]
    out = np.zeros_like(chances)
    out[kept] = chances[kept]
    return out
