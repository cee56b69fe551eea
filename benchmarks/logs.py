"""Published figures beside ours on recorded results.

    python benchmarks/logs.py [--alpaca-eval WHEEL]

AlpacaEval's leaderboards, RouteLLM's and ZeroEval's GSM8K, each from the recordings in the data folder beside the
checkout: as the score tables they are, and written back into the tools' own formats and read by our readers. With
--alpaca-eval (a wheel from `pip download --no-deps alpaca-eval`) the copied leaderboard is held against the package.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from matrices import DATA
from weighbridge.api import compare_logs, compare_scores
from weighbridge.decide import Decision
from weighbridge.evidence.scores_file import load_scores
from weighbridge.logs.figures import Tally

PUBLISHED = Path(__file__).resolve().parent / "published"
BOARDS = {
    "ae1": "alpaca_eval/leaderboards/data_AlpacaEval/alpaca_eval_gpt4_leaderboard.csv",
    "ae2": "alpaca_eval/leaderboards/data_AlpacaEval_2/weighted_alpaca_eval_gpt4_turbo_leaderboard.csv",
}
BASELINES = {"ae1": "text_davinci_003", "ae2": "gpt4_1106_preview"}


def json_lines(path: Path) -> Iterator[dict]:
    """The objects of a gzipped file of json lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a csv, gzipped or not."""
    with gzip.open(path, "rt", newline="") if path.suffix == ".gz" else path.open(newline="") as lines:
        return list(csv.DictReader(lines))


def own_means(folder: Path) -> dict[str, tuple[float, int]]:
    """Mean and number of items of each model of a score table, each on all items it has."""
    found = {}
    for row in table(folder / "models.csv"):
        evidence = load_scores(folder / "scores.csv.gz", models=[row["model"]]).evidence
        found[row["model"]] = float(evidence.score[0].mean()), len(evidence.items)
    return found


def alpaca_files(part: str, models: list[str], into: Path) -> list[Path]:
    """Recorded preferences written back as AlpacaEval's annotations, one file per model."""
    questions = {one["item_id"]: one for one in json_lines(DATA / "alpaca_eval" / "items.jsonl.gz")}
    outputs = {
        (one["item_id"], one["model"]): one["output"] for one in json_lines(DATA / "alpaca_eval/outputs.jsonl.gz")
    }
    rows = defaultdict(list)
    for row in table(DATA / "alpaca_eval" / part / "scores.csv.gz"):
        if row["model"] in models:
            asked = questions[row["item_id"]]
            rows[row["model"]].append(
                {
                    "instruction": asked["input"],
                    "output_1": "x" * int(row["baseline_chars"]),
                    "generator_1": BASELINES[part],
                    "dataset": asked["category"],
                    "output_2": outputs.get((row["item_id"], row["model"]), "x" * int(row["output_chars"])),
                    "generator_2": row["model"],
                    "annotator": part,
                    "preference": float(row["score"]) + 1,
                }
            )
    paths = []
    for model in models:
        path = into / part / model / "annotations.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(rows[model]), encoding="utf-8")
        paths.append(path)
    return paths


def zeroeval_files(models: list[str], into: Path) -> list[Path]:
    """Recorded answers written back as ZeroEval's result files, with its summary beside them."""
    items = {one["item_id"]: one for one in json_lines(DATA / "zeroeval_gsm" / "items.jsonl.gz")}
    rows = defaultdict(list)
    for one in json_lines(DATA / "zeroeval_gsm" / "answers.jsonl.gz"):
        if one["model"] in models:
            item = items[one["item_id"]]
            said = "" if one["answer"] is None else json.dumps({"reasoning": "", "answer": one["answer"]})
            rows[one["model"]].append(
                {
                    "session_id": one["item_id"],
                    "id": one["item_id"],
                    "dataset": "gsm",
                    "generator": one["model"],
                    "output": [said],
                    "question": item["input"],
                    "answer": f"# {item['reference']}",
                    "configs": {"temperature": 0.0},
                }
            )
    folder = into / "gsm"
    folder.mkdir(parents=True)
    board = {row["model"]: row for row in table(PUBLISHED / "zeroeval_gsm8k.csv")}
    summary = [{"Model": model, "Acc": board[model]["acc"], "Total": int(board[model]["total"])} for model in models]
    (into / "gsm.summary.json").write_text(json.dumps(summary), encoding="utf-8")
    for model in models:
        (folder / f"{model}.json").write_text(json.dumps(rows[model]), encoding="utf-8")
    return [folder / f"{model}.json" for model in models]


def routellm_files(into: Path) -> list[Path]:
    """RouteLLM's outputs in ZeroEval's shape, so that stored answers can be scored again."""
    items = {one["item_id"]: one for one in json_lines(DATA / "routellm_gsm8k" / "items.jsonl.gz")}
    rows = defaultdict(list)
    for one in json_lines(DATA / "routellm_gsm8k" / "outputs.jsonl.gz"):
        item = items[one["item_id"]]
        rows[one["model"]].append(
            {
                "session_id": one["item_id"],
                "dataset": "gsm",
                "generator": one["model"],
                "output": [one["output"]],
                "question": item["input"],
                "answer": f"# {item['reference']}",
            }
        )
    paths = []
    for model, elements in rows.items():
        paths.append(into / f"{model}.json")
        paths[-1].write_text(json.dumps(elements), encoding="utf-8")
    return paths


def read_back(paths: list[Path], **options) -> tuple[Decision, list[Tally]]:
    """The decision on logs, and what each holds."""
    tallies: list[Tally] = []
    return compare_logs(*paths, told=tallies.extend, **options), tallies


def board_of_package(wheel: Path, part: str) -> dict[str, float]:
    """Win rates in the package's own leaderboard."""
    with zipfile.ZipFile(wheel) as packed:
        text = packed.read(BOARDS[part]).decode()
    return {row[""]: float(row["win_rate"]) for row in csv.DictReader(io.StringIO(text))}


def figures(wheel: Path | None) -> None:
    """Print the table of published figures and ours."""
    print("| recording | models | figure | largest difference, points | mean | pairs with an interval |")
    print("|---|---|---|---|---|---|")
    published = table(PUBLISHED / "alpaca_eval.csv")
    for part in BOARDS:
        board = {row["model"]: float(row["win_rate"]) for row in published if row["board"] == part}
        if wheel is not None:
            package = board_of_package(wheel, part)
            assert all(package[model] == rate for model, rate in board.items()), "the copy differs from the package"
        folder = DATA / "alpaca_eval" / part
        means = own_means(folder)
        off = [abs(100 * means[model][0] - rate) for model, rate in board.items()]
        printed = all(f"{100 * means[model][0]:.2f}" == f"{rate:.2f}" for model, rate in board.items())
        shown = "win rate, equal as printed (2 decimals)" if printed else "win rate, DIFFERENT AS PRINTED"
        line(f"alpaca_eval/{part}", shown, off, compare_scores(folder / "scores.csv.gz"))
        with tempfile.TemporaryDirectory() as made:
            decision, tallies = read_back(alpaca_files(part, list(board), Path(made)))
            off = [abs(100 * (tally.mean or 0) - board[tally.log.model]) for tally in tallies]
            line(f"the same as annotations.json, {part}", "win rate", off, decision)
    stated = {"gpt-4-1106-preview": 85.7, "mixtral-8x7b-instruct-v0.1": 63.8}
    means = own_means(DATA / "routellm_gsm8k")
    off = [abs(100 * means[model][0] - figure) for model, figure in stated.items()]
    line("routellm_gsm8k", "accuracies .857 and .638", off, compare_scores(DATA / "routellm_gsm8k/scores.csv.gz"))
    board = {row["model"]: float(row["acc"]) for row in table(PUBLISHED / "zeroeval_gsm8k.csv")}
    means = own_means(DATA / "zeroeval_gsm")
    off = [abs(100 * means[model][0] - acc) for model, acc in board.items()]
    line("zeroeval_gsm", "GSM8K accuracy", off, compare_scores(DATA / "zeroeval_gsm/scores.csv.gz"))
    with tempfile.TemporaryDirectory() as made:
        decision, tallies = read_back(zeroeval_files(list(board), Path(made)))
        off = [abs(100 * (tally.mean or 0) - board[tally.log.model]) for tally in tallies]
        line("the same as ZeroEval's files", "GSM8K accuracy", off, decision)
        far = sorted(zip(off, (tally.log.model for tally in tallies), strict=True), reverse=True)[:5]
        print(f"\nZeroEval, farthest: {', '.join(f'{model} {apart:.2f}' for apart, model in far)}")
        within = sum(apart <= 0.5 for apart in off)
        exact = sum(tally.agrees is True for tally in tallies)
        print(f"as printed: {exact} of {len(off)}; within 0.5 points: {within}")
    with tempfile.TemporaryDirectory() as made:
        decision, _ = read_back(routellm_files(Path(made)), rescore="numeric")
        again = ", ".join(f"{one.name} {one.score:.3f}" for one in decision.candidates)
        print(f"RouteLLM's outputs scored again by `numeric`: {again}")


def line(name: str, figure: str, off: list[float], decision: Decision) -> None:
    """One row of the table."""
    sound = sum(pair.interval[0] <= pair.difference <= pair.interval[1] for pair in decision.pairs)
    pairs = f"{sound} of {len(decision.pairs)}"
    print(f"| {name} | {len(off)} | {figure} | {max(off):.1e} | {sum(off) / len(off):.1e} | {pairs} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--alpaca-eval", type=Path, metavar="WHEEL")
    figures(parser.parse_args().alpaca_eval)


if __name__ == "__main__":
    main()
