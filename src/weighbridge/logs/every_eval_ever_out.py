"""Writes evidence as Every Eval Ever 0.2.2: per model an aggregate file and its instances, valid by both schemas."""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import weighbridge
from weighbridge.evidence import STATUS_CODES, Evidence, Status
from weighbridge.logs.every_eval_ever_rows import STATUS
from weighbridge.logs.rows_out import utf8
from weighbridge.logs.whole_file import write_whole

SCHEMA = "0.2.2"


def write_every_eval_ever(evidence: Evidence, folder: Path, title: str, when: float | None = None) -> None:
    """Writes ``folder/developer/model/ID.json`` and ``ID_samples.jsonl`` for every model of `evidence`.

    `title` names the evaluation; `when` is seconds since 1970, now where None. A cell that was not asked has no
    record. ``is_correct`` is a full score. What the schema has no place for (status, cost, cluster) is metadata.
    """
    moment = str(time.time() if when is None else when)
    for k, column in enumerate(evidence.columns):
        developer, _, short = column.name.rpartition("/")
        place = folder / (_file_name(developer) or "unknown") / _file_name(short)
        place.mkdir(parents=True, exist_ok=True)
        run = f"{title}/{column.name}/{moment}"
        stem = str(uuid.uuid5(uuid.NAMESPACE_URL, utf8(run)))
        records = [_record(evidence, k, n, run, title) for n in np.nonzero(evidence.asked[k])[0].tolist()]
        content = b"".join(msgspec.json.encode(_clean(record)) + b"\n" for record in records)
        write_whole(place / f"{stem}_samples.jsonl", content)
        whole = _aggregate(evidence, k, run, title, moment)
        whole["detailed_evaluation_results"] = {
            "format": "jsonl",
            "file_path": f"{stem}_samples.jsonl",
            "hash_algorithm": "sha256",
            "checksum": hashlib.sha256(content).hexdigest(),
            "total_rows": len(records),
        }
        encoded = msgspec.json.format(msgspec.json.encode(_clean(whole)), indent=2)
        write_whole(place / f"{stem}.json", encoded + b"\n")


def _aggregate(evidence: Evidence, k: int, run: str, title: str, moment: str) -> dict[str, Any]:
    column = evidence.columns[k]
    scores = evidence.score[k][evidence.asked[k]]
    details: dict[str, Any] = {
        "score": float(scores.mean()) if scores.size else 0.0,
        "details": {
            "items": str(scores.size),
            "repeats": str(int(evidence.repeats[k])),
            **{f"status_{name}": str(count) for name, count in evidence.statuses(k).items() if count},
        },
    }
    if scores.size > 1:
        spread = float(scores.std(ddof=1))
        details["uncertainty"] = {"standard_deviation": spread, "num_samples": int(scores.size)}
        if evidence.cluster is None:
            # The analytic error holds for items that stand alone.
            error = {"value": spread / scores.size**0.5, "method": "analytic"}
            details["uncertainty"]["standard_error"] = error
    return {
        "schema_version": SCHEMA,
        "evaluation_id": run,
        "retrieved_timestamp": moment,
        "source_metadata": {
            "source_name": "Weighbridge",
            "source_type": "evaluation_run",
            "source_organization_name": "unknown",
            "evaluator_relationship": "third_party",
        },
        "eval_library": {"name": "weighbridge", "version": weighbridge.__version__},
        "model_info": {
            "name": column.name,
            "id": column.name,
            "additional_details": {
                "side": column.side,
                "spec": column.spec,
                "simulated": "true" if column.simulated else "false",
            },
        },
        "evaluation_results": [
            {
                "evaluation_result_id": f"{title}#score",
                "evaluation_name": title,
                "source_data": {"dataset_name": title, "source_type": "other"},
                "metric_config": {
                    "metric_id": "score",
                    "metric_unit": "proportion",
                    "lower_is_better": False,
                    "score_type": "continuous",
                    "min_score": 0.0,
                    "max_score": 1.0,
                },
                "score_details": details,
            }
        ],
    }


def _record(evidence: Evidence, k: int, n: int, run: str, title: str) -> dict[str, Any]:
    question = evidence.questions[n] if evidence.questions else ""
    reference = [evidence.references[n]] if evidence.references and evidence.references[n] else []
    answer = evidence.answers[k][n] if evidence.answers else None
    extracted = evidence.extracted[k][n] if evidence.extracted else None
    status = STATUS_CODES[int(evidence.status[k, n])]
    score = float(evidence.score[k, n])
    told = [_known(table[k, n]) for table in (evidence.tokens_in, evidence.tokens_out)]
    tokens = [round(value) for value in told if value is not None]
    latency, first = _known(evidence.latency[k, n]), _known(evidence.first_token[k, n])
    cost = _known(evidence.cost[k, n])
    metadata = {name: values[n] for name, values in evidence.meta.items() if values[n]}
    metadata |= {} if status == Status.OK else {STATUS: status.value}
    metadata |= {} if cost is None else {"cost": repr(cost)}
    metadata |= {} if evidence.cluster is None else {"cluster": str(int(evidence.cluster[n]))}
    hashed = json.dumps(
        {"raw": utf8(question), "reference": [utf8(one) for one in reference]}, sort_keys=True
    ).encode()
    return {
        "schema_version": SCHEMA,
        "evaluation_id": run,
        "model_id": evidence.columns[k].name,
        "evaluation_name": title,
        "evaluation_result_id": f"{title}#score",
        "sample_id": evidence.items[n],
        "sample_hash": hashlib.sha256(hashed).hexdigest(),
        "interaction_type": "single_turn",
        "input": {"raw": question, "reference": reference},
        "output": {"raw": [] if answer is None else [answer]},
        "messages": None,
        "answer_attribution": []
        if extracted is None
        else [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": extracted,
                "extraction_method": "custom",
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": score, "is_correct": score >= 1},
        "token_usage": None
        if len(tokens) < 2
        else {"input_tokens": tokens[0], "output_tokens": tokens[1], "total_tokens": sum(tokens)},
        "performance": None
        if latency is None
        else {"latency_ms": 1000 * latency, "time_to_first_token_ms": None if first is None else 1000 * first},
        "error": None if status != Status.FAILED else "no answer came",
        "metadata": metadata or None,
    }


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _file_name(name: str) -> str:
    """`name` as one part of a path: never a way out of the folder."""
    return re.sub(r"[^\w.@+ -]", "_", utf8(name)).strip(". ")[:120] or ("" if not name else "_")


def _clean(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    """`value` with half surrogate pairs replaced, which UTF-8 has no form for."""
    if isinstance(value, str):
        return utf8(value)
    if isinstance(value, dict):
        return {utf8(key): _clean(each) for key, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value
