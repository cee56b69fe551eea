"""ZeroEval: one JSON array per model and task, with the model's raw outputs and the item's answer in each element.

The file holds no scores: they are made here by the rules of ZeroEval's own evaluation (`math_eval`, `crux_eval`,
`mcqa_eval`), so that the mean is its `Acc`. Files it wrote after evaluation (`result_dirs_parsed`) carry a `matched`
field, which goes before.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.json_records import array_records, first_record, holds_array
from weighbridge.logs.log import Log, Reader, Row, Settings
from weighbridge.logs.zeroeval_marks import choice_mark, literal_mark, number_mark

FORMAT = "zeroeval"
KEYS = {"session_id", "output", "generator"}
NUMBERS = ("gsm", "math-l5", "math", "mgsm", "aime")
"""Tasks (or what their names begin with) whose answer is a number."""
LITERALS = ("crux",)


class Element(msgspec.Struct, frozen=True):
    """One element of the array; fields of other tasks are passed over."""

    session_id: str
    output: list[str | None]
    generator: str
    dataset: str = ""
    id: str | None = None
    question: str | None = None
    prompt: str | None = None
    chat_history: list[str] = []
    model_input: Any = None
    configs: dict[str, Any] = {}
    answer: Any = None
    correct_answer: Any = None
    choices: list[str] | None = None
    matched: Any = None


def recognise(path: Path) -> bool:
    """An array whose first element has a session, raw outputs (a list) and a generator."""
    found = first_record(path) or {}
    return set(found) >= KEYS and isinstance(found["output"], list) and holds_array(path)


def read(path: Path) -> list[Log]:
    """One log per generator; UsageError for a folder: its files are read one by one."""
    if not path.is_file():
        raise UsageError("ZeroEval writes one file per model", where=str(path), fix="name the files in the folder")
    first: dict[str, Element] = {}
    unmarked: dict[str, int] = {}
    total: dict[str, int] = {}
    for _, found in array_records(path, Element):
        first.setdefault(found.generator, found)
        total[found.generator] = total.get(found.generator, 0) + 1
        unmarked[found.generator] = unmarked.get(found.generator, 0) + (
            found.matched is None and _family(found) is None
        )
    logs = []
    for model, one in first.items():
        notes = []
        if unmarked[model]:
            notes.append(
                f"{unmarked[model]:,} of {total[model]:,} items of {one.dataset or 'this task'} have no answer in "
                "the file to mark against: score them again with a scorer of your own."
            )
        settings = Settings(
            task=one.dataset or None,
            model=model,
            prompt_template=_template(one),
            shots=0,
            decoding={name: value for name, value in one.configs.items() if value is not None},
            scorer=_family(one),
            metric="Acc",
            tool=FORMAT,
        )
        logs.append(
            Log(
                path,
                FORMAT,
                model,
                partial(_rows, path, model),
                settings,
                reported=_summary(path, one.dataset),
                notes=tuple(notes),
            )
        )
    return logs


def _rows(path: Path, model: str) -> Iterator[Row]:
    for _, found in array_records(path, Element):
        if found.generator != model:
            continue
        for repeat, output in enumerate(found.output or [None]):
            score, status, extracted = _mark(found, repeat, path)
            yield Row(
                item_id=found.id or found.session_id,
                score=score,
                status=status,
                repeat=repeat,
                question=found.question or found.prompt or (found.chat_history[0] if found.chat_history else None),
                prompt=found.model_input if isinstance(found.model_input, str) else "\n".join(found.chat_history),
                reference=_reference(found),
                answer=output,
                extracted=extracted,
                meta={"task": found.dataset} if found.dataset else {},
            )


def _mark(found: Element, repeat: int, path: Path) -> tuple[float | None, Status, str | None]:
    """Score, status and what was read out of one output. No score where the file has no answer to compare with."""
    output = found.output[repeat] if repeat < len(found.output) else None
    if output is None:
        return 0.0, Status.FAILED, None
    if repeat == 0 and found.matched is not None:
        # What the evaluation found: true, false, or a text that says that it could read no answer.
        read = isinstance(found.matched, bool)
        return float(found.matched is True), Status.OK if read else Status.UNPARSABLE, None
    family = _family(found)
    if family is None:
        return None, Status.OK, None
    boxed = "Llama-3.1" in found.generator or "Llama-3.1" in path.stem
    if family == "numbers":
        right, extracted = number_mark(output, str(found.answer), boxed=boxed)
    elif family == "literals":
        right, extracted = literal_mark(output, str(found.answer))
    else:
        right, extracted = choice_mark(output, str(found.correct_answer), found.choices or [])
    if extracted is None:
        return 0.0, Status.UNPARSABLE, None
    return float(right), Status.OK, extracted


def _family(found: Element) -> str | None:
    """By which of ZeroEval's rules the item is marked; None where it cannot be."""
    if found.choices and found.correct_answer in found.choices:
        return "choices"
    if found.answer is None or isinstance(found.answer, list | dict):
        return None
    if found.dataset.startswith(LITERALS):
        return "literals"
    return "numbers" if found.dataset.startswith(NUMBERS) else None


def _reference(found: Element) -> str | None:
    if found.choices and found.correct_answer is not None:
        return str(found.correct_answer)
    if found.answer is None or isinstance(found.answer, list | dict):
        return None
    text = str(found.answer)
    return text.replace("#", "").strip() if _family(found) == "numbers" else text


def _template(found: Element) -> str | None:
    """The first prompt without its question: what all items share."""
    if not found.chat_history or not found.question or found.question not in found.chat_history[0]:
        return None
    return found.chat_history[0].replace(found.question, "{question}")


def _summary(path: Path, dataset: str) -> dict[str, float]:
    """The figures of this file in the summary that ZeroEval writes beside the task's folder."""
    folder = path.resolve().parent
    places = (folder.parent / f"{folder.name}.summary.json", folder / f"{dataset.replace('/', '_')}.summary.json")
    board = next((place for place in places if place.is_file()), None)
    if board is None:
        return {}
    for _, row in array_records(board, dict[str, Any]):
        if row.get("Model") == path.stem:
            return {
                name: number
                for name in ("Acc", "No answer", "Total")
                if (number := _number(row.get(name))) is not None
            }
    return {}


def _number(value: object) -> float | None:
    try:
        return float(value) if isinstance(value, str | int | float) else None
    except ValueError:
        return None


READER = Reader(
    FORMAT,
    "ZeroEval",
    "a JSON array of objects with session_id, generator and output, a list of texts",
    recognise,
    read,
)
