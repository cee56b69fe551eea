"""How far the plan's likely stop is from the real one: calls reckoned from a pilot over calls the race then asked.

    python benchmarks/plan.py [--tasks 60]

Tasks are drawn from the recorded matrices: 8 candidates (four open, four closed, from the top 24) or 3 of those, in a
random order, best within 2 points, pool claim.
"""

from __future__ import annotations

import argparse

import numpy as np

from matrices import draw_task, load
from weighbridge.stats.race import Race
from weighbridge.stats.rules import Rules
from weighbridge.weighing.likely import likely_draws

RULES = Rules(claim="pool", epsilon=0.02)


def asked(scores: np.ndarray) -> int:
    """Calls the race asks for."""
    race = Race(*scores.shape, RULES)
    while not race.finished:
        for span in race.wanted():
            race.feed(span.candidate, scores[span.candidate, span.start : span.stop])
        race.step()
    return int(race.paid.sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=60)
    tasks = parser.parse_args().tasks
    generator = np.random.default_rng(0)
    print("| matrix | pilot | median ratio | 10 % to 90 % |\n|---|---|---|---|")
    for name in ("GSM8K", "CRUX", "Alpaca"):
        matrix = load(name)
        ratios: dict[int, list[float]] = {8: [], 32: []}
        for number in range(tasks):
            scores = draw_task(matrix, generator)
            scores = scores[generator.choice(len(scores), 3 if number % 2 else len(scores), replace=False)]
            scores = scores[:, generator.permutation(scores.shape[1])]
            real = asked(scores)
            for pilot, found in ratios.items():
                found.append(float(likely_draws(scores[:, :pilot], RULES, scores.shape[1]).sum()) / real)
        for pilot, found in ratios.items():
            low, middle, high = np.quantile(found, [0.1, 0.5, 0.9])
            print(f"| {name} | {pilot} | {middle:.2f} | {low:.2f} to {high:.2f} |")


if __name__ == "__main__":
    main()
