"""Candidates that borrow facts of the catalogue, for tests that hold demands against them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from tests.decide.tables import binary, evidence_of

from weighbridge.evidence import Column, Evidence, Side

FOUR = (
    ("gpt", "closed", "gpt-4.1", "openai_api"),
    ("llama", "open", "llama-3.1-8b", "self_hosted"),
    ("qwen", "open", "qwen3-8b", "self_hosted"),
    ("unheard of", "open", "none", None),
)


def column(side: Side = "open", spec: str = "stored", facts: str | None = None, policy: str | None = None) -> Column:
    return Column("x", side, spec=spec, facts=facts, policy=policy)


def four(
    rates: tuple[float, ...] = (0.93, 0.9, 0.84, 0.75),
    items: int = 400,
    prices: tuple[float, ...] = (2.0, 0.5, 0.3, 0.1),
) -> Evidence:
    """A closed model, two open ones and one that nobody knows; `prices` are per 1,000 requests."""
    seconds = np.array([1.2, 0.6, 0.5, 0.2])[:, None]
    cost = np.array(prices)[:, None] / 1000
    made = evidence_of(binary(list(rates), items), cost=cost, latency=seconds)
    columns = tuple(
        Column(name, side, spec="stored", facts=facts, policy=policy) for name, side, facts, policy in FOUR
    )
    tokens = np.full(made.score.shape, 400.0)
    return replace(made, columns=columns, tokens_in=tokens, tokens_out=tokens / 4)
