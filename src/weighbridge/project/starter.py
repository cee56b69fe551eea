"""Writes a first project file for a data file: guesses, says what it guessed, and leaves the choice to the reader."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path as FilePath

import msgspec

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.project.task import FEW_LABELS, ITEMS_PER_LABEL, guess_scorer
from weighbridge.tasks.columns import INPUT, ColumnMap
from weighbridge.tasks.default_prompt import default_prompt
from weighbridge.tasks.load import Loaded, load_items
from weighbridge.tasks.normalise import as_text, references
from weighbridge.tasks.options import choices_of
from weighbridge.tasks.source import DataSource

BASELINE = "baseline.py"
WEIGHTS = "smollm2"

LABEL_NAMES = (
    *("team", "department", "queue", "topic", "route", "priority", "severity", "type", "kind", "decision", "verdict"),
    *("outcome", "rating", "stars", "grade", "polarity", "stance", "tag", "spam", "is_spam", "toxic"),
)
"""Names of label columns that `tasks.columns` does not know, because alone they say too little."""


@dataclass(frozen=True, slots=True)
class Starter:
    """A project file to be, and the baseline beside it."""

    text: str
    baseline: str
    notes: tuple[str, ...]
    """What was guessed, one sentence each."""


def starter(data: DataSource, folder: FilePath, schema: str | None = None) -> Starter:
    """A project for `data`, to be written into `folder`. Raises `UsageError` where the data cannot be read.

    `schema` is where editors find the JSON Schema; the line that names it is left out where None.
    """
    loaded, noticed = _loaded(data)
    scorer, why = guess_scorer(loaded.items, loaded.columns)
    choices = choices_of(loaded.items) if scorer == "choice" and not loaded.columns.choices else None
    local = _weights_installed()
    notes = [*noticed, *loaded.notes, f"scorer: {scorer}, because {why}"]
    notes.append(
        f"candidate gguf:{WEIGHTS}: its weights are installed here"
        if local
        else "no open weights are installed here; a simulated candidate stands in until you name your models"
    )
    lines = [
        *([f"# yaml-language-server: $schema={schema}"] if schema else []),
        "# Written by 'weighbridge init'. Every option: docs/project-file.md, or 'weighbridge schema'.",
        f"name: {_quoted(_title(data, folder))}",
        "",
        *_data(data, loaded, folder),
        "",
        *_prompt(loaded.columns, choices, scorer),
        "",
    ]
    if choices:
        lines += ["# The answers that are possible; an engine that can is held to them.", "choices:"]
        lines += [f"  - {_quoted(choice)}" for choice in choices]
        lines.append("")
    lines += [f"# How an answer is marked: here {why}.", f"scorer: {scorer}", ""]
    lines += _candidates(local, scorer)
    lines += [
        "",
        "question:",
        "  goal: best            # or non_inferior, superior (open against closed), pareto (quality against cost)",
        "  epsilon: 0.02         # a winner may be so far below the best; less takes more calls",
        "  alpha: 0.05           # probability of a wrong verdict, at most",
        "  claim: population     # about the traffic these items were drawn from; or pool: about these items alone",
        "",
        "# requirements:         # limits a candidate must keep to be chosen",
        "#   cost_per_1000: 1.00",
        "#   latency_p95: 2.0",
        "# budget:               # what one run may use",
        "#   money: 5.00",
        "#   minutes: 30",
        "",
        "seed: 0                 # fixes the order in which items are drawn",
    ]
    return Starter("\n".join(lines) + "\n", _baseline(loaded), tuple(notes))


def _loaded(data: DataSource) -> tuple[Loaded, list[str]]:
    """The items; where no column is named like a reference, one that holds few labels is taken for it."""
    if data.reference is not None:
        return load_items(data), []
    loaded = load_items(data, need_reference=False)
    if loaded.columns.reference:
        return load_items(data), []
    labels = _label_columns(loaded)
    likely = [name for name in labels if name.strip().lower() in LABEL_NAMES] or labels
    if not likely or (len(likely) > 1 and likely is labels):
        shown = ", ".join(labels or loaded.fields)
        raise UsageError(
            "no column looks like the reference (the right answer)",
            where=data.path,
            fix=f"name it with --reference COLUMN, for example one of: {shown}",
        )
    note = f"reference: column {likely[0]!r}, guessed because it holds few different values"
    return load_items(msgspec.structs.replace(data, reference=likely[0])), [note]


def _label_columns(loaded: Loaded) -> list[str]:
    """Columns whose values repeat as labels do, in file order."""
    taken = {loaded.columns.id, loaded.columns.cluster, *loaded.columns.choices}
    found = []
    for name in loaded.fields:
        if name in taken or name.strip().lower() in INPUT:
            continue
        values = Counter(as_text(item.fields.get(name)) for item in loaded.items)
        if 2 <= len(values) <= FEW_LABELS and len(loaded.items) >= ITEMS_PER_LABEL * len(values):
            found.append(name)
    return found


def _data(data: DataSource, loaded: Loaded, folder: FilePath) -> list[str]:
    columns = loaded.columns
    path = FilePath(os.path.relpath(data.path, folder)).as_posix()
    given = {
        "format": data.format,
        "split": data.split,
        "encoding": None if data.encoding == "utf-8" else data.encoding,
        "delimiter": data.delimiter,
    }
    lines = ["data:", f"  path: {_quoted(path)}"]
    lines += [f"  {name}: {_quoted(value)}" for name, value in given.items() if value]
    said = " (guessed)"
    if columns.id is not None:
        lines.append(f"  id: {_quoted(columns.id)}" + _comment("id" in columns.guessed, said))
    else:
        lines.append('  id: "@row"             # no column names the items; rows are numbered')
    reference = columns.reference[0] if len(columns.reference) == 1 else list(columns.reference)
    lines.append(f"  reference: {_quoted(reference)}" + _comment("reference" in columns.guessed, said))
    lines.append(f"  input: {_quoted(list(columns.input))}" + _comment("input" in columns.guessed, said))
    if columns.choices:
        lines.append(f"  choices: {_quoted(list(columns.choices))}" + _comment("choices" in columns.guessed, said))
    if columns.cluster is not None:
        lines.append(f"  cluster: {_quoted(columns.cluster)}" + _comment("cluster" in columns.guessed, said))
    else:
        lines.append(
            "  # cluster: COLUMN      # if items share a customer, document or conversation, name the column"
        )
    return lines


def _prompt(columns: ColumnMap, choices: tuple[str, ...] | None, scorer: str) -> list[str]:
    """The prompt that would be used anyway, as text to change."""
    usual = default_prompt(columns, choices=choices, scorer=scorer)
    lines = ["# Sandboxed Jinja: {{ column }} stands for the item's field.", "prompt:"]
    for part, text in (("system", usual.system), ("user", usual.user)):
        if text:
            lines += [f"  {part}: |-", *(f"    {line}".rstrip() for line in text.splitlines())]
    return lines


def _candidates(local: bool, scorer: str) -> list[str]:
    short = 16 if scorer in ("choice", "numeric") else 128
    lines = [
        "candidates:",
        "  - name: baseline        # a rule that a model must beat; make it a good one",
        f"    model: python:{BASELINE.removesuffix('.py')}.answer",
        "    price: {per_request: 0}",
    ]
    if local:
        lines += [
            f"  - name: {WEIGHTS}-135m    # an open model that runs in this process",
            f"    model: gguf:{WEIGHTS}",
            f"    max_tokens: {short}",
            "    price: {per_hour: 0.05}   # what the machine it runs on costs",
        ]
    else:
        lines += [
            "  - name: pretend         # made-up answers, right 8 times in 10: replace it with a model of yours",
            "    model: simulated:accuracy=0.8,side=open",
            "    price: {per_request: 0.0001}",
        ]
    return [
        *lines,
        "  # - name: open-server   # any OpenAI-compatible server: vLLM, llama.cpp, Ollama",
        "  #   model: http://127.0.0.1:8000/v1#MODEL",
        f"  #   max_tokens: {short}",
        "  #   price: {per_hour: 1.20}",
        "  # - name: closed",
        "  #   model: https://HOST/v1#MODEL",
        "  #   key_env: MY_API_KEY   # the variable that holds the key, never the key itself",
        f"  #   max_tokens: {short}",
        "  #   price: {input_per_million: 0.40, output_per_million: 1.60}",
    ]


def _baseline(loaded: Loaded) -> str:
    """A rule file: always the commonest reference of the data."""
    counts = Counter(as_text(one) for item in loaded.items for one in references(item.reference)[:1])
    common = counts.most_common(1)[0][0] if counts else ""
    return (
        '"""The baseline a model must beat: edit it into the best rule you can write in ten minutes."""\n\n\n'
        "def answer(item):\n"
        '    """`item.fields` holds the columns; `item.reference` is hidden knowledge a fair rule does not read."""\n'
        f"    return {common!r}\n"
    )


def _weights_installed() -> bool:
    """Whether the engine and the small open weights are there, without loading either."""
    from importlib.util import find_spec

    from weighbridge.models.specs import open_model

    if find_spec("xllamacpp") is None:
        return False
    try:
        open_model(f"gguf:{WEIGHTS}")
    except WeighbridgeError:
        return False
    return True


def _title(data: DataSource, folder: FilePath) -> str:
    return folder.resolve().name or FilePath(data.path).stem


def _comment(guessed: bool, text: str) -> str:
    return f"   #{text}" if guessed else ""


def _quoted(value: object) -> str:
    """A YAML spelling that reads back as the same value: JSON is YAML, plain words need no quotes."""
    from weighbridge.project.yaml_source import plain

    if isinstance(value, str):
        simple = value and value.replace("_", "a").replace("-", "a").replace(".", "a").replace("/", "a").isalnum()
        if simple and value.isascii() and value[0].isalpha() and plain(value) == value:
            return value
        return json.dumps(value, ensure_ascii=False)
    return json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
