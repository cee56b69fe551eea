"""The lines of `samples_*.jsonl`: one per document and filter, with what was asked, answered, filtered and scored."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.log import Row
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.readers.lines_of_json import loads
from weighbridge.tasks.text import lines

KEYS = {"doc_id", "doc", "arguments", "resps", "filtered_resps"}
"""What every version writes in each line."""

_FRAME = KEYS | {"target", "filter", "metrics", "doc_hash", "prompt_hash", "target_hash", "schema_version"}
_QUESTION = ("question", "query", "input", "problem", "prompt", "text", "ctx", "sentence", "instruction", "premise")
_CATEGORY = ("subject", "category", "topic", "level", "type", "language", "difficulty", "domain")
_HASHES = ("doc_hash", "prompt_hash", "target_hash")


@dataclass(slots=True)
class Figures:
    """One metric under one filter, over all documents."""

    count: int = 0
    total: float = 0.0
    usable: bool = True
    """Every value is a number in [0, 1]."""


@dataclass(slots=True)
class Survey:
    """What one pass over a samples file found."""

    figures: dict[str, Figures] = field(default_factory=dict)
    """By lm-eval's key, ``metric,filter``, in file order."""
    task_hash: str | None = None
    """As lm-eval reckons it from the hashes of the documents, prompts and targets; None where they are not kept."""


def is_sample(value: Cell) -> bool:
    """Whether a JSON value is a line of a samples file."""
    return isinstance(value, dict) and value.keys() >= KEYS


def samples(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a samples file, streamed. UsageError names the line that cannot be read."""
    decoder = msgspec.json.Decoder()
    try:
        for number, line in lines(path):
            if not line.strip():
                continue
            try:
                value = decoder.decode(line)
            except (msgspec.DecodeError, RecursionError, UnicodeError):
                value = loads(line, f"{path}:{number}")  # Python's JSON: NaN, half surrogate pairs
            if not is_sample(value):
                raise UsageError(
                    "this line is not a sample of lm-eval: it needs doc_id, doc, arguments, resps, filtered_resps",
                    where=f"{path}:{number}",
                    fix="take the file as lm-eval wrote it with --log_samples",
                )
            yield value
    except UsageError as error:
        if "encoding:" in (error.fix or ""):
            error.fix = "save the file as UTF-8, as lm-eval writes it"
        elif "not JSON" in error.what:
            error.fix = "the run or the copy was cut short: take the whole file"
        raise


def survey(path: Path) -> Survey:
    """Metrics and filters of a samples file, and its hash, in one pass and constant memory."""
    found = Survey()
    hashed: Any = hashlib.sha256()
    for sample in samples(path):
        label = filter_of(sample)
        for metric in metrics_of(sample):
            figures = found.figures.setdefault(f"{metric},{label}", Figures())
            value = number(sample.get(metric))
            figures.count += 1
            if value is None or not 0 <= value <= 1:
                figures.usable = False
            else:
                figures.total += value
        if hashed is not None and all(isinstance(sample.get(name), str) for name in _HASHES):
            hashed.update("".join(sample[name] for name in _HASHES).encode("utf-8", "surrogatepass"))
        else:
            hashed = None
    found.task_hash = hashed.hexdigest() if hashed is not None and found.figures else None
    return found


def filter_of(sample: dict[str, Any]) -> str:
    """The filter's name; versions before 0.4.3 wrote one line per document and did not name it."""
    return str(sample.get("filter", "none"))


def metrics_of(sample: dict[str, Any]) -> list[str]:
    """Names of the metrics in a line: listed, or in older versions whatever is not part of the frame."""
    listed = sample.get("metrics")
    return (
        [str(name) for name in listed] if isinstance(listed, list) else [key for key in sample if key not in _FRAME]
    )


def number(value: Cell) -> float | None:
    """A metric's value: a number, or the text lm-eval makes of a numpy number."""
    if isinstance(value, str):
        value = {"True": 1.0, "False": 0.0}.get(value, value)
    if isinstance(value, list | dict) or value is None:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def row_of(sample: dict[str, Any], task: str, metric: str, fallback: str = "[invalid]") -> Row:
    """One line as a `Row`. `fallback` is what the filter puts where it found nothing."""
    value = number(sample.get(metric))
    score = value if value is not None and 0 <= value <= 1 else None
    contexts, rest = _asked(sample["arguments"])
    options = _options(contexts, rest, sample)
    if options:
        picked = _likeliest(sample, options, metric)
        answer = extracted = options[picked] if picked is not None else None
        target = _index(sample.get("target"))
        reference = options[target] if target is not None and target < len(options) else _text(sample.get("target"))
        status = Status.OK
    else:
        answer, extracted = _first(sample["resps"]), _first(sample["filtered_resps"])
        reference = _text(sample.get("target"))
        nothing = score == 0 and (extracted == fallback or not (answer or "").strip())
        status = Status.UNPARSABLE if nothing else Status.OK
    doc = sample["doc"]
    return Row(
        item_id=f"{task}:{sample['doc_id']}",
        score=score,
        status=status,
        question=_question(doc),
        prompt=_prompt(contexts[0]) if contexts else None,
        reference=reference,
        answer=answer,
        extracted=extracted,
        meta=_categories(doc),
    )


def _asked(arguments: Cell) -> tuple[list[Cell], list[Cell]]:
    """First and second argument of every request of a document: (context, continuation) or (context, settings)."""
    if isinstance(arguments, dict):
        pairs = [list(entry.values()) if isinstance(entry, dict) else [entry] for entry in arguments.values()]
    else:
        pairs = [list(entry) if isinstance(entry, list) else [entry] for entry in _listed(arguments)]
    return [pair[0] if pair else None for pair in pairs], [pair[1] if len(pair) > 1 else None for pair in pairs]


def _listed(value: Cell) -> list[Any]:
    return value if isinstance(value, list) else []


def _options(contexts: list[Cell], rest: list[Cell], sample: dict[str, Any]) -> list[str]:
    """The options that were compared by log-likelihood; empty where the answer was generated."""
    if len(rest) < 2 or not all(isinstance(each, str) for each in rest):
        return []
    if "acc_mutual_info" in metrics_of(sample):
        contexts, rest = contexts[: len(rest) // 2], rest[: len(rest) // 2]  # then each without the question
    if len(set(rest)) == 1:  # Winogrande: the same ending after different beginnings
        return [str(context) for context in contexts]
    return [each.strip() for each in rest]


def _likeliest(sample: dict[str, Any], options: list[str], metric: str) -> int | None:
    """Index of the option that lm-eval counts as the answer: highest log-likelihood, for `acc_norm` per character."""
    found = sample["filtered_resps"]
    if not isinstance(found, list) or len(found) < len(options):
        return None
    values = [number(each[0]) if isinstance(each, list) and each else None for each in found[: len(options)]]
    if any(value is None for value in values):
        return None
    lengths = [max(1, len(option)) for option in options] if metric == "acc_norm" else [1] * len(options)
    shares = [(value or 0.0) / length for value, length in zip(values, lengths, strict=True)]
    return shares.index(max(shares))


def _index(value: Cell) -> int | None:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _first(value: Cell) -> str | None:
    """The first answer in lists of answers."""
    while isinstance(value, list):
        if not value:
            return None
        value = value[0]
    return _text(value)


def _text(value: Cell) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _prompt(context: Cell) -> str | None:
    """A prompt as text; a chat comes as JSON in a list of one, and becomes its messages one after another."""
    text = _first(context)
    if text is None or not text.startswith('[{"role"'):
        return text
    try:
        turns = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not all(isinstance(turn, dict) for turn in turns):
        return text
    return "\n\n".join(f"{turn.get('role')}: {_text(turn.get('content')) or ''}" for turn in turns)


def _question(doc: Cell) -> str | None:
    """The document's input: a field that is called like one, else the document as it stands in the data."""
    if isinstance(doc, dict):
        for name in _QUESTION:
            if isinstance(doc.get(name), str) and doc[name].strip():
                return str(doc[name])
    return _text(doc)


def _categories(doc: Cell) -> dict[str, str]:
    if not isinstance(doc, dict):
        return {}
    return {
        name: str(doc[name])[:80]
        for name in _CATEGORY
        if isinstance(doc.get(name), str | int) and not isinstance(doc.get(name), bool)
    }
