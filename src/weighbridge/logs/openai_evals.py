"""Reads OpenAI Evals: run logs of the repository's ``oaieval``, and exported output items of hosted runs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Status
from weighbridge.logs.json_document import first_line, lines
from weighbridge.logs.log import Log, Reader, Row, Settings
from weighbridge.logs.openai_evals_hosted import is_hosted, read_hosted

MATCH = "match"
"""The metric of `match` events: 1 where the eval called the answer correct."""

_PREFERRED = ("accuracy", "score", "f1_score", "includes", "passed")


class Line(msgspec.Struct, frozen=True):
    """One line: the spec, an event, or the final report."""

    spec: dict[str, Any] | None = None
    final_report: dict[str, Any] | None = None
    sample_id: str | int | None = None
    type: str | None = None
    data: Any = None


class Sample(msgspec.Struct):
    """The events of one sample, as far as they are read."""

    prompt: Any = None
    sampled: list[str] = []
    usage: list[dict[str, Any]] = []
    matches: list[dict[str, Any]] = []
    figures: dict[str, float] = {}
    error: str | None = None


class Run(msgspec.Struct):
    spec: dict[str, Any] = {}
    report: dict[str, Any] = {}
    samples: dict[str, Sample] = {}


def recognise(path: Path) -> bool:
    """Whether `path` is a run log of ``oaieval`` or holds output items of a hosted run."""
    return _is_run(path) or is_hosted(path)


def _is_run(path: Path) -> bool:
    spec = first_line(path).get("spec")
    return isinstance(spec, dict) and {"completion_fns", "eval_name"} <= spec.keys()


def read_openai_evals(path: Path, metric: str | None = None) -> list[Log]:
    """A run log as one log; hosted output items as one log per run and model.

    metric
        Of a run log: ``match`` (the default where there are such events) or a figure of `metrics` events. Of a hosted
        run: ``pass`` (the default; 1 where every grader passed) or a grader's name.

    UsageError: damaged, or no such metric.
    """
    if not _is_run(path):
        return read_hosted(path, metric)
    run = _gathered(path)
    chosen = _metric(run, metric, path)
    config = run.spec.get("run_config")
    spec = config.get("eval_spec") if isinstance(config, dict) else None
    evaluation = spec if isinstance(spec, dict) else {}
    arguments = evaluation.get("args")
    shots = arguments.get("num_few_shot") if isinstance(arguments, dict) else None
    functions = run.spec.get("completion_fns")
    model = str(functions[0]) if isinstance(functions, list) and functions else "unknown"
    report = {name: float(value) for name, value in run.report.items() if _is_figure(value)}
    return [
        Log(
            path=path,
            format="openai_evals",
            model=model,
            rows=partial(_rows, path, chosen),
            settings=Settings(
                task=_text(run.spec.get("base_eval")),
                task_version=_text(run.spec.get("eval_name")),
                model=model,
                shots=shots if isinstance(shots, int) else None,
                scorer=_text(evaluation.get("cls")),
                metric="accuracy" if chosen == MATCH and "accuracy" in report else chosen,
                tool="OpenAI evals (oaieval)",
                when=_text(run.spec.get("created_at")),
            ),
            reported=report,
            notes=() if run.report else ("the run wrote no final report: it may not have finished.",),
        )
    ]


def _gathered(path: Path) -> Run:
    """All events by sample: they come in the order in which threads finished, so none is whole before the end."""
    run = Run()
    for _, line in lines(path, Line):
        if line.spec is not None:
            run.spec = line.spec
        elif line.final_report is not None:
            run.report = line.final_report
        elif line.sample_id is not None and isinstance(line.data, dict):
            _take(run.samples.setdefault(str(line.sample_id), Sample()), line.type, line.data)
    return run


def _take(sample: Sample, kind: str | None, data: dict[str, Any]) -> None:
    match kind:
        case "sampling":
            found = data.get("sampled")
            sample.prompt = data.get("prompt")
            sample.sampled.append("\n".join(str(text) for text in found) if isinstance(found, list) else str(found))
            usage = data.get("usage")
            sample.usage.append(usage if isinstance(usage, dict) else {})
        case "match":
            sample.matches.append(data)
        case "metrics":
            sample.figures |= {name: float(value) for name, value in data.items() if _is_figure(value)}
        case "error":
            sample.error = f"{data.get('type') or 'error'}: {data.get('message') or ''}"


def _metric(run: Run, wanted: str | None, path: Path) -> str:
    known = dict.fromkeys(name for sample in run.samples.values() for name in sample.figures)
    if any(sample.matches for sample in run.samples.values()):
        known = {MATCH: None, **known}
    if wanted is None:
        wanted = next((name for name in (MATCH, *_PREFERRED) if name in known), next(iter(known), MATCH))
    elif wanted not in known:
        raise UsageError(f"no event holds the metric {wanted!r}", where=str(path), fix=nearest(wanted, known))
    return wanted


def _rows(path: Path, metric: str) -> Iterator[Row]:
    for name, sample in _gathered(path).samples.items():
        tries = len(sample.matches) if metric == MATCH else 1
        for repeat in range(max(1, tries)):
            yield _row(name, sample, metric, repeat)


def _row(name: str, sample: Sample, metric: str, repeat: int) -> Row:
    # Several answers stand beside as many matches; otherwise the last answer is the one that was marked.
    at = repeat if len(sample.sampled) == len(sample.matches) else -1
    match = sample.matches[repeat] if repeat < len(sample.matches) else {}
    answer = sample.sampled[at] if sample.sampled else _text(match.get("sampled"))
    usage = sample.usage[at] if sample.usage else {}
    score: float | None
    if metric == MATCH:
        correct = match.get("correct")
        score = float(correct) if isinstance(correct, bool) else None
    else:
        figure = sample.figures.get(metric)
        score = figure if figure is not None and 0 <= figure <= 1 else None
    failed = sample.error is not None and score is None
    return Row(
        item_id=name,
        repeat=repeat,
        score=0.0 if failed else score,
        status=Status.FAILED if failed else Status.OK,
        question=_question(sample.prompt),
        prompt=_conversation(sample.prompt),
        reference=_reference(match.get("expected")),
        answer=answer,
        extracted=_text(match.get("picked")),
        tokens_in=_whole(usage.get("prompt_tokens")),
        tokens_out=_whole(usage.get("completion_tokens")),
        error=sample.error,
    )


def _question(prompt: object) -> str | None:
    """What the user said last."""
    if isinstance(prompt, list):
        said = [turn.get("content") for turn in prompt if isinstance(turn, dict) and turn.get("role") != "system"]
        return next((text for text in reversed(said) if isinstance(text, str)), None)
    return _text(prompt)


def _conversation(prompt: object) -> str | None:
    if isinstance(prompt, list):
        turns = [turn for turn in prompt if isinstance(turn, dict)]
        return "\n\n".join(f"{turn.get('role')}: {turn.get('content')}" for turn in turns) or None
    return _text(prompt)


def _reference(expected: object) -> str | None:
    if isinstance(expected, list):
        return " | ".join(str(one) for one in expected) or None
    return None if expected is None else str(expected)


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and value == value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


READER = Reader(
    name="openai_evals",
    title="OpenAI Evals",
    looks_for='a run log whose first line is {"spec": {"completion_fns": ...}}, or output items of a hosted run '
    '("object": "eval.run.output_item")',
    recognise=recognise,
    read=read_openai_evals,
)
