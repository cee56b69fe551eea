"""One instance-level record of Every Eval Ever as a row, its score on 0 to 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from weighbridge.evidence import Status
from weighbridge.logs.log import Row

STATUS = "weighbridge_status"
"""Key in a record's metadata under which our own export keeps the status."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of a metric, and which of them is the good one."""

    low: float = 0.0
    high: float = 1.0
    turned: bool = False
    """Whether less is better."""

    @classmethod
    def of(cls, config: dict[str, Any]) -> Scale:
        """From ``metric_config``; 0 to 1 where it says nothing that can be used."""
        low, high = config.get("min_score"), config.get("max_score")
        ends = (0.0, 1.0)
        if isinstance(low, int | float) and isinstance(high, int | float) and low < high < float("inf"):
            ends = (float(low), float(high))
        return cls(*ends, turned=config.get("lower_is_better") is True)

    @property
    def note(self) -> str | None:
        """What was done to the scores, where anything was."""
        if self == Scale():
            return None
        turned = ", less being better" if self.turned else ""
        return f"scores from {self.low:g} to {self.high:g}{turned} were put on 0 to 1."

    def placed(self, score: float) -> float | None:
        """`score` on 0 to 1 where 1 is good; None where it lies outside the ends."""
        share = (score - self.low) / (self.high - self.low)
        if not 0 <= share <= 1:
            return None
        return 1 - share if self.turned else share


class Asked(msgspec.Struct, frozen=True):
    raw: str = ""
    formatted: str | None = None
    reference: list[str] | str | None = None


class Turn(msgspec.Struct, frozen=True):
    role: str = ""
    content: str | None = None


class Evaluated(msgspec.Struct, frozen=True):
    score: float
    is_correct: bool | None = None


class Instance(msgspec.Struct, frozen=True):
    """One record, as far as it is read."""

    evaluation_id: str
    model_id: str
    evaluation_name: str
    sample_id: str
    evaluation: Evaluated
    evaluation_result_id: str | None = None
    input: Asked = Asked()
    output: dict[str, Any] | None = None
    messages: list[Turn] | None = None
    answer_attribution: list[dict[str, Any]] = []
    token_usage: dict[str, Any] | None = None
    performance: dict[str, Any] | None = None
    error: str | None = None
    metadata: dict[str, str] | None = None


def row_of(found: Instance, repeat: int, scale: Scale) -> Row:
    """The row of a record. A score outside the metric's ends falls back on ``is_correct``."""
    meta = dict(found.metadata or {})
    said = meta.pop(STATUS, None)
    answer = _answer(found)
    score = scale.placed(found.evaluation.score)
    if score is None and found.evaluation.is_correct is not None:
        score = float(found.evaluation.is_correct)
    status = Status.OK
    if said in tuple(Status):
        status = Status(said)
    elif found.error and not answer:
        status, score = Status.FAILED, 0.0
    usage, performance = found.token_usage or {}, found.performance or {}
    latency = _number(performance.get("latency_ms"))
    reference = found.input.reference
    return Row(
        item_id=found.sample_id,
        repeat=repeat,
        score=score,
        status=status,
        question=found.input.raw or None,
        prompt=found.input.formatted,
        reference=reference if isinstance(reference, str) else " | ".join(reference or []) or None,
        answer=answer,
        extracted=_extracted(found),
        cost=_number(meta.pop("cost", None)),
        latency=None if latency is None else latency / 1000,
        tokens_in=_whole(usage.get("input_tokens")),
        tokens_out=_whole(usage.get("output_tokens")),
        cluster=meta.pop("cluster", None),
        meta=meta,
        error=found.error,
    )


def _answer(found: Instance) -> str | None:
    if found.messages:
        return next((turn.content for turn in reversed(found.messages) if turn.role == "assistant"), None)
    raw = (found.output or {}).get("raw")
    if isinstance(raw, list):
        return str(raw[0]) if raw else None
    return raw if isinstance(raw, str) else None


def _extracted(found: Instance) -> str | None:
    values = [one.get("extracted_value") for one in found.answer_attribution if one.get("is_terminal", True)]
    return next((value for value in reversed(values) if isinstance(value, str)), None)


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < float("inf") else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
