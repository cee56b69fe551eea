"""The rate at equal length on AlpacaEval's recordings, beside the leaderboard's own length-controlled rate."""

from __future__ import annotations

import csv
import gzip
import math
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from weighbridge.judge.pairwise import length_control

PUBLISHED = {
    "FuseChat-Gemma-2-9B-Instruct": 70.18,
    "FuseChat-Llama-3.1-8B-Instruct": 65.39,
    "FuseChat-Llama-3.2-1B-Instruct": 25.27,
    "claude": 27.29,
    "claude-2": 28.16,
    "claude-instant-1.2": 25.61,
    "gemma-7b-it": 10.43,
    "humpback-llama2-70b": 16.25,
    "oasst-rlhf-llama-33b": 7.97,
    "ultralm-13b": 7.11,
}
"""length_controlled_winrate in per cent, from the leaderboard file weighted_alpaca_eval_gpt4_turbo that the package
alpaca-eval 0.6.6 carries; those of our recordings whose answers are on both sides of equal length."""


def test_it_lies_near_the_leaderboards(shared_data: Path) -> None:
    rows = defaultdict(list)
    with gzip.open(shared_data / "alpaca_eval" / "ae2" / "scores.csv.gz", "rt", newline="") as stream:
        for row in csv.DictReader(stream):
            longer = math.log((int(row["output_chars"] or 0) + 1) / (int(row["baseline_chars"] or 0) + 1))
            rows[row["model"]].append((float(row["score"]), longer))
    found, raw = {}, {}
    for model, pairs in rows.items():
        scores, longer = np.array(pairs).T
        control = length_control(scores, longer, 0.05)
        if control is not None:
            found[model] = 100 * control.rate.value
            raw[model] = 100 * float(scores.mean())
    assert set(PUBLISHED) <= set(found)
    # Entries made to game the judge, or with answers of another length throughout, get no rate at all.
    assert not {"gpt4_gamed", "gpt4_0613_concise", "gpt-3.5-turbo-1106_concise"} & set(found)
    ours = np.array([found[model] - published for model, published in PUBLISHED.items()])
    plain = np.array([raw[model] - published for model, published in PUBLISHED.items()])
    assert np.abs(ours).max() < 3
    assert np.abs(ours).mean() == pytest.approx(1.33, abs=0.05)
    assert np.abs(plain).mean() > 5
