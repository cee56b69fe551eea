"""What one Inspect sample says: its score as a number, its status, its prompt and its bill."""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import dataclass
from typing import Any

import msgspec

from weighbridge.evidence import Status
from weighbridge.logs.inspect_shapes import Message, Sample, Score, Usage
from weighbridge.logs.log import Row

_ATTACHMENT = "attachment://"
_LETTERS = {"C": 1.0, "I": 0.0, "P": 0.5, "N": 0.0}
_WORDS = {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?")
_SHORT = 200
"""Characters of a metadata value that is kept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which score of a sample counts, and whose usage."""

    name: str
    """As Inspect reports it: a name in the sample's `scores`, or one in a value of `scorer` that is an object."""
    scorer: str
    model: str
    cluster: str | None = None
    """Metadata field that says which samples belong together."""


def number(value: Any) -> float | None:  # noqa: ANN401 - whatever a scorer gave
    """A score's value as Inspect's metrics take it (`inspect_ai.scorer.value_to_float`); None where it is no number.

    ``C``, ``P``, ``I`` and ``N`` are 1, 0.5, 0 and 0; yes, true, no and false and texts of digits are numbers too.
    Where Inspect would warn and count 0 (an object, another text), and for NaN (not scored), this is None.
    """
    if isinstance(value, bool | int | float):
        with contextlib.suppress(OverflowError):
            found = float(value)
            return found if math.isfinite(found) else None
        return None
    if not isinstance(value, str):
        return None
    if value in _LETTERS:
        return _LETTERS[value]
    word = value.lower()
    if word in _WORDS:
        return _WORDS[word]
    return number(float(word)) if _NUMBER.fullmatch(word) else None


def row_of(sample: Sample, asked: Asked) -> Row:
    """The row of a sample. A score outside [0, 1] is left out; `raw_score` gives it."""
    value = raw_score(sample, asked)
    score = value if value is not None and 0.0 <= value <= 1.0 else None
    if sample.invalidation is not None:
        score = None
    scored = chosen_score(sample, asked)
    usage = _usage(sample, asked.model)
    metadata = sample.metadata or {}
    cluster = metadata.get(asked.cluster) if asked.cluster is not None else None
    return Row(
        item_id=str(sample.id),
        score=score,
        status=_status(sample, score, scored),
        repeat=max(0, sample.epoch - 1),
        question=_question(sample),
        prompt=_prompt(sample),
        reference=sample.target if isinstance(sample.target, str) else " | ".join(sample.target) or None,
        answer=completion(sample),
        extracted=None if scored is None else scored.answer,
        cost=usage.total_cost,
        latency=_latency(sample),
        tokens_in=_input_tokens(usage),
        tokens_out=usage.output_tokens,
        cluster=None if cluster is None else str(cluster),
        meta={
            key: str(entry) for key, entry in metadata.items() if isinstance(entry, str | int | float | bool)
            and len(str(entry)) <= _SHORT
        },
        error=sample.error.message if sample.error is not None else None,
    )  # fmt: skip


def chosen_score(sample: Sample, asked: Asked) -> Score | None:
    """The score that counts; None where the sample has none."""
    scores = sample.scores
    if scores is None:
        return sample.score
    if not asked.name:
        return next(iter(scores.values()), None)
    return scores.get(asked.name) or scores.get(asked.scorer)


def raw_score(sample: Sample, asked: Asked) -> float | None:
    """The score that counts as a number of whatever size; None where there is none."""
    scored = chosen_score(sample, asked)
    if scored is None:
        return None
    return number(scored.value.get(asked.name) if isinstance(scored.value, dict) else scored.value)


def completion(sample: Sample) -> str | None:
    """The text of the last answer; None where none came."""
    output = sample.output
    if output is None or not output.choices:
        return None
    said = text_of(output.choices[0].message, sample)
    return said if said or output.completion is None else _resolved(output.completion, sample)


def text_of(message: Message, sample: Sample) -> str:
    """The text of a message, parts joined, without images and reasoning."""
    if isinstance(message.content, str):
        return _resolved(message.content, sample)
    parts = [part if isinstance(part, str) else part.text or "" for part in message.content]
    return "\n".join(_resolved(part, sample) for part in parts if part)


def _status(sample: Sample, score: float | None, scored: Score | None) -> Status:
    """Why an answer got nothing. An answer with a score above 0 was read, whatever else happened."""
    if score is not None and score > 0.0:
        return Status.OK
    if sample.invalidation is not None:
        return Status.OK
    if sample.error is not None:
        return Status.FAILED
    stop = sample.output.choices[0].stop_reason if sample.output is not None and sample.output.choices else ""
    if stop == "content_filter":
        return Status.REFUSED
    if stop in ("max_tokens", "length", "model_length") or (sample.limit is not None and sample.limit.type):
        return Status.TRUNCATED
    if score is None:
        return Status.OK
    if (scored is not None and scored.value == "N") or not (completion(sample) or "").strip():
        return Status.UNPARSABLE
    return Status.OK


def _question(sample: Sample) -> str:
    if isinstance(sample.input, str):
        return _resolved(sample.input, sample)
    return "\n\n".join(text_of(message, sample) for message in sample.input)


def _prompt(sample: Sample) -> str | None:
    """The messages up to the first one that the model wrote."""
    texts: list[str] = []
    for message in sample.messages or []:
        if message.role == "assistant" and message.source != "input":
            return "\n\n".join(texts) or None
        texts.append(text_of(message, sample))
    return "\n\n".join(texts) or None


def _latency(sample: Sample) -> float | None:
    """Seconds: of the call where there was one; else of the sample without waiting, which holds tools and scorers."""
    turns = sample.turn_count
    if turns is None and sample.messages is not None:
        turns = sum(message.role == "assistant" and message.source != "input" for message in sample.messages)
    called = sample.output.time if sample.output is not None else None
    if turns == 1 and called is not None:
        return _measure(called)
    return _measure(sample.working_time if sample.working_time is not None else sample.total_time)


def _measure(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def _usage(sample: Sample, model: str) -> Usage:
    """The candidate's usage; a judge's in the same sample is its own."""
    by_model = sample.model_usage or {}
    if model in by_model:
        return by_model[model]
    output = sample.output.usage if sample.output is not None else None
    if output is not None:
        return output
    return next(iter(by_model.values())) if len(by_model) == 1 else Usage()


def _input_tokens(usage: Usage) -> int | None:
    # Inspect counts tokens read from and written to a provider's cache apart from the others.
    if usage.input_tokens is None:
        return None
    return usage.input_tokens + (usage.input_tokens_cache_read or 0) + (usage.input_tokens_cache_write or 0)


def _resolved(text: str, sample: Sample) -> str:
    """`text`, or what it stands for: long texts are kept once, as attachments."""
    if not text.startswith(_ATTACHMENT):
        return text
    try:
        attachments = msgspec.json.decode(sample.attachments, type=dict[str, str])
    except msgspec.DecodeError:
        return text
    return attachments.get(text.removeprefix(_ATTACHMENT), text)
