"""Answers that are missing: how many, in which categories, and whether they are missing at random."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighbridge.audit.fairness.view import RARE, ROWS, Bools, Floats, finding
from weighbridge.evidence import Evidence, Finding
from weighbridge.evidence.words import count, listed, percent, points, some_of
from weighbridge.stats.fixed.special import normal_cdf

FEWEST = 5
"""Fewer missing answers than this show nothing about why they are missing."""

SLIGHT = 0.01
"""A smaller share of items missing cannot matter to a verdict in points."""

MOST_LEVELS = 60
"""A metadata column with more values than this is no category."""

SINGLY = 3
"""More candidates than this without anything remarkable are told of together."""

DRAWS = 1999


def missing_answers(whole: Evidence) -> list[Finding]:
    """One finding per candidate that lacks scores; `whole` is the table before items were left out or filled in.

    Not at random: the other candidates score otherwise on the items it lacks than on the rest (permutation test of
    the mean, the normal limit of its exact moments from ten items on), or what it lacks is spread unevenly over a
    category (permutation test of the chi-square statistic). Either counts below a p value of 0.001.
    """
    gaps = ~whole.asked
    if not gaps.any():
        size = count(len(whole.items), "item")
        return [finding("met", f"every candidate has a score for every one of the {size}")]
    scores = np.where(gaps, 0.0, whole.score)
    total, known = scores.sum(axis=0), (~gaps).sum(axis=0)
    lacking = gaps.sum(axis=1)
    slight = (lacking < FEWEST) | (lacking < SLIGHT * gaps.shape[1])
    few = [k for k in range(len(lacking)) if lacking[k] and slight[k]]
    many = [k for k in range(len(lacking)) if lacking[k] and not slight[k]]
    found = [_of(whole, k, gaps[k], total - scores[k], known - ~gaps[k]) for k in many]
    if sum(one.met == "met" for one in found) > SINGLY:
        found = [one for one in found if one.met != "met"]
        told = {one.candidate for one in found}
        found.append(_unremarkable(whole, gaps, [k for k in many if whole.columns[k].name not in told]))
    if few:
        most = int(lacking[few].max())
        names = some_of([whole.columns[k].name for k in few])
        lack = "lacks" if len(few) == 1 else "lack"
        found.append(
            finding(
                "met",
                f"{names} {lack} a score for {'' if len(few) == 1 else 'at most '}{most:,} of "
                f"{count(len(whole.items), 'item')}, too few to matter",
                value=most / len(whole.items),
                evidence=_rows(whole, gaps[few].any(axis=0)),
            )
        )
    return found


def _unremarkable(whole: Evidence, gaps: Bools, candidates: list[int]) -> Finding:
    """One finding for many candidates of whom nothing shows that what they lack is special."""
    shares = gaps[candidates].mean(axis=1)
    names = some_of([whole.columns[k].name for k in candidates])
    return finding(
        "met",
        f"{names} have no score for {percent(float(shares.min()))} to {percent(float(shares.max()))} of "
        f"{count(len(whole.items), 'item')}, and nothing shows that they are special",
        value=float(shares.max()),
        evidence=_rows(whole, gaps[candidates].any(axis=0)),
    )


def _rows(whole: Evidence, gap: NDArray[Any] | np.bool_) -> tuple[str, ...]:
    return tuple(whole.items[int(i)] for i in np.flatnonzero(gap)[:ROWS])


def _of(whole: Evidence, k: int, gap: Bools, total: Floats, known: Floats) -> Finding:
    name, lacking, items = whole.columns[k].name, int(gap.sum()), gap.size
    share = lacking / items
    head = f"{name} has no score for {lacking:,} of {count(items, 'item')} ({percent(share)})"
    rows = _rows(whole, gap)
    low = float(whole.score[k][~gap].sum()) / items
    bounds = (low, low + share)
    judged = known > 0
    hardness = np.where(judged, total / np.maximum(known, 1), np.nan)
    by_score = _score_gap(hardness[judged], gap[judged])
    by_category = [found for label in whole.meta if (found := _category_gap(label, whole.meta[label], gap))]
    others = [column.name for column in whole.columns if column.name != name]
    they = f"{others[0]} scores" if len(others) == 1 else "the others score"
    reasons = []
    if by_score is not None and by_score[2] < RARE:
        there, elsewhere, _ = by_score
        reasons.append(f"{they} {percent(there)} on those and {percent(elsewhere)} on the rest")
    reasons += [where for where, p in by_category if p < RARE]
    if reasons:
        kept = float(hardness[judged & ~gap].mean()) if (judged & ~gap).any() else math.nan
        shift = kept - float(hardness[judged].mean())
        way = "more" if shift > 0 else "less"
        moved = f"; on the items it has, {they} {points(shift)} {way}" if abs(shift) >= 5e-4 else ""
        return finding(
            "not met",
            f"{head}, and not at random: {'; '.join(reasons)}{moved}",
            candidate=name,
            value=share,
            interval=bounds,
            evidence=rows,
            would_change=f"the missing answers of {name}, or missing scores counted as failed: over all items it "
            f"scores between {percent(bounds[0])} and {percent(bounds[1])}",
        )
    if by_score is None and not by_category:
        return finding(
            "unknown",
            f"{head}; nobody else has a score there and no category is known, so that why they are missing cannot "
            "be told",
            candidate=name,
            value=share,
            interval=bounds,
            evidence=rows,
            would_change="a metadata column, or another candidate's scores on these items",
        )
    detail = ""
    if by_score is not None:
        detail = f": the others' scores there are {points(by_score[0] - by_score[1])} apart from those on the rest"
    return finding(
        "met",
        f"{head}, and nothing shows that they are special{detail}",
        candidate=name,
        value=share,
        interval=bounds,
        evidence=rows,
    )


def _score_gap(hardness: Floats, gap: Bools) -> tuple[float, float, float] | None:
    """Mean of the others where `gap` holds and elsewhere, and the p value that the items were picked at random."""
    n, m = gap.size, int(gap.sum())
    if m == 0 or m == n:
        return None
    there, elsewhere = float(hardness[gap].mean()), float(hardness[~gap].mean())
    spread = float(hardness.std(ddof=1)) if n > 1 else 0.0
    if spread < 1e-12:
        return there, elsewhere, 1.0
    middle = float(hardness.mean())
    fewer = min(m, n - m)
    if fewer >= 10:
        error = spread * math.sqrt((1 - m / n) / m)
        return there, elsewhere, 2 * normal_cdf(-abs(there - middle) / error)
    side = there if m <= n - m else elsewhere
    rng = np.random.default_rng(0)
    drawn = np.array([hardness[rng.choice(n, fewer, replace=False)].mean() for _ in range(DRAWS)])
    far = np.count_nonzero(np.abs(drawn - middle) >= abs(side - middle) - 1e-12)
    return there, elsewhere, (1 + int(far)) / (1 + DRAWS)


def _category_gap(label: str, values: tuple[str, ...], gap: Bools) -> tuple[str, float] | None:
    """Where in a category the gaps are, in words, and the p value that they are spread evenly; None: no category."""
    names, codes = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)
    if not 2 <= names.size <= MOST_LEVELS:
        return None
    sizes = np.bincount(codes)
    lacking = np.bincount(codes, weights=gap)
    m, n = int(gap.sum()), gap.size
    expected = sizes * m / n

    def statistic(found: NDArray[Any]) -> Floats:
        return np.asarray(((found - expected) ** 2 / expected).sum(axis=-1))

    draws = np.random.default_rng(0).multivariate_hypergeometric(sizes, m, size=DRAWS, method="marginals")
    p = (1 + int(np.count_nonzero(statistic(draws) >= statistic(lacking) - 1e-9))) / (1 + DRAWS)
    order = np.argsort(-(lacking - expected), kind="stable")
    worst = [k for k in order[:3] if lacking[k] > 1.5 * expected[k]] or [order[0]]
    told = [f"{names[k]} ({int(lacking[k]):,} of {sizes[k]:,})" for k in worst]
    return f"by {label}, most are in {listed(told)}", p
