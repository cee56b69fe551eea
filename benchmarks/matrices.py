"""Recorded score matrices for the statistics benchmarks: read from the data folder beside the checkout."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

FOLDERS = {"GSM8K": "zeroeval_gsm", "CRUX": "zeroeval_crux", "Alpaca": "alpaca_eval/ae2", "MMLU-Pro": "mmlu_pro"}

GAMED = {"NullModel", "gpt4_gamed"}
"""Entries made on purpose to exploit the judge."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Complete scores of M models on N items."""

    name: str
    scores: NDArray[np.float64]
    """Shape (M, N)."""
    closed: NDArray[np.bool_]
    """Shape (M,)."""
    models: tuple[str, ...]


def load(name: str) -> Matrix:
    """Models with at least 95 % of the items, on the items that all of them have."""
    folder = DATA / FOLDERS[name]
    with gzip.open(folder / "scores.csv.gz", "rt", newline="") as lines:
        rows = [(row["item_id"], row["model"], float(row["score"])) for row in csv.DictReader(lines)]
    with (folder / "models.csv").open(newline="") as lines:
        camp = {row["model"]: row["camp"] for row in csv.DictReader(lines)}
    models = sorted({model for _, model, _ in rows} - GAMED)
    items = sorted({item for item, _, _ in rows})
    place = {model: k for k, model in enumerate(models)}, {item: n for n, item in enumerate(items)}
    scores = np.full((len(models), len(items)), np.nan)
    for item, model, score in rows:
        if model in place[0]:
            scores[place[0][model], place[1][item]] = score
    kept = np.isnan(scores).mean(axis=1) < 0.05
    scores = scores[kept]
    scores = scores[:, ~np.isnan(scores).any(axis=0)]
    names = tuple(model for model, keep in zip(models, kept, strict=True) if keep)
    return Matrix(name, scores, np.array([camp[model] == "closed" for model in names]), names)


def draw_task(matrix: Matrix, rng: np.random.Generator, each: int = 4, top: int = 24) -> NDArray[np.float64]:
    """Scores (2 `each`, N) of `each` open (first) and `each` closed models drawn from the `top`, in random order.

    A matrix with fewer closed models contributes all of them.
    """
    order = np.argsort(-matrix.scores.mean(axis=1))[:top]
    every_closed = np.flatnonzero(matrix.closed)
    closed = order[matrix.closed[order]] if len(every_closed) >= each else every_closed
    open_ = order[~matrix.closed[order]]
    chosen = np.concatenate(
        [rng.choice(open_, min(each, len(open_)), replace=False), rng.choice(closed, min(each, len(closed)), False)]
    )
    return np.ascontiguousarray(matrix.scores[chosen][:, rng.permutation(matrix.scores.shape[1])])
