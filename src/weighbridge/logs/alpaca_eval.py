"""AlpacaEval: `annotations.json` (a judge's preference for each answer) and `model_outputs.json` (answers alone).

A preference lies between 1 (the baseline's answer is better) and 2 (the model's is); the score is preference - 1, so
that its mean is the leaderboard's win rate. AlpacaEval's old mark 0 for a draw is read as 1.5, as AlpacaEval does.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.json_records import array_records, first_record, holds_array
from weighbridge.logs.log import Log, Reader, Row, Settings

FORMAT = "alpaca_eval"
ANNOTATION = {"instruction", "output_1", "output_2", "preference"}
OUTPUT = {"instruction", "output", "generator"}


class Annotation(msgspec.Struct, frozen=True):
    """One element of `annotations.json`; what is not needed here is passed over."""

    instruction: str
    output_1: str | None
    output_2: str | None
    preference: float | None
    generator_1: str | None = None
    generator_2: str | None = None
    dataset: str | None = None
    annotator: str | None = None


class Output(msgspec.Struct, frozen=True):
    """One element of `model_outputs.json`."""

    instruction: str
    output: str | None
    generator: str
    dataset: str | None = None


def item_id(instruction: str) -> str:
    """AlpacaEval has no item ids; the first twelve digits of the instruction's SHA-1 stand for it in every file."""
    return f"alpacaeval-{hashlib.sha1(instruction.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"  # noqa: S324 - a name, no secret


def preference_score(preference: float | None) -> float | None:
    """Preference 1 to 2 as a score 0 to 1; 0 is a draw; what AlpacaEval drops (none, outside 1 to 2) is None."""
    if preference is None:
        return None
    if preference == 0:
        return 0.5
    return preference - 1 if 1 <= preference <= 2 else None


def _holds(path: Path, keys: set[str]) -> bool:
    return path.is_file() and keys <= set(first_record(path) or ()) and holds_array(path)


def _parts(folder: Path) -> tuple[list[Path], list[Path]]:
    """(files of annotations, files of outputs) directly in a folder, and annotations in the folders of its judges."""
    direct = sorted(folder.glob("*.json"))
    judged = [path for path in [*direct, *sorted(folder.glob("*/*.json"))] if _holds(path, ANNOTATION)]
    return judged, [path for path in direct if _holds(path, OUTPUT)]


def recognise(path: Path) -> bool:
    """A file of either kind, or a model's result folder: its outputs, with the judges' folders in it."""
    if path.is_file():
        return _holds(path, ANNOTATION) or _holds(path, OUTPUT)
    if not path.is_dir():
        return False
    judged, outputs = _parts(path)
    # With other files beside them this is a folder of logs, which are looked at one by one.
    return bool(judged or outputs) and not set(path.glob("*.json*")) - {*judged, *outputs}


def read(path: Path) -> list[Log]:
    """One log per model: of the judge's annotations where there are any, else of its outputs, without scores."""
    if path.is_file():
        return _judged(path) if _holds(path, ANNOTATION) else _unjudged(path)
    judged, outputs = _parts(path)
    logs: list[Log] = []
    where: dict[str, Path] = {}
    for file in judged:
        for log in _judged(file):
            if log.model in where:
                raise UsageError(
                    f"the answers of {log.model!r} were judged more than once: {where[log.model]}, {file}",
                    where=str(path),
                    fix=f"name one of them: {file}",
                )
            where[log.model] = file
            logs.append(log)
    return logs + [log for file in outputs for log in _unjudged(file) if log.model not in where]


def _judged(path: Path) -> list[Log]:
    counts: Counter[str] = Counter()
    dropped: Counter[str] = Counter()
    first: dict[str, Annotation] = {}
    baselines: dict[str, set[str]] = {}
    for _, found in array_records(path, Annotation):
        model = found.generator_2 or path.resolve().parent.name
        counts[model] += 1
        first.setdefault(model, found)
        baselines.setdefault(model, set()).add(found.generator_1 or "unnamed")
        dropped[model] += preference_score(found.preference) is None
    logs = []
    for model, one in first.items():
        lost = f"{dropped[model]:,} of {counts[model]:,} answers have no valid preference and no score."
        scorer = f"{one.annotator or 'an unnamed judge'} against {', '.join(sorted(baselines[model]))}"
        settings = Settings(task=FORMAT, model=model, scorer=scorer, metric="win_rate", tool=FORMAT, shots=0)
        rows = partial(_judged_rows, path, model)
        notes = (lost,) if dropped[model] else ()
        logs.append(Log(path, FORMAT, model, rows, settings, reported=_leaderboard(path, model), notes=notes))
    return logs


def _judged_rows(path: Path, model: str) -> Iterator[Row]:
    seen: Counter[str] = Counter()
    for _, found in array_records(path, Annotation):
        if (found.generator_2 or path.resolve().parent.name) != model:
            continue
        item = item_id(found.instruction)
        score = preference_score(found.preference)
        meta = {
            "dataset": found.dataset,
            "baseline": found.generator_1,
            "baseline_chars": str(len(found.output_1 or "")),
        }
        yield Row(
            item_id=item,
            score=score,
            status=Status.OK if found.output_2 is not None else Status.FAILED,
            repeat=seen[item],
            question=found.instruction,
            answer=found.output_2,
            meta={name: value for name, value in meta.items() if value is not None},
        )
        seen[item] += 1


def _unjudged(path: Path) -> list[Log]:
    models = dict.fromkeys(found.generator for _, found in array_records(path, Output))
    note = "Answers without a judge's preference have no score: score them again, or name the annotations."
    return [
        Log(
            path,
            FORMAT,
            model,
            partial(_output_rows, path, model),
            Settings(task=FORMAT, model=model, tool=FORMAT, shots=0),
            notes=(note,),
        )
        for model in models
    ]


def _output_rows(path: Path, model: str) -> Iterator[Row]:
    seen: Counter[str] = Counter()
    for _, found in array_records(path, Output):
        if found.generator != model:
            continue
        item = item_id(found.instruction)
        yield Row(
            item_id=item,
            score=None,
            status=Status.OK if found.output is not None else Status.FAILED,
            repeat=seen[item],
            question=found.instruction,
            answer=found.output,
            meta={} if found.dataset is None else {"dataset": found.dataset},
        )
        seen[item] += 1


def _leaderboard(path: Path, model: str) -> dict[str, float]:
    """The model's figures in the `leaderboard.csv` that AlpacaEval writes beside the annotations."""
    board = path.with_name("leaderboard.csv")
    if not board.is_file():
        return {}
    with board.open(encoding="utf-8", errors="replace", newline="") as lines:
        for row in csv.DictReader(lines):
            values: dict[str, Any] = dict(row)
            if values.pop(next(iter(row)), None) == model:
                return {name: number for name, text in values.items() if (number := _number(text)) is not None}
    return {}


def _number(text: object) -> float | None:
    try:
        found = float(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return found if found is not None and abs(found) < float("inf") else None


READER = Reader(
    FORMAT,
    "AlpacaEval",
    "a JSON array of objects with instruction, output_1, output_2 and preference, or with instruction, output and "
    "generator",
    recognise,
    read,
)
