"""Makes evidence.json: made-up scores of six candidates on the support desk's messages, for the worked profiles.

    python examples/profiles/make_evidence.py

Nothing here was measured on a model. Each candidate borrows the *facts* of an entry of the catalogue (licence,
vendor, dates, size); its scores, costs and times are drawn at random, at rates that are stated below.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from weighbridge.decide import decide
from weighbridge.evidence import Column, Evidence, Question, Side
from weighbridge.report.json import decision_json
from weighbridge.weighing.stored import weigh_stored

HERE = Path(__file__).resolve().parent
MESSAGES = HERE.parent / "support-desk" / "messages.csv"

CANDIDATES: tuple[tuple[str, Side, str, str, float, float, float, float], ...] = (
    # name, side, entry of the catalogue, data policy, rate of right answers, price in and out, median seconds
    ("closed large", "closed", "gpt-5.5", "openai_api", 0.945, 5.00, 30.0, 1.30),
    ("closed small", "closed", "gpt-5-mini", "openai_api", 0.890, 0.25, 2.00, 0.80),
    ("EU vendor", "closed", "mistral-large-3", "mistral_api", 0.915, 0.50, 1.50, 0.90),
    ("open 32B", "open", "qwen3-32b", "self_hosted", 0.925, 0.40, 0.40, 0.60),
    ("open 8B", "open", "llama-3.1-8b", "self_hosted", 0.880, 0.10, 0.10, 0.25),
    ("open data 13B", "open", "olmo-2-13b", "self_hosted", 0.845, 0.20, 0.20, 0.40),
)
"""Prices are USD per million tokens; of those hosted by oneself, what others ask who host them."""

INSTRUCTIONS = 900
"""Tokens of the instructions that go before every message."""


def evidence() -> Evidence:
    """The table: the same messages for all, hard ones hard for everybody."""
    with MESSAGES.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    draw = np.random.default_rng(7)
    hard = [draw.random() for _ in rows]
    size = (len(CANDIDATES), len(rows))
    score, cost, latency = np.zeros(size), np.zeros(size), np.zeros(size)
    tokens_in, tokens_out = np.zeros(size), np.zeros(size)
    for k, (_, _, _, _, rate, price_in, price_out, seconds) in enumerate(CANDIDATES):
        mixed = [0.75 * one + 0.25 * draw.random() for one in hard]
        limit = sorted(mixed)[round(rate * len(rows)) - 1]
        for n, row in enumerate(rows):
            reads = INSTRUCTIONS + len(row["message"]) // 4
            writes = int(draw.integers(40, 161))
            score[k, n] = mixed[n] <= limit
            cost[k, n] = (reads * price_in + writes * price_out) / 1e6
            latency[k, n] = round(seconds * math.exp(float(draw.normal(0, 0.25))), 3)
            tokens_in[k, n], tokens_out[k, n] = reads, writes
    blank = np.full(size, np.nan)
    customers: dict[str, int] = {}
    cluster = np.array([customers.setdefault(row["customer"], len(customers)) for row in rows], dtype=np.int64)
    return Evidence(
        columns=tuple(
            Column(name, side, spec="stored", simulated=True, cost_known=True, facts=facts, policy=policy)
            for name, side, facts, policy, *_ in CANDIDATES
        ),
        items=tuple(row["id"] for row in rows),
        order=np.arange(len(rows)),
        score=score,
        status=np.zeros(size, dtype=np.uint8),
        cost=cost.round(8),
        latency=latency,
        first_token=blank,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        repeats=np.ones(len(CANDIDATES), dtype=np.int64),
        within=blank,
        cluster=cluster,
    )


def made() -> bytes:
    """The decision without requirements, with its scores."""
    run = weigh_stored(evidence(), Question(goal="best", epsilon=0.02), seed=0)
    return decision_json(decide(run, title="Support desk, six candidates (made up)"), indent=0)


if __name__ == "__main__":
    (HERE / "evidence.json").write_bytes(made())
    print(HERE / "evidence.json")
