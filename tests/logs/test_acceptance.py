"""Figures that others published come out of their recorded results, through our own ways in."""

from __future__ import annotations

import importlib.util
import statistics
import sys
from pathlib import Path
from types import ModuleType

import pytest

from weighbridge.api import compare_scores
from weighbridge.decide import Decision

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def bench(shared_data: Path) -> ModuleType:
    """The benchmark script, so that what it prints is what is tested."""
    del shared_data  # asked for so that the test is skipped without it
    sys.path.insert(0, str(BENCHMARKS))
    try:
        spec = importlib.util.spec_from_file_location("benchmarks_logs", BENCHMARKS / "logs.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(BENCHMARKS))
    return module


def has_intervals(decision: Decision) -> bool:
    return bool(decision.pairs) and all(
        pair.interval[0] < pair.difference < pair.interval[1] for pair in decision.pairs
    )


@pytest.mark.slow
@pytest.mark.parametrize(("part", "close"), [("ae1", 1e-12), ("ae2", 1e-5)])
def test_alpaca_eval_win_rates_are_the_leaderboards(
    bench: ModuleType, tmp_path: Path, part: str, close: float
) -> None:
    """ae1: to the last digit of a float, up to the order of a sum; ae2: as far as the recording's six decimals go."""
    rows = [row for row in bench.table(bench.PUBLISHED / "alpaca_eval.csv") if row["board"] == part]
    board = {row["model"]: row for row in rows}
    assert len(board) == 32
    means = bench.own_means(bench.DATA / "alpaca_eval" / part)
    decision, tallies = bench.read_back(bench.alpaca_files(part, list(board), tmp_path))
    read = {tally.log.model: (tally.mean, tally.items) for tally in tallies}
    for model, row in board.items():
        for mean, items in (means[model], read[model]):
            assert items == int(row["n_total"]), model
            assert 100 * mean == pytest.approx(float(row["win_rate"]), abs=close), model
            assert f"{100 * mean:.2f}" == f"{float(row['win_rate']):.2f}", model
    assert has_intervals(decision)


def test_routellm_accuracies(bench: ModuleType) -> None:
    means = bench.own_means(bench.DATA / "routellm_gsm8k")
    assert f"{means['gpt-4-1106-preview'][0]:.3f}" == "0.857"
    assert f"{means['mixtral-8x7b-instruct-v0.1'][0]:.3f}" == "0.638"
    decision = compare_scores(bench.DATA / "routellm_gsm8k" / "scores.csv.gz")
    assert decision.verdict.candidates == ["gpt-4-1106-preview"]
    assert has_intervals(decision)


def test_routellm_outputs_can_be_scored_again(bench: ModuleType, tmp_path: Path) -> None:
    """RouteLLM's own reading misses amounts such as $20.00, which the closed model writes more often."""
    decision, _ = bench.read_back(bench.routellm_files(tmp_path), rescore="numeric")
    scores = {one.name: one.score for one in decision.candidates}
    assert scores["mixtral-8x7b-instruct-v0.1"] == pytest.approx(0.638, abs=0.002)
    assert scores["gpt-4-1106-preview"] == pytest.approx(0.889, abs=0.002)


@pytest.mark.slow
def test_zeroeval_accuracies_are_the_boards(bench: ModuleType, tmp_path: Path) -> None:
    """The recordings hold answers read out of the raw outputs by a reader that forgives broken JSON, ZeroEval's does
    not: four models that often break it come out higher, whatever is done with the answers afterwards."""
    board = {row["model"]: row for row in bench.table(bench.PUBLISHED / "zeroeval_gsm8k.csv")}
    assert len(board) == 44
    decision, tallies = bench.read_back(bench.zeroeval_files(list(board), tmp_path))
    off = {tally.log.model: 100 * (tally.mean or 0) - float(board[tally.log.model]["acc"]) for tally in tallies}
    assert {tally.items for tally in tallies} == {1319, 681}
    assert statistics.fmean(map(abs, off.values())) < 0.5
    far = {model for model, apart in off.items() if abs(apart) > 0.5}
    assert far == {"yi-large-preview", "Phi-3.5-mini-instruct", "yi-large", "Yi-1.5-9B-Chat"}
    assert all(off[model] > 0 for model in far)
    agreeing = sum(tally.agrees is True for tally in tallies)
    assert agreeing >= 30, "to the last printed digit"
    assert any("the log reports Acc 82.64 for yi-large-preview" in text for text in decision.warnings)
    assert has_intervals(decision)
