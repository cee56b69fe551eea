"""From HELM's request states and per-instance statistics to rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighbridge.evidence import Status
from weighbridge.logs.helm_json import elements
from weighbridge.logs.log import Row
from weighbridge.tasks.cell import Cell

STATES, STATS = "scenario_state.json", "per_instance_stats.json"

NO_SCORES = {
    *("num_references", "num_train_trials", "num_prompt_tokens", "num_completion_tokens", "num_output_tokens"),
    *("training_co2_cost", "training_energy_cost", "inference_runtime", "inference_denoised_runtime", "batch_size"),
    *("inference_idealized_runtime", "finish_reason_length", "finish_reason_stop", "finish_reason_endoftext"),
    *("finish_reason_unknown", "num_train_instances", "prompt_truncated", "max_prob", "logprob", "num_bytes"),
    *("num_perplexity_tokens", "perplexity", "bits_per_byte", "logprob_per_byte", "predicted_index", "num_instances"),
    *("selective_cov_acc_area", "platt_coef", "platt_intercept"),
}
"""Statistics that say how a run went, not how good an answer is."""

Key = tuple[str, int]
"""Instance and trial of the training examples."""


@dataclass(slots=True)
class Survey:
    """The metrics of a run's eval split, over unperturbed instances."""

    split: str = ""
    values: dict[str, dict[Key, float]] = field(default_factory=dict)
    """By metric, in file order; the mean of the statistic for each instance and trial."""
    tokens: dict[Key, dict[str, float]] = field(default_factory=dict)
    perturbed: int = 0
    other_split: int = 0

    def usable(self) -> list[str]:
        """Metrics that score answers: every value in [0, 1]."""
        return [
            name
            for name, values in self.values.items()
            if name not in NO_SCORES and values and all(0 <= value <= 1 for value in values.values())
        ]


def survey(folder: Path) -> Survey:
    """Reads ``per_instance_stats.json``: the ``test`` split where there is one, else the other one."""
    by_split: dict[str, Survey] = {}
    perturbed = 0
    for entry in elements(folder / STATS):
        if entry.get("perturbation"):
            perturbed += 1
            continue
        key = (str(entry.get("instance_id")), _whole(entry.get("train_trial_index")))
        for stat in _listed(entry.get("stats")):
            name = _mapping(_mapping(stat).get("name"))
            mean = _number(stat.get("mean")) if isinstance(stat, dict) else None
            if mean is None or name.get("perturbation") or not isinstance(name.get("name"), str):
                continue
            found = by_split.setdefault(str(name.get("split") or ""), Survey())
            found.values.setdefault(name["name"], {})[key] = mean
            if name["name"] in ("num_prompt_tokens", "num_output_tokens"):
                found.tokens.setdefault(key, {})[name["name"]] = mean
    split = "test" if "test" in by_split else max(by_split, key=lambda each: len(by_split[each].tokens), default="")
    chosen = by_split.get(split, Survey())
    chosen.split, chosen.perturbed = split, perturbed
    chosen.other_split = sum(len(found.tokens) for name, found in by_split.items() if name != split)
    return chosen


def rows(folder: Path, task: str, metric: str | None) -> Iterator[Row]:
    """One row per instance of the eval split and trial, in HELM's order; items are called ``task:instance``."""
    found = survey(folder)
    scores = found.values.get(metric or "", {})
    waiting: list[dict[str, Any]] = []
    for state in elements(folder / STATES, "request_states"):
        instance = _mapping(state.get("instance"))
        if instance.get("perturbation") or (found.split and instance.get("split", found.split) != found.split):
            continue
        if waiting and _key(waiting[0]) != _key(state):
            yield _row(waiting, task, scores, found)
            waiting = []
        waiting.append(state)
    if waiting:
        yield _row(waiting, task, scores, found)


def _key(state: dict[str, Any]) -> Key:
    return str(_mapping(state.get("instance")).get("id")), _whole(state.get("train_trial_index"))


def _row(states: list[dict[str, Any]], task: str, scores: dict[Key, float], found: Survey) -> Row:
    """The requests for one instance in one trial: one, or one per option where options were asked separately."""
    key = _key(states[0])
    state = states[0] if len(states) == 1 else _likeliest(states)
    instance, result = _mapping(state.get("instance")), _mapping(state.get("result"))
    completion = _mapping(next(iter(_listed(result.get("completions"))), None))
    texts = [_mapping(_mapping(each).get("output")).get("text") for each in _listed(instance.get("references"))]
    index = state.get("reference_index")
    answer = _text(completion.get("text"))
    extracted = _text(_mapping(state.get("output_mapping")).get((answer or "").strip()))
    if isinstance(index, int) and 0 <= index < len(texts):
        answer = extracted = _text(texts[index])
    score = scores.get(key)
    if score is not None and not 0 <= score <= 1:
        score = None
    failed = result.get("success") is False
    tokens = found.tokens.get(key, {})
    return Row(
        item_id=f"{task}:{key[0]}",
        score=0.0 if failed and score is None else score,
        status=Status.FAILED if failed else _status(completion, answer, score),
        repeat=key[1],
        question=_text(_mapping(instance.get("input")).get("text")),
        prompt=_text(_mapping(state.get("request")).get("prompt")),
        reference=next((_text(text) for text, right in zip(texts, _right(instance), strict=True) if right), None),
        answer=answer,
        extracted=extracted,
        latency=_positive(result.get("request_time")),
        tokens_in=_count(tokens.get("num_prompt_tokens")),
        tokens_out=_count(tokens.get("num_output_tokens")),
        meta={"sub_split": str(instance["sub_split"])} if instance.get("sub_split") else {},
        error=_text(result.get("error")),
    )


def _likeliest(states: list[dict[str, Any]]) -> dict[str, Any]:
    """The request whose option got the highest log-probability; calibration requests left out."""
    asked = [state for state in states if state.get("request_mode") != "calibration"] or states

    def logprob(state: dict[str, Any]) -> float:
        completions = _listed(_mapping(state.get("result")).get("completions"))
        found = _number(_mapping(next(iter(completions), None)).get("logprob"))
        return -math.inf if found is None else found

    return max(asked, key=logprob)


def _right(instance: dict[str, Any]) -> list[bool]:
    return ["correct" in _listed(_mapping(each).get("tags")) for each in _listed(instance.get("references"))]


def _status(completion: dict[str, Any], answer: str | None, score: float | None) -> Status:
    reason = str(_mapping(completion.get("finish_reason")).get("reason"))
    if score != 0:
        return Status.OK
    if "filter" in reason or "safety" in reason.lower():
        return Status.REFUSED
    if reason == "length":
        return Status.TRUNCATED
    return Status.OK if (answer or "").strip() else Status.UNPARSABLE


def _mapping(value: Cell) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Cell) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Cell) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Cell) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def _number(value: Cell) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def _positive(value: Cell) -> float | None:
    found = _number(value)
    return found if found is not None and found > 0 else None


def _count(value: float | None) -> int | None:
    """A number of tokens; HELM writes 0 where the client reports none."""
    return int(value) if value else None
