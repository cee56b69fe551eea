"""Writes scores in the Hugging Face Hub's ``.eval_results`` form: one YAML file for each model's repository.

https://huggingface.co/docs/hub/eval-results
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from weighbridge.evidence import Evidence
from weighbridge.logs.rows_out import utf8
from weighbridge.logs.whole_file import write_whole

HEADER = """\
# For the Hub: put this into the model's repository as .eval_results/{name}.yaml.
# dataset.id must be a dataset on the Hub that declares this benchmark; {id!r} is only what the task is called here.
"""


def write_hf_results(evidence: Evidence, folder: Path, title: str, when: datetime | None = None) -> None:
    """Writes ``folder/MODEL/.eval_results/TASK.yaml`` for every model with a score.

    `value` is the mean score on 0 to 1 over the items asked. `title` names the task; `when` is now where None.
    Simulated models get no file: nobody measured them.
    """
    import yaml

    moment = (when or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
    task = slug(title)
    used: set[str] = set()
    for k, column in enumerate(evidence.columns):
        scores = evidence.score[k][evidence.asked[k]]
        if column.simulated or not scores.size:
            continue
        statuses = {name: count for name, count in evidence.statuses(k).items() if count and name != "ok"}
        failures = "".join(f", {count:,} {name}" for name, count in statuses.items())
        entry = {
            "dataset": {"id": title, "task_id": task},
            "value": round(float(scores.mean()), 6),
            "date": moment,
            "notes": f"mean score of {scores.size:,} items on 0 to 1{failures}; measured with Weighbridge",
        }
        name = slug(column.name)
        name = name if name not in used else f"{name}-{k}"
        used.add(name)
        place = folder / name / ".eval_results"
        place.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump([_clean(entry)], sort_keys=False, allow_unicode=True)
        write_whole(place / f"{task}.yaml", HEADER.format(name=task, id=utf8(title)) + text)


def slug(name: str) -> str:
    """`name` as one part of a path, of letters, digits, dots, dashes and underscores."""
    return re.sub(r"[^\w.-]+", "-", utf8(name), flags=re.ASCII).strip("-.")[:100] or "unnamed"


def _clean(value: object) -> object:
    if isinstance(value, dict):
        return {key: _clean(each) for key, each in value.items()}
    return utf8(value) if isinstance(value, str) else value
