"""Whether the answers of a log were generated or picked by their log-likelihood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from weighbridge.evidence import Answering, Evidence
from weighbridge.logs.log import Log, Settings

GENERATED = Answering()

ALWAYS_GENERATE = ("inspect", "promptfoo", "openai_evals", "zeroeval", "alpaca_eval", "mt_bench")
"""Formats of tools that only ever generate."""

LM_EVAL = {"acc_norm": "characters", "acc_bytes": "bytes", "acc_mutual_info": "unconditional"}
"""Metrics of lm-eval that divide log-likelihoods (lm_eval/api/task.py of 0.4); ``acc`` divides by nothing."""


def lm_eval_answering(output: object, metric: str) -> Answering | None:
    """By a task's ``output_type`` and the metric that is the score; None where the log does not say."""
    if output in ("multiple_choice", "loglikelihood"):
        return Answering("loglikelihood", normalise=LM_EVAL.get(metric.partition(",")[0], "none"))
    return GENERATED if output == "generate_until" else None


def helm_answering(method: object) -> Answering | None:
    """By HELM's adapter method."""
    if not isinstance(method, str):
        return None
    if method.startswith("multiple_choice_separate"):
        by = "unconditional" if method.endswith("calibrated") else "none"
        return Answering("loglikelihood", normalise=by)
    return GENERATED if method in ("generation", "multiple_choice_joint", "chat") else None


def with_answering(evidence: Evidence, logs: list[Log], settings: Mapping[str, Settings]) -> Evidence:
    """`evidence` whose columns say how their answers came about, where their logs do."""
    generated = {name for name in settings if all(log.format in ALWAYS_GENERATE for log in logs if log.model == name)}
    columns = []
    for column in evidence.columns:
        said = settings[column.name].answering if column.name in settings else None
        if said is None and column.name in generated and any(log.model == column.name for log in logs):
            said = GENERATED
        columns.append(replace(column, answering=said))
    return replace(evidence, columns=tuple(columns))
