"""How often `weighbridge drift` cries wolf, and what it finds: by simulation, at 5 % over all looks.

    python benchmarks/drift.py [--runs 300]

A model is right on each anchor with a probability of its own (Beta(4, 1), mean 0.8): much randomness of its own. Two
answers are kept, two are new at every look. Printed beside it: what a paired t test at 5 % would do at each of the
same looks, as somebody would who compares today's average with the stored one.
"""

from __future__ import annotations

import argparse
import math

import numpy as np

from weighbridge.stats.drift import Anchor, log_threshold, look_evidence, over_looks, step_level
from weighbridge.stats.fixed import paired_interval

LOOKS = 12


def look(old: np.ndarray, new: np.ndarray) -> list[Anchor]:
    """Anchors from 0/1 scores of shape (answers, anchors)."""
    scores = np.vstack([old, new]).astype(float)
    return [Anchor(len(old), tuple(row), np.abs(row[:, None] - row[None, :])) for row in scores.T]


def history(rng: np.random.Generator, anchors: int, change: float) -> tuple[int, int]:
    """The first look at which each method says that the model changed; LOOKS + 1 where it never does."""
    right = rng.beta(4.0, 1.0, anchors)
    old = rng.random((2, anchors)) < right
    now = np.clip(right + change, 0, 1)
    logs: list[float] = []
    ours = tested = LOOKS + 1
    for number in range(1, LOOKS + 1):
        new = rng.random((2, anchors)) < now
        logs.append(look_evidence(look(old, new), step_level(number, 1, 0.05)).both)
        if over_looks(logs) >= log_threshold(1, 0.05):
            ours = min(ours, number)
        low, high = paired_interval(new.mean(0), old.mean(0), alpha=0.05).interval
        if low > 0 or high < 0:
            tested = min(tested, number)
    return ours, tested


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=300)
    runs = options.parse_args().runs
    rng = np.random.default_rng(0)
    print(f"{runs} runs of {LOOKS} looks; share that says 'changed' at the first look, by the third, by the last\n")
    print("| anchors | change of the score | drift: 1 | 3 | 12 | t test each time: 1 | 3 | 12 |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for anchors in (50, 100, 200):
        for change in (0.0, -0.1, -0.2, -0.3):
            found = np.array([history(rng, anchors, change) for _ in range(runs)])
            cells = [f"{100 * float((found[:, side] <= by).mean()):.0f} %" for side in (0, 1) for by in (1, 3, LOOKS)]
            moved = "none" if change == 0 else f"{math.trunc(100 * change)} points"
            print(f"| {anchors} | {moved} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
