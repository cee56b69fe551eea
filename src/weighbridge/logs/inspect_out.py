"""Writes evidence as Inspect logs, one ``.eval`` per model, to be opened by Inspect's viewer and its functions."""

from __future__ import annotations

import hashlib
import math
import re
import zipfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import weighbridge
from weighbridge.evidence import STATUS_CODES, Evidence, Status
from weighbridge.logs.rows_out import utf8
from weighbridge.logs.whole_file import through_part

SCORER = "weighbridge"
"""Name under which the scores stand in the log."""

_STOP = {Status.REFUSED: "content_filter", Status.TRUNCATED: "max_tokens"}
_LONGEST = 1_000


def write_inspect(evidence: Evidence, folder: Path, title: str = "weighbridge", when: float | None = None) -> None:
    """Writes ``folder/TITLE_MODEL.eval`` for every model of `evidence`, in the format of Inspect 0.3 (version 2).

    A cell that was not asked has no sample. The score of a sample is the mean over repeats; a failed answer carries
    an error and its score, so that Inspect's mean is ours. `title` names the task; `when` is seconds since 1970, now
    where None. Entries are packed with deflate, which every version of Inspect reads.
    """
    created = datetime.fromtimestamp(when, UTC) if when is not None else datetime.now(UTC)
    taken: set[str] = set()
    for k, column in enumerate(evidence.columns):
        stem = re.sub(r"[^\w.-]+", "-", f"{title}_{utf8(column.name)}")[:150]
        while stem.lower() in taken:
            stem += "-"
        taken.add(stem.lower())
        through_part(folder / f"{stem}.eval", partial(_write, evidence, k, title, created))


def _write(evidence: Evidence, k: int, title: str, created: datetime, path: Path) -> None:
    model = utf8(evidence.columns[k].name)
    asked = np.flatnonzero(evidence.asked[k]).tolist()
    header = _header(evidence, k, title, created.isoformat(timespec="seconds"), asked)
    summaries: list[dict[str, Any]] = []
    reduced: list[dict[str, Any]] = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        start = {name: header[name] for name in ("version", "eval", "plan")}
        archive.writestr("_journal/start.json", msgspec.json.encode(start))
        for n in asked:
            sample = _sample(evidence, k, n, model)
            archive.writestr(f"samples/{_entry(sample['id'])}_epoch_1.json", msgspec.json.encode(sample))
            summaries.append(_summary(sample))
            reduced.append({**sample["scores"][SCORER], "sample_id": sample["id"]})
        archive.writestr("summaries.json", msgspec.json.encode(summaries))
        archive.writestr("reductions.json", msgspec.json.encode([{"scorer": SCORER, "samples": reduced}]))
        archive.writestr("header.json", msgspec.json.encode(header))


def _header(evidence: Evidence, k: int, title: str, created: str, asked: list[int]) -> dict[str, Any]:
    column = evidence.columns[k]
    model, task = utf8(column.name), utf8(title)
    scores = evidence.score[k][asked]
    metrics: dict[str, Any] = {"mean": _metric("mean", float(scores.mean()) if scores.size else 0.0)}
    if scores.size > 1 and evidence.cluster is None:
        metrics["stderr"] = _metric("stderr", float(scores.std(ddof=1)) / math.sqrt(scores.size))
    sample_ids = [utf8(evidence.items[n]) for n in asked]
    # Inspect tells runs apart by these; the same evidence gives the same log.
    run = hashlib.blake2b(f"{task}\n{model}\n{created}".encode(), digest_size=11).hexdigest()
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "eval_id": run,
            "run_id": run,
            "created": created,
            "task": task,
            "task_id": run,
            "task_version": 0,
            "dataset": {"name": task, "samples": len(asked), "sample_ids": sample_ids, "shuffled": False},
            "model": model,
            "model_generate_config": {},
            "config": {"epochs": 1},
            "packages": {},
            "metadata": {
                "written_by": f"weighbridge {weighbridge.__version__}",
                "side": column.side,
                "spec": utf8(column.spec),
                "simulated": column.simulated,
                "repeats": int(evidence.repeats[k]),
            },
            "scorers": [{"name": SCORER, "options": {}, "metrics": _specs(evidence), "metadata": {}}],
        },
        "plan": {"name": "plan", "steps": [], "config": {}},
        "results": {
            "total_samples": len(asked),
            "completed_samples": len(asked),
            "scores": [
                {
                    "name": SCORER,
                    "scorer": SCORER,
                    "scored_samples": len(asked),
                    "unscored_samples": 0,
                    "params": {},
                    "metrics": metrics,
                }
            ],
        },
        "stats": {"started_at": created, "completed_at": created, "model_usage": {}},
    }


def _specs(evidence: Evidence) -> list[dict[str, Any]]:
    options = {} if evidence.cluster is None else {"cluster": "cluster"}
    return [{"name": "inspect_ai/mean", "options": {}}, {"name": "inspect_ai/stderr", "options": options}]


def _metric(name: str, value: float) -> dict[str, Any]:
    return {"name": name, "value": value, "params": {}}


def _sample(evidence: Evidence, k: int, n: int, model: str) -> dict[str, Any]:
    status = STATUS_CODES[int(evidence.status[k, n])]
    score = float(evidence.score[k, n])
    question = utf8(evidence.questions[n]) if evidence.questions else ""
    answer = evidence.answers[k][n] if evidence.answers else None
    extracted = evidence.extracted[k][n] if evidence.extracted else None
    text = utf8(answer or "")
    seconds = _known(evidence.latency[k, n])
    usage, metadata = _usage(evidence, k, n), {utf8(name): utf8(values[n]) for name, values in evidence.meta.items()}
    if evidence.cluster is not None:
        metadata["cluster"] = str(int(evidence.cluster[n]))
    scored: dict[str, Any] = {"value": "N" if status == Status.UNPARSABLE and not score else score}
    if extracted is not None:
        scored["answer"] = utf8(extracted)
    if status != Status.OK:
        scored["explanation"] = f"status: {status.value}"
    reply = {"role": "assistant", "content": text, "source": "generate", "model": model}
    choice = {"message": reply, "stop_reason": _STOP.get(status, "stop")}
    output: dict[str, Any] = {
        "model": model,
        "choices": [choice] if answer is not None or status in _STOP else [],
        "completion": text,
    }
    output |= {} if usage is None else {"usage": usage}
    output |= {} if seconds is None else {"time": seconds}
    sample: dict[str, Any] = {
        "id": utf8(evidence.items[n]),
        "epoch": 1,
        "input": question,
        "target": utf8(evidence.references[n]) if evidence.references else "",
        "messages": [
            {"role": "user", "content": question, "source": "input"},
            *([reply] if answer is not None else []),
        ],
        "output": output,
        "scores": {SCORER: scored},
        "metadata": metadata,
        "store": {},
        "events": [],
        "model_usage": {} if usage is None else {model: usage},
        "attachments": {},
    }
    if seconds is not None:
        sample |= {"total_time": seconds, "working_time": seconds}
    if status == Status.FAILED:
        fault = {"message": "no answer came (failed)", "traceback": "", "traceback_ansi": ""}
        sample["error"] = fault
    return sample


def _summary(sample: dict[str, Any]) -> dict[str, Any]:
    names = ("id", "epoch", "input", "target", "metadata", "scores", "model_usage", "total_time", "working_time")
    summary = {name: sample[name] for name in names if name in sample}
    summary |= {"completed": True, "message_count": len(sample["messages"])}
    return summary | ({"error": sample["error"]["message"]} if "error" in sample else {})


def _usage(evidence: Evidence, k: int, n: int) -> dict[str, Any] | None:
    """Tokens and cost of a cell; None where nothing is known, for Inspect takes what is absent as 0."""
    read, written, cost = (_known(t[k, n]) for t in (evidence.tokens_in, evidence.tokens_out, evidence.cost))
    if read is None and written is None and cost is None:
        return None
    tokens = [0 if value is None else round(value) for value in (read, written)]
    usage: dict[str, Any] = {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)}
    return usage | ({} if cost is None else {"total_cost": cost})


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _entry(sample_id: str) -> str:
    """An id as part of an entry's name, as Inspect writes it; NUL would cut the name short."""
    name = sample_id.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if len(name) <= _LONGEST and name == sample_id:
        return name
    return f"{name[:_LONGEST]}-{hashlib.blake2b(sample_id.encode(), digest_size=8).hexdigest()}"
