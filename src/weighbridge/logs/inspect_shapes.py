"""What is read of an Inspect log: the parts of its header and its samples that a comparison needs.

Names are Inspect's own (`inspect_ai.log.EvalLog`, version 2); members not listed are skipped without being built.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

import msgspec

from weighbridge.errors import UsageError

T = TypeVar("T")


class Part(msgspec.Struct):
    """One part of a message's content."""

    type: str = "text"
    text: str | None = None


class Message(msgspec.Struct):
    """A chat message."""

    role: str = "user"
    content: str | list[Part | str] = ""
    source: str | None = None


class Usage(msgspec.Struct):
    """Tokens of one model in one sample."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_cache_read: int | None = None
    input_tokens_cache_write: int | None = None
    total_cost: float | None = None


class Choice(msgspec.Struct):
    """One alternative of an answer."""

    message: Message = msgspec.field(default_factory=Message)
    stop_reason: str = "unknown"


class Output(msgspec.Struct):
    """What the model returned last."""

    choices: list[Choice] = []
    completion: str | None = None
    usage: Usage | None = None
    time: float | None = None


class Score(msgspec.Struct):
    """What one scorer gave one sample."""

    value: Any = None
    answer: str | None = None


class Fault(msgspec.Struct):
    """Why a sample failed."""

    message: str = ""


class Limit(msgspec.Struct):
    """A limit that ended a sample."""

    type: str = ""


class Sample(msgspec.Struct):
    """One answer to one item."""

    id: int | str
    epoch: int = 1
    input: str | list[Message] = ""
    target: str | list[str] = ""
    messages: list[Message] | None = None
    output: Output | None = None
    scores: dict[str, Score] | None = None
    score: Score | None = None
    """In logs of 2024."""
    metadata: dict[str, Any] | None = None
    model_usage: dict[str, Usage] | None = None
    working_time: float | None = None
    total_time: float | None = None
    error: Fault | None = None
    limit: Limit | None = None
    invalidation: dict[str, Any] | None = None
    turn_count: int | None = None
    attachments: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))


class Metric(msgspec.Struct):
    """A figure that Inspect reports."""

    name: str = ""
    value: float | int | None = None


class Scored(msgspec.Struct):
    """What Inspect reports of one scorer (or of one member of its values)."""

    name: str = ""
    scorer: str = ""
    reducer: str | None = None
    metrics: dict[str, Metric] = {}
    params: dict[str, Any] = {}


class Headline(msgspec.Struct):
    """The figure Inspect shows first."""

    score: str | None = None
    metric: str | None = None


class Results(msgspec.Struct):
    """What Inspect reports of a run."""

    total_samples: int | None = None
    completed_samples: int | None = None
    scores: list[Scored] = []
    headline: Headline | None = None


class MetricSpec(msgspec.Struct):
    """A metric as it was asked for."""

    name: str = ""
    options: dict[str, Any] | None = None


class ScorerSpec(msgspec.Struct):
    """A scorer as it was asked for."""

    name: str = ""
    options: dict[str, Any] | None = None
    metrics: Any = None


class Dataset(msgspec.Struct):
    """The dataset of a run."""

    name: str | None = None
    samples: int | None = None
    sample_ids: list[int | str] | None = None


class Eval(msgspec.Struct):
    """How a run was set up."""

    task: str
    model: str
    task_id: str = ""
    """The same in every attempt at one run."""
    created: str | None = None
    task_version: int | str | None = None
    task_args: dict[str, Any] | None = None
    dataset: Dataset = msgspec.field(default_factory=Dataset)
    model_base_url: str | None = None
    model_generate_config: dict[str, Any] | None = None
    config: dict[str, Any] | None = None
    packages: dict[str, str] | None = None
    revision: dict[str, Any] | None = None
    scorers: list[ScorerSpec] | None = None


class Step(msgspec.Struct):
    """A solver of the plan."""

    solver: str = ""
    params: dict[str, Any] | None = None


class Plan(msgspec.Struct):
    """The solvers of a run."""

    steps: list[Step] = []
    config: dict[str, Any] | None = None


class Header(msgspec.Struct):
    """An Inspect log without its samples."""

    eval: Eval
    status: str = "started"
    plan: Plan = msgspec.field(default_factory=Plan)
    results: Results | None = None


def decode(data: bytes, shape: type[T], where: str) -> T:
    """`data` as JSON of a shape. UsageError at `where`: no JSON, nested too deep, or of another shape.

    Inspect writes NaN for a sample without a score, which is no JSON; such a text is read by the standard library.
    """
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        first: Exception = error
    if isinstance(first, msgspec.ValidationError):
        raise _foreign(first, where) from None
    try:
        loose = json.loads(_no_lone_surrogates(data))
        # A Raw member takes bytes only.
        if shape is Sample and isinstance(loose, dict):
            loose["attachments"] = msgspec.Raw(_packed(loose.get("attachments")))
        return msgspec.convert(loose, type=shape)
    except msgspec.ValidationError as error:
        raise _foreign(error, where) from None
    except (ValueError, RecursionError):
        told = "it is nested too deep" if isinstance(first, RecursionError) else str(first)[:200]
        raise UsageError(
            f"this is not the JSON of an Inspect log: {told}",
            where=where,
            fix="is the file whole? fetch it again, or wait for the run that writes it",
        ) from None


def _no_lone_surrogates(data: bytes) -> str:
    # Python's reader makes half a pair into half a character, which no file or report could hold; a pair becomes one
    # character before the halves that are left are replaced.
    text = data.decode("utf-8", "replace")
    if "\\ud" not in text.lower():
        return text
    text = json.dumps(json.loads(text), ensure_ascii=False)
    return text.encode("utf-8", "replace").decode()


def _packed(attachments: Any) -> bytes:  # noqa: ANN401 - whatever JSON holds
    return json.dumps(attachments if isinstance(attachments, dict) else {}).encode()


def _foreign(error: Exception, where: str) -> UsageError:
    return UsageError(
        f"this does not have the shape of an Inspect log: {str(error)[:200]}",
        where=where,
        fix="open and save it with a current inspect_ai (inspect log convert)",
    )
