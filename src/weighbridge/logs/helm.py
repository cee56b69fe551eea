"""HELM run folders: `run_spec.json`, `scenario_state.json`, `per_instance_stats.json`, as ``helm-run`` writes them.

HELM has been in maintenance since June 2026, so that its format is not expected to change.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.logs.answering import helm_answering
from weighbridge.logs.helm_json import document, elements
from weighbridge.logs.helm_rows import NO_SCORES, STATES, STATS, Survey, rows, survey
from weighbridge.logs.json_records import first_record
from weighbridge.logs.log import Log, Reader, Settings
from weighbridge.tasks.cell import Cell

FORMAT = "helm"
SPEC = "run_spec.json"
_SPEC_KEYS = {"name", "scenario_spec", "adapter_spec", "metric_specs"}

PREFERRED = (
    *("execution_accuracy", "program_accuracy", "math_equiv_chain_of_thought", "math_equiv", "accuracy"),
    *("chain_of_thought_correctness", "final_number_exact_match", "ifeval_strict_accuracy", "exact_match_indicator"),
    *("exact_match", "quasi_exact_match", "quasi_prefix_exact_match", "prefix_exact_match", "f1_score", "rouge_l"),
)
"""Which metric is the score where several are there: those of single scenarios before those of all."""


def recognise(path: Path) -> bool:
    """A run folder with its `run_spec.json`; the folder of a suite is read run by run."""
    return path.is_dir() and _is_spec(path / SPEC)


def read(path: Path) -> list[Log]:
    """The log of one run folder. See `read_helm`."""
    return read_helm(path)


def read_helm(path: str | Path, metric: str | None = None) -> list[Log]:
    """The log of a run folder, or the logs of the run folders directly in a suite's folder.

    metric
        Which statistic is the score, for example ``quasi_exact_match``. None takes the first of `PREFERRED` that is
        there, else the first whose values lie in [0, 1].

    Only the eval split and unperturbed instances are read; trials of other training examples are repeats.
    UsageError: a file that is missing or cannot be read, a metric that is not there.
    """
    place = Path(path)
    if place.is_file():
        place = place.parent
    folders = (
        [place] if _is_spec(place / SPEC) else [each for each in sorted(place.iterdir()) if _is_spec(each / SPEC)]
    )
    if not folders:
        raise UsageError("there is no HELM run here", where=str(place), fix=f"name a folder that holds a {SPEC}")
    return [_log(folder, metric) for folder in folders]


def _is_spec(path: Path) -> bool:
    return path.is_file() and set(first_record(path) or ()) >= _SPEC_KEYS


def _log(folder: Path, metric: str | None) -> Log:
    for name in (STATES, STATS):
        if not (folder / name).is_file():
            raise UsageError(
                f"the run has no {name}", where=str(folder), fix="take the whole folder that helm-run wrote"
            )
    spec = document(folder / SPEC)
    adapter: dict[str, Any] = spec["adapter_spec"] if isinstance(spec.get("adapter_spec"), dict) else {}
    found = survey(folder)
    chosen = _chosen(found, metric, folder)
    task = task_name(str(spec.get("name")))
    return Log(
        path=folder,
        format=FORMAT,
        model=str(adapter.get("model") or adapter.get("model_deployment") or folder.resolve().name),
        rows=partial(rows, folder, task, chosen),
        settings=_settings(spec, adapter, task, chosen),
        reported=_reported(folder, found.split),
        notes=tuple(_notes(found, chosen)),
    )


def task_name(run: str) -> str:
    """The run's name without the model: ``mmlu:subject=law,model=openai_gpt2`` is the task ``mmlu:subject=law``."""
    name, _, arguments = run.partition(":")
    kept = [each for each in arguments.split(",") if each and not each.startswith(("model=", "model_deployment="))]
    return f"{name}:{','.join(kept)}" if kept else name


def _chosen(found: Survey, metric: str | None, folder: Path) -> str | None:
    usable = found.usable()
    if metric is not None:
        if metric not in usable:
            raise UsageError(f"there is no metric {metric!r}", where=str(folder), fix=nearest(metric, usable))
        return metric
    return next((name for name in PREFERRED if name in usable), usable[0] if usable else None)


def _notes(found: Survey, chosen: str | None) -> list[str]:
    if chosen is None:
        return ["no statistic of this run is a score between 0 and 1, so that the answers count as not scored."]
    notes = []
    others = [name for name in found.usable() if name != chosen]
    if others:
        notes.append(f"the score is {chosen}; the log also has {', '.join(others)}.")
    if found.perturbed:
        notes.append(f"{found.perturbed:,} answers to perturbed instances were left out.")
    if found.other_split:
        notes.append(f"{found.other_split:,} answers outside the split {found.split!r} were left out.")
    return notes


def _settings(spec: dict[str, Any], adapter: dict[str, Any], task: str, metric: str | None) -> Settings:
    template = {name: value for name, value in adapter.items() if _is_prompt(name, value)}
    names = {"max_tokens": "max_tokens", "temperature": "temperature", "stop_sequences": "stop", "random": "seed"}
    decoding = {names[key]: adapter[key] for key in names if adapter.get(key) is not None}
    shots = adapter.get("max_train_instances")
    return Settings(
        task=task,
        model=_text(adapter.get("model")),
        prompt_template=msgspec.json.encode(template, order="sorted").decode() if template else None,
        shots=shots if isinstance(shots, int) else None,
        decoding=decoding,
        scorer=msgspec.json.encode(spec.get("metric_specs")).decode() if spec.get("metric_specs") else None,
        metric=metric,
        tool="HELM",
        revision=_text(adapter.get("model_deployment")),
        answering=helm_answering(adapter.get("method")),
    )


def _is_prompt(name: str, value: Cell) -> bool:
    return name == "method" or (name.endswith(("_prefix", "_suffix", "instructions")) and bool(value))


def _text(value: Cell) -> str | None:
    return value if isinstance(value, str) and value else None


def _reported(folder: Path, split: str) -> dict[str, float]:
    """Means of `stats.json` over the eval split; empty where the file is not there."""
    if not (folder / "stats.json").is_file():
        return {}
    figures: dict[str, float] = {}
    for stat in elements(folder / "stats.json"):
        name = stat.get("name")
        mean = stat.get("mean")
        if not isinstance(name, dict) or name.get("perturbation") or str(name.get("split") or "") != split:
            continue
        if isinstance(mean, int | float) and not isinstance(mean, bool) and name.get("name") not in NO_SCORES:
            figures[str(name.get("name"))] = float(mean)
    return figures


READER = Reader(
    name=FORMAT,
    title="HELM",
    looks_for="a run folder with run_spec.json, scenario_state.json and per_instance_stats.json",
    recognise=recognise,
    read=read,
)
