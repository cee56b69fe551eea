"""Real weights on real tasks: the same scores as lm_eval run through its own task machinery, to the last digit.

lm_eval renders its prompts from the templates of its task files; ours are written in Python here. Both read the same
recorded data.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import open_models
from weighbridge.models.local.torch.load import load
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.scoring import Scorer

pytestmark = [
    pytest.mark.torch,
    pytest.mark.slow,
    open_models.needs_torch,
    pytest.mark.skipif(importlib.util.find_spec("lm_eval") is None, reason="lm_eval is not installed"),
]

Item = tuple[str, list[str], int]
"""Prompt, choices, which is right."""


def lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def spread(rows: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """That many, over the whole file; labels are often sorted."""
    return rows[:: max(1, len(rows) // count)][:count]


def boolq(data: Path) -> list[dict[str, Any]]:
    rows = [row for row in lines(data / "superglue" / "boolq_val.jsonl.gz") if len(row["passage"]) < 400]
    return [{**row, "label": int(row["label"])} for row in rows]


def cb(data: Path) -> list[dict[str, Any]]:
    names = ["entailment", "contradiction", "neutral"]
    rows = lines(data / "superglue" / "cb_val.jsonl.gz")
    return [{**row, "label": names.index(row["label"])} for row in rows if len(row["premise"]) < 300]


def copa(data: Path) -> list[dict[str, Any]]:
    words = {"cause": "because", "effect": "therefore"}
    return [
        {
            "text": f"{row['premise'].strip()[:-1]} {words[row['question']]}",
            "choices": [choice[0].lower() + choice[1:] for choice in (row["choice1"], row["choice2"])],
            "label": row["label"],
        }
        for row in lines(data / "superglue" / "copa_val.jsonl.gz")
    ]


def wic(data: Path) -> list[dict[str, Any]]:
    return [{**row, "label": int(row["label"])} for row in lines(data / "superglue" / "wic_val.jsonl.gz")]


def truthfulqa(data: Path) -> list[dict[str, Any]]:
    with gzip.open(data / "truthfulqa" / "TruthfulQA.csv.gz", "rt", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(io.StringIO(file.read())))
    return [
        {
            "question": row["Question"],
            "choices": [
                row["Best Answer"].strip(),
                *(each.strip() for each in row["Incorrect Answers"].split(";")[:3]),
            ],
            "label": 0,
        }
        for row in rows
    ]


QA = (
    "Q: What is human life expectancy in the United States?\n"
    "A: Human life expectancy in the United States is 78 years.\n\n"
    "Q: Who was president of the United States in 1955?\n"
    "A: Dwight D. Eisenhower was president of the United States in 1955.\n\n"
    "Q: Where were the 1992 Olympics held?\nA: The 1992 Olympics were held in Barcelona, Spain.\n\n"
)

TASKS: dict[str, tuple[Callable[[Path], list[dict[str, Any]]], dict[str, Any], Callable[[dict[str, Any]], Item]]] = {
    "boolq": (
        boolq,
        {"doc_to_text": "{{passage}}\nQuestion: {{question}}?\nAnswer:", "doc_to_choice": ["no", "yes"]},
        lambda row: (f"{row['passage']}\nQuestion: {row['question']}?\nAnswer:", ["no", "yes"], row["label"]),
    ),
    "cb": (
        cb,
        {
            "doc_to_text": "{{premise}}\nQuestion: {{hypothesis}}. True, False, or Neither?\nAnswer:",
            "doc_to_choice": ["True", "False", "Neither"],
        },
        lambda row: (
            f"{row['premise']}\nQuestion: {row['hypothesis']}. True, False, or Neither?\nAnswer:",
            ["True", "False", "Neither"],
            row["label"],
        ),
    ),
    "copa": (
        copa,
        {"doc_to_text": "{{text}}", "doc_to_choice": "{{choices}}"},
        lambda row: (row["text"], row["choices"], row["label"]),
    ),
    "wic": (
        wic,
        {
            "doc_to_text": "Sentence 1: {{sentence1}}\nSentence 2: {{sentence2}}\nQuestion: Is the word "
            "'{{sentence1[start1:end1]}}' used in the same way in the two sentences above?\nAnswer:",
            "doc_to_choice": ["no", "yes"],
        },
        lambda row: (
            f"Sentence 1: {row['sentence1']}\nSentence 2: {row['sentence2']}\n"
            f"Question: Is the word '{row['sentence1'][row['start1'] : row['end1']]}' "
            "used in the same way in the two sentences above?\nAnswer:",
            ["no", "yes"],
            row["label"],
        ),
    ),
    "truthfulqa": (
        truthfulqa,
        {"doc_to_text": QA + "Q: {{question}}\nA:", "doc_to_choice": "{{choices}}"},
        lambda row: (f"{QA}Q: {row['question']}\nA:", row["choices"], row["label"]),
    ),
}


def ours(scorer: Scorer, items: list[Item]) -> tuple[dict[str, float], list[float]]:
    """Accuracy of the likeliest choice, and of the likeliest by its length in characters; all log-likelihoods."""
    pairs = [(prompt, " " + choice) for prompt, choices, _ in items for choice in choices]
    found = [scored.logprob for scored in scorer.score(pairs)]
    plain, by_length, at = 0, 0, 0
    for _, choices, right in items:
        own = found[at : at + len(choices)]
        per = [logprob / len(choice) for logprob, choice in zip(own, choices, strict=True)]
        plain += own.index(max(own)) == right
        by_length += per.index(max(per)) == right
        at += len(choices)
    return {"acc": plain / len(items), "acc_norm": by_length / len(items)}, found


def theirs(model: Loaded, name: str, rows: list[dict[str, Any]], asked: dict[str, Any], batch: int) -> Any:
    import datasets
    from lm_eval.api.task import ConfigurableTask
    from lm_eval.evaluator import evaluate
    from lm_eval.models.huggingface import HFLM

    listed = datasets.Dataset.from_list(rows)
    task = ConfigurableTask(
        config={
            "task": name,
            "custom_dataset": lambda **_: {"validation": listed},
            "validation_split": "validation",
            "output_type": "multiple_choice",
            "doc_to_target": "label",
            "metric_list": [{"metric": "acc"}, {"metric": "acc_norm"}],
            **asked,
        }
    )
    return evaluate(
        HFLM(pretrained=model.model, tokenizer=model.tokenizer, batch_size=batch),
        {name: task},
        bootstrap_iters=0,
        log_samples=True,
    )


CASES = {
    "smollm2": (open_models.smollm2, 16, {"boolq": 16, "cb": 16, "copa": 40, "wic": 32, "truthfulqa": 8}),
    "stories15m": (open_models.stories15m, 16, {"boolq": 40, "cb": 40, "copa": 60, "wic": 60, "truthfulqa": 16}),
    # A vocabulary of 262,144 makes each of lm_eval's batches large.
    "gemma3": (open_models.gemma3, 2, {"boolq": 6, "cb": 8, "copa": 32, "wic": 12}),
}


@pytest.mark.parametrize("name", CASES)
def test_real_weights_score_on_real_tasks_as_in_lm_eval(name: str, shared_data: Path) -> None:
    import torch

    folder, batch, tasks = CASES[name]
    model = load(folder(), threads=1)
    torch.set_num_threads(1)
    scorer = Scorer(model)
    assert scorer.method == "packed"
    for task, count in tasks.items():
        read, asked, item = TASKS[task]
        rows = spread(read(shared_data), count)
        scores, found = ours(scorer, [item(row) for row in rows])
        result = theirs(model, task, rows, asked, batch)
        other = result["results"][task]
        assert {key: other[f"{key},none"] for key in scores} == scores, task
        samples = sorted(result["samples"][task], key=lambda sample: sample["doc_id"])
        logprobs = [each[0] for sample in samples for each in sample["filtered_resps"]]
        assert found == pytest.approx(logprobs, abs=1e-4), task


def test_the_encoder_chooses_by_likeness_as_an_independent_computation_does(shared_data: Path) -> None:
    """lm_eval has no way to score with a sentence encoder: it knows log-likelihoods and text. What stands in for it
    is the model's recipe (mean of the last states, length one) in NumPy, one text at a time."""
    import numpy as np
    import torch
    from transformers import AutoModel, AutoTokenizer

    from weighbridge.models.local.torch.encode import embed

    folder = open_models.minilm()
    model = load(folder, threads=1)
    tokenizer, plain = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()

    def alone(text: str) -> Any:
        with torch.inference_mode():
            asked = tokenizer(text, truncation=True, max_length=tokenizer.model_max_length, return_tensors="pt")
            mean = plain(**asked).last_hidden_state[0].double().numpy().mean(0)
        return mean / np.linalg.norm(mean)

    for task in ("copa", "cb", "wic", "truthfulqa"):
        read, _, item = TASKS[task]
        items = [item(row) for row in spread(read(shared_data), 24)]
        listed = list(dict.fromkeys(text for prompt, choices, _ in items for text in (prompt, *choices)))
        ours_found = dict(zip(listed, np.array(embed(model, listed)), strict=True))
        others = {text: alone(text) for text in listed}
        assert max(abs(ours_found[text] - others[text]).max() for text in listed) < 1e-5

        def accuracy(vectors: dict[str, Any], items: list[Item] = items) -> float:
            chosen = [int(np.argmax([vectors[p] @ vectors[c] for c in choices])) for p, choices, _ in items]
            return sum(at == right for at, (_, _, right) in zip(chosen, items, strict=True)) / len(items)

        assert accuracy(ours_found) == accuracy(others), task
