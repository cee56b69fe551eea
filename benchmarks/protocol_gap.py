"""What the answer protocol alone makes of a score: the same weights on the same items, asked in several ways.

    python benchmarks/protocol_gap.py [--models smollm2,gemma3] [--items 100] [--store FILE]

Each model, from one folder in transformers, answers four choice tasks by log-likelihood (plain and divided by the
choice's length), by a generated answer held to the choices, and by a free one; SmolLM2 also by llama.cpp, held by a
grammar (other weights: quantised). Accuracies are over all items, differences are paired over items with 95 %
intervals for a sample of fixed size. Answers are kept: a second run costs nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from matrices import DATA
from weighbridge.decide import Decision, decide
from weighbridge.evidence import Question
from weighbridge.project.load import Project, load_project
from weighbridge.store import open_store
from weighbridge.weighing.first import ask_first
from weighbridge.weighing.stored import weigh_stored
from weights import folder

LONGEST = 700
"""Characters of a passage that are shown: enough for these questions, and quick on two cores."""

TASKS: dict[str, dict[str, Any]] = {
    "BoolQ": {
        "file": "superglue/boolq_val.jsonl.gz",
        "user": "{{ passage }}\n\nQuestion: {{ question }}? Answer yes or no.\nAnswer:",
        "choices": ["yes", "no"],
    },
    "COPA": {
        "file": "superglue/copa_val.jsonl.gz",
        "user": "{{ premise }}\nWhat was the {{ ask }}?\n- {{ choice1 }}\n- {{ choice2 }}\n"
        "Say the right one.\nAnswer:",
        "choices": None,
    },
    "CB": {
        "file": "superglue/cb_val.jsonl.gz",
        "user": "{{ premise }}\n\nClaim: {{ hypothesis }}\nIs the claim an entailment, a contradiction or neutral?\n"
        "Answer:",
        "choices": ["entailment", "contradiction", "neutral"],
    },
    "tweet sentiment": {
        "file": "tweeteval_sentiment/test_3000.jsonl.gz",
        "user": "Tweet: {{ text }}\nIs its sentiment positive, neutral or negative?\nAnswer:",
        "choices": ["positive", "neutral", "negative"],
    },
}


def rows(task: str, count: int) -> Iterator[dict[str, Any]]:
    """The first items, in the form that a project reads."""
    with gzip.open(DATA / TASKS[task]["file"], "rt", encoding="utf-8") as lines:
        for number, line in zip(range(count), lines, strict=False):
            row = json.loads(line)
            item: dict[str, Any] = {"id": str(number)}
            item |= {name: value[:LONGEST] for name, value in row.items() if isinstance(value, str)}
            if task == "BoolQ":
                item["right"] = "yes" if row["label"] else "no"
            elif task == "COPA":
                item |= {"ask": row["question"], "options": [row["choice1"], row["choice2"]]}
                item["right"] = item["options"][int(row["label"])]
            else:
                item["right"] = row["label"]
            item.pop("label", None)
            yield item


def candidates(model: str, where: Path) -> list[dict[str, Any]]:
    """The same weights under each protocol."""
    spec, room = f"path:{where}", {"max_tokens": 24}
    ways: list[dict[str, Any]] = [
        {"name": "held to the choices", "model": spec, "protocol": "choice", **room},
        {"name": "log-likelihood", "model": spec, "protocol": "loglikelihood"},
        {
            "name": "log-likelihood per character",
            "model": spec,
            "protocol": "loglikelihood",
            "normalise": "characters",
        },
        {"name": "free", "model": spec, "constrain": False, **room},
    ]
    if model == "smollm2":
        ways.append({"name": "held by llama.cpp", "model": "gguf:smollm2", "protocol": "choice", **room})
    return ways


def project(task: str, model: str, count: int, where: Path, store: str, into: Path) -> Project:
    data = into / f"{task}-{model}.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows(task, count)))
    about = TASKS[task]
    columns: dict[str, Any] = {"path": str(data), "id": "id", "reference": "right"}
    tree = {
        "name": task,
        "data": columns if about["choices"] else {**columns, "choices": ["options"]},
        "prompt": {"user": about["user"]},
        "scorer": "choice",
        "candidates": candidates(model, where),
        "store": store,
        **({"choices": about["choices"]} if about["choices"] else {}),
    }
    return load_project(tree)


async def asked(one: Project) -> Decision:
    """Every candidate on every item, decided at once."""
    with open_store(one.store) as store:
        try:
            size = len(one.task.items)
            run = await ask_first(one.task, one.candidates, Question(claim="pool"), size, store=store)
        finally:
            await asyncio.gather(*{id(c.model): c.model.close() for c in one.candidates}.values())
    return decide(weigh_stored(run.evidence, Question(claim="population")))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", default="smollm2,gemma3")
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--tasks", default=",".join(TASKS))
    parser.add_argument("--store", default=str(Path(tempfile.gettempdir()) / "protocol-gap.db"))
    chosen = parser.parse_args()
    print("| model | task | items | protocol | accuracy | less held, points | 95 % interval | no option read |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as into:
        for model in chosen.models.split(","):
            where = folder(model)
            for task in chosen.tasks.split(","):
                decision = asyncio.run(asked(project(task, model, chosen.items, where, chosen.store, Path(into))))
                show(model, task, decision)


def show(model: str, task: str, decision: Decision) -> None:
    held = "held to the choices"
    for result in decision.candidates:
        pair = next((p for p in decision.pairs if {p.a, p.b} == {result.name, held}), None)
        gap = ""
        if pair is not None:
            sign = 1 if pair.a == result.name else -1
            low, high = sorted(sign * end for end in pair.interval)
            gap = f"{100 * sign * pair.difference + 0.0:+.1f} | {100 * low:+.1f} to {100 * high:+.1f}"
        bad = result.statuses.get("unparsable", 0) + result.statuses.get("truncated", 0)
        print(
            f"| {model} | {task} | {result.items} | {result.name} | {100 * (result.score or 0):.1f} % | "
            f"{gap or '|'} | {bad} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
