"""Evidence with answers, questions and references, for the checks of a comparison."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from weighbridge.audit.fairness.view import View
from weighbridge.evidence import NOT_ASKED, STATUS_CODES, Column, Evidence, Finding, Question, Side, Status
from weighbridge.logs.log import Settings

WORDS = [f"{a}{b}{c}" for a in "bcdfghjklm" for b in "aeiou" for c in ("ran", "sel", "tin", "vor", "dak")]


def table(
    scores: ArrayLike,
    *,
    answers: Sequence[Sequence[str | None]] | None = None,
    questions: Sequence[str] | None = None,
    references: Sequence[str] | None = None,
    meta: Mapping[str, Sequence[str]] | None = None,
    cluster: ArrayLike | None = None,
    status: Mapping[tuple[int, int], Status] | None = None,
    tokens: ArrayLike | None = None,
    sides: Sequence[Side] | None = None,
) -> Evidence:
    """K x N scores, NaN where not asked; candidates are called a, b, c, ..., items q0, q1, ..."""
    grid = np.atleast_2d(np.asarray(scores, dtype=float))
    size, items = grid.shape
    blank = np.full(grid.shape, np.nan)
    codes = np.where(np.isnan(grid), NOT_ASKED, 0).astype(np.uint8)
    for place, one in (status or {}).items():
        codes[place] = STATUS_CODES.index(one)
    return Evidence(
        columns=tuple(Column("abcdefghijklmnop"[k], (sides or ["open"] * size)[k]) for k in range(size)),
        items=tuple(f"q{i}" for i in range(items)),
        order=np.arange(items),
        score=grid,
        status=codes,
        cost=blank,
        latency=blank,
        first_token=blank,
        tokens_in=blank,
        tokens_out=blank if tokens is None else np.asarray(tokens, dtype=float),
        repeats=np.ones(size, dtype=np.int64),
        within=blank,
        cluster=None if cluster is None else np.asarray(cluster),
        answers=None if answers is None else tuple(map(tuple, answers)),
        questions=None if questions is None else tuple(questions),
        references=None if references is None else tuple(references),
        meta={name: tuple(values) for name, values in (meta or {}).items()},
    )


def view(evidence: Evidence, settings: Mapping[str, Settings] | None = None, **question: object) -> View:
    return View(evidence, Question(**question), settings)


def right(rates: Sequence[float], items: int, seed: int = 0) -> np.ndarray:
    """0/1 scores at the given rates, on items of which some are harder for everybody."""
    rng = np.random.default_rng(seed)
    hardness = 0.6 * rng.random(items) + 0.4 * rng.random((len(rates), items))
    return np.array([row <= np.quantile(row, rate) for row, rate in zip(hardness, rates, strict=True)], dtype=float)


def prose(seed: int, words: int = 60) -> str:
    """A text of its own."""
    return " ".join(np.random.default_rng(seed).choice(WORDS, words)) + "."


def doubts(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.met != "met"]


def recorded(folder: Path, models: Sequence[str] | None = None, name: str = "scores.csv.gz") -> Evidence:
    """A recorded score table with its gaps, texts of the items and categories."""
    home = folder if (folder / "items.jsonl.gz").exists() else folder.parent
    with gzip.open(home / "items.jsonl.gz", "rt") as stream:
        about = {row["item_id"]: row for row in map(json.loads, stream)}
    cells: dict[str, dict[str, float]] = {}
    with gzip.open(folder / name, "rt") as stream:
        for row in csv.DictReader(stream):
            if models is None or row["model"] in models:
                cells.setdefault(row["model"], {})[row["item_id"]] = float(row["score"])
    names = list(models or cells)
    ids = [i for i in about if any(i in cells[name] for name in names)]
    evidence = table([[cells[name].get(i, np.nan) for i in ids] for name in names][:16])
    categories = [str(about[i].get("category") or "") for i in ids]
    return replace(
        evidence,
        columns=tuple(Column(name, "unknown") for name in names[:16]),
        items=tuple(ids),
        questions=tuple(str(about[i]["input"]) for i in ids),
        references=tuple(str(about[i].get("reference") or "") for i in ids),
        meta={"category": tuple(categories)} if any(categories) else {},
    )
