"""What a verdict costs: share of the exhaustive calls, and realised error, on recorded score matrices.

    python benchmarks/decision_cost.py [--tasks 300] [--synthetic 2000] [--only GSM8K]

For each matrix, tasks of eight models (four open, four closed, drawn afresh from the top 24; MMLU-Pro: four open and
its two closed) are put in a random order and raced at a 5 % error, pool claim. Printed per matrix:

* calls at epsilon 2 points, at epsilon 0, and for non-inferiority at margin 3 points, with the wrong verdicts;
* error at the exact null: epsilon just below the gap to the runner-up, margin just below and exactly at the true gap;
* coverage of the confidence sequences over the whole run;
* the peers' habit beside it: mean +- 1.96 standard errors of the paired difference, looked at every 16 items.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

import matrices
from weighbridge.stats.intervals import difference_sequence, mean_sequence
from weighbridge.stats.race import Race
from weighbridge.stats.rules import Outcome, Rules

Floats = NDArray[np.float64]
TINY = 1e-6
ALPHA = 0.05


def race(scores: Floats, rules: Rules) -> tuple[Outcome, float]:
    """Outcome and share of the exhaustive calls."""
    field = Race(*scores.shape, rules)
    while not field.finished:
        for span in field.wanted():
            field.feed(span.candidate, scores[span.candidate, span.start : span.stop])
        field.step()
    return field.outcome(), float(field.paid.sum() / scores.size)


def wrong(outcome: Outcome, scores: Floats, rules: Rules) -> bool:
    """Whether the verdict differs from what the exhaustive run allows."""
    means = scores.mean(axis=1)
    if outcome.kind == "best":
        return bool(means[list(outcome.winners)].min() < means.max() - rules.epsilon - 1e-9)
    best = means[list(rules.references)].max()
    good = means[list(rules.challengers)] >= best - rules.margin - 1e-9
    if outcome.kind == "non_inferior":
        return bool(means[outcome.winners[0]] < best - rules.margin - 1e-9)
    return bool(good.any())


def habit(scores: Floats, epsilon: float, look: int = 16) -> tuple[bool, float]:
    """The peers' habit: a leader is declared when every paired z (with `epsilon`) is above 1.96 at some look."""
    count, units = scores.shape
    alive = np.ones(count, dtype=bool)
    paid = np.zeros(count)
    for drawn in range(look, units + 1, look):
        paid[alive] = drawn
        means = np.where(alive, scores[:, :drawn].mean(axis=1), -1)
        leader = int(np.argmax(means))
        for rival in np.flatnonzero(alive):
            difference = scores[leader, :drawn] - scores[rival, :drawn]
            error = difference.std(ddof=1) / np.sqrt(drawn)
            if rival != leader and difference.mean() + epsilon > 1.96 * error:
                alive[rival] = False
        if alive.sum() == 1:
            break
    else:
        leader = int(np.argmax(np.where(alive, scores.mean(axis=1), -1)))
    means = scores.mean(axis=1)
    return bool(means[leader] < means.max() - epsilon - 1e-9), float(paid.sum() / scores.size)


def one_task(name: str, seed: int) -> dict[str, tuple[float, float]]:
    """All figures of one random task: name -> (share of calls, wrong)."""
    scores = matrices.draw_task(_matrix(name), np.random.default_rng([seed, len(name)]))
    each = 4
    means = scores.mean(axis=1)
    top = np.sort(means)[::-1]
    gap = float(top[0] - top[1])
    behind = float(means[each:].max() - means[:each].max())
    best = Rules(claim="pool", alpha=ALPHA)
    sides = {"challengers": tuple(range(each)), "references": tuple(range(each, len(scores)))}
    near = replace(best, goal="non_inferior", **sides)
    asked = {
        "eps 2": replace(best, epsilon=0.02),
        "eps 0": replace(best, epsilon=0.0),
        "NI 3": replace(near, margin=0.03),
        "null eps": replace(best, epsilon=max(gap - TINY, 0.0)),
        "null NI yes": replace(near, margin=behind - TINY),
        "null NI none": replace(near, margin=behind + TINY),
    }
    result: dict[str, tuple[float, float]] = {}
    for label, rules in asked.items():
        outcome, calls = race(scores, rules)
        result[label] = calls, float(wrong(outcome, scores, rules))
    for label, epsilon in (("habit eps 2", 0.02), ("habit null", max(gap - TINY, 0.0))):
        bad, calls = habit(scores, epsilon)
        result[label] = calls, float(bad)
    result["coverage"] = coverage(scores)
    return result


def coverage(scores: Floats) -> tuple[float, float]:
    """(misses among candidates' sequences, misses among differences), over the whole run but its last draw."""
    units = scores.shape[1]
    means = scores.mean(axis=1)
    missed = 0.0
    for row, mean in zip(scores, means, strict=True):
        low, high = mean_sequence(row[:-1], ALPHA, units)
        missed += not low - 1e-9 <= mean <= high + 1e-9
    apart = 0.0
    for k in range(1, len(scores)):
        low, high = difference_sequence((scores[0] - scores[k])[:-1], ALPHA, units)
        apart += not low - 1e-9 <= means[0] - means[k] <= high + 1e-9
    return missed / len(scores), apart / (len(scores) - 1)


_LOADED: dict[str, matrices.Matrix] = {}


def _matrix(name: str) -> matrices.Matrix:
    if name not in _LOADED:
        _LOADED[name] = matrices.load(name)
    return _LOADED[name]


def synthetic(seed: int) -> dict[str, float]:
    """One run at an exact null: two candidates, difference exactly at the margin, pool and population claim."""
    rng = np.random.default_rng([seed, 7])
    units = int(rng.integers(60, 600))
    level, shared = rng.uniform(0.5, 0.97), rng.uniform(0.2, 0.9)
    hard = rng.random(units)
    own = rng.random((2, units))
    noise = np.where(rng.random((2, units)) < shared, hard, own)
    scores = (noise < level).astype(float)
    result = {}
    truth = float(scores[1].mean() - scores[0].mean())
    sides = {"challengers": (0,), "references": (1,)}
    rules = Rules(goal="non_inferior", claim="pool", margin=truth - TINY, **sides)
    result["pool yes"] = float(race(scores, rules)[0].kind == "non_inferior")
    result["pool none"] = float(race(scores, replace(rules, margin=truth + TINY))[0].kind == "none")
    rules = Rules(goal="non_inferior", claim="population", margin=0.0, **sides)
    kind = race(scores, rules)[0].kind
    result["population yes"] = float(kind == "non_inferior")
    result["population none"] = float(kind == "none")
    low, high = mean_sequence(scores[0][:-1], ALPHA, units)
    result["pool sequence missed"] = float(not low - 1e-9 <= scores[0].mean() <= high + 1e-9)
    low, high = mean_sequence(scores[0], ALPHA)
    result["population sequence missed"] = float(not low <= level <= high)
    return result


def upper(errors: float, runs: int) -> float:
    """Upper end of the 95 % Wilson interval of a share."""
    z2 = 1.96**2
    share = errors / runs
    root = 1.96 * np.sqrt(share * (1 - share) / runs + z2 / (4 * runs**2))
    return float((share + z2 / (2 * runs) + root) / (1 + z2 / runs))


def main() -> None:
    """Run and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=300)
    parser.add_argument("--synthetic", type=int, default=2000)
    parser.add_argument("--only", choices=list(matrices.FOLDERS))
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    names = [args.only] if args.only else list(matrices.FOLDERS)
    started = time.process_time()
    with ProcessPoolExecutor(args.jobs) as workers:
        first = True
        for name in names:
            seeds = range(args.tasks)
            rows = list(workers.map(one_task, [name] * args.tasks, seeds, chunksize=10))
            labels = [label for label in rows[0] if label != "coverage"]
            if first:
                print("| matrix | " + " | ".join(f"{label}: calls (error)" for label in labels) + " | CS missed |")
                print("| --- " * (len(labels) + 2) + "|")
                first = False
            cells = []
            for label in labels:
                calls = np.mean([row[label][0] for row in rows])
                errors = sum(row[label][1] for row in rows)
                cells.append(f"{calls:.3f} ({errors / len(rows):.3f}, at most {upper(errors, len(rows)):.3f})")
            missed = [np.mean([row["coverage"][part] for row in rows]) for part in (0, 1)]
            print(f"| {name} | " + " | ".join(cells) + f" | {missed[0]:.3f} / {missed[1]:.3f} |", flush=True)
        if args.synthetic:
            runs = list(workers.map(synthetic, range(args.synthetic), chunksize=50))
            print(f"\n{args.synthetic} synthetic runs at the exact null (share of false claims, nominal 0.05):")
            for label in runs[0]:
                errors = sum(run[label] for run in runs)
                print(f"  {label:28s} {errors / len(runs):.4f}  (at most {upper(errors, len(runs)):.4f})")
    print(f"\nCPU seconds of the driver: {time.process_time() - started:.1f}")


if __name__ == "__main__":
    main()
