"""Evidence as lm-evaluation-harness files: a folder per candidate with `results_*.json` and `samples_*.jsonl`."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from weighbridge.evidence import NOT_ASKED, STATUS_CODES, Evidence
from weighbridge.logs.whole_file import through_part, write_whole

TASK = "weighbridge"
METRIC, FILTER = "acc", "none"
STAMP = "2000-01-01T00-00-00.000000"
"""lm-eval's names hold a time; the same evidence must give the same files, so that it is always this one."""


def write_lm_eval(evidence: Evidence, path: Path) -> None:
    """Writes one folder per candidate into `path`, in the layout of ``lm_eval run --log_samples``.

    Each item that was asked is a line of `samples_weighbridge_*.jsonl`: `doc` holds the item's id, question,
    reference and metadata; `resps` the answer, `filtered_resps` what was read out of it, `acc` the score (a mean over
    repeats where there were any). `results_*.json` holds the mean and its standard error as lm-eval reckons them.
    Status, cost, latency and tokens stand in `weighbridge` beside lm-eval's own keys.
    """
    folders = _folders([column.name for column in evidence.columns])
    for row, name in enumerate(folders):
        folder = path / name
        folder.mkdir(parents=True, exist_ok=True)
        hashed = hashlib.sha256()
        write = partial(_write_lines, evidence, row, hashed)
        through_part(folder / f"samples_{TASK}_{STAMP}.jsonl", write)
        tree = _results(evidence, row, hashed.hexdigest())
        write_whole(folder / f"results_{STAMP}.json", json.dumps(tree, indent=2, ensure_ascii=False))


def _folders(names: list[str]) -> list[str]:
    """A folder name for each candidate, as lm-eval makes them, no two alike and none hidden."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[\"<>:/\|\\?\*\[\]\x00-\x1f]+", "__", name).strip(". ")[:120].lstrip("_.") or "model"
        number = 2
        unique = plain
        while unique.casefold() in {other.casefold() for other in found}:
            unique, number = f"{plain}_{number}", number + 1
        found.append(unique)
    return found


def _write_lines(evidence: Evidence, row: int, hashed: Any, part: Path) -> None:  # noqa: ANN401 - hashlib's object
    with part.open("wb") as stream:
        for sample in _samples(evidence, row):
            hashed.update((sample["doc_hash"] + sample["prompt_hash"] + sample["target_hash"]).encode())
            stream.write(json.dumps(sample, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def _asked(evidence: Evidence, row: int) -> list[int]:
    """Items of the candidate in data-set order."""
    return [int(item) for item in np.flatnonzero(evidence.status[row] != NOT_ASKED)]


def _samples(evidence: Evidence, row: int) -> Iterator[dict[str, Any]]:
    statuses = [status.value for status in STATUS_CODES]
    for item in _asked(evidence, row):
        question = evidence.questions[item] if evidence.questions is not None else ""
        reference = evidence.references[item] if evidence.references is not None else ""
        doc = {"id": evidence.items[item], "question": question, "answer": reference}
        doc |= {name: values[item] for name, values in evidence.meta.items() if name not in doc}
        answer = evidence.answers[row][item] if evidence.answers is not None else None
        extracted = evidence.extracted[row][item] if evidence.extracted is not None else None
        text = json.dumps(doc, indent=2, ensure_ascii=False)
        yield {
            "doc_id": item,
            "doc": doc,
            "target": reference,
            "arguments": {"gen_args_0": {"arg_0": question, "arg_1": {}}},
            "resps": [[answer or ""]],
            "filtered_resps": [extracted if extracted is not None else answer or ""],
            "filter": FILTER,
            "metrics": [METRIC],
            "doc_hash": _sha(text),
            "prompt_hash": _sha(question),
            "target_hash": _sha(reference),
            METRIC: float(evidence.score[row, item]),
            "weighbridge": {
                "status": statuses[int(evidence.status[row, item])],
                "cost": _known(evidence.cost[row, item]),
                "latency": _known(evidence.latency[row, item]),
                "tokens_in": _known(evidence.tokens_in[row, item]),
                "tokens_out": _known(evidence.tokens_out[row, item]),
            },
        }


def _results(evidence: Evidence, row: int, task_hash: str) -> dict[str, Any]:
    from weighbridge import __version__

    asked = _asked(evidence, row)
    scores = [float(evidence.score[row, item]) for item in asked]
    name = evidence.columns[row].name
    figures: dict[str, Any] = {"alias": TASK, "sample_len": len(scores)}
    if scores:
        mean = sum(scores) / len(scores)
        figures[f"{METRIC},{FILTER}"] = mean
        spread = sum((score - mean) ** 2 for score in scores)
        error = math.sqrt(spread / (len(scores) - 1)) / math.sqrt(len(scores)) if len(scores) > 1 else "N/A"
        figures[f"{METRIC}_stderr,{FILTER}"] = error
    return {
        "results": {TASK: figures},
        "group_subtasks": {TASK: []},
        "configs": {
            TASK: {
                "task": TASK,
                "doc_to_text": "{{question}}",
                "doc_to_target": "{{answer}}",
                "output_type": "generate_until",
                "metric_list": [{"metric": METRIC, "aggregation": "mean", "higher_is_better": True}],
                "num_fewshot": 0,
                "repeats": int(evidence.repeats[row]),
            }
        },
        "versions": {TASK: 1.0},
        "n-shot": {TASK: 0},
        "higher_is_better": {TASK: {METRIC: True}},
        "n-samples": {TASK: {"original": len(evidence.items), "effective": len(scores)}},
        "config": {"model": "weighbridge", "model_args": {"model": name}},
        "weighbridge_version": __version__,
        "task_hashes": {TASK: task_hash},
        "model_source": "weighbridge",
        "model_name": name,
        "model_name_sanitized": _folders([name])[0],
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
