"""Reads Every Eval Ever 0.2: instance-level records, with the aggregate file beside them where there is one.

https://github.com/evaleval/every_eval_ever, schemas ``eval`` and ``instance_level_eval`` 0.2.2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.logs.every_eval_ever_rows import Instance, Scale, row_of
from weighbridge.logs.json_document import document, first_line, head, lines
from weighbridge.logs.log import Log, Reader, Row, Settings

MOST_LOOKED_AT = 2_000
"""Files of a folder that are looked at before it is taken for something else."""


class Result(msgspec.Struct, frozen=True):
    evaluation_name: str
    evaluation_result_id: str | None = None
    metric_config: dict[str, Any] = {}
    score_details: dict[str, Any] = {}
    generation_config: dict[str, Any] | None = None


class Aggregate(msgspec.Struct, frozen=True):
    """The file of one evaluation of one model, as far as it is read."""

    schema_version: str
    evaluation_id: str
    evaluation_results: list[Result]
    model_info: dict[str, Any] = {}
    eval_library: dict[str, Any] = {}
    evaluation_timestamp: str | None = None
    detailed_evaluation_results: dict[str, Any] | None = None


Variant = tuple[str, str | None]
"""``evaluation_name`` and ``evaluation_result_id``: one way in which samples were scored."""


class Key(msgspec.Struct, frozen=True):
    """What tells the runs in one file of instances apart."""

    evaluation_id: str
    model_id: str
    evaluation_name: str
    sample_id: str
    evaluation_result_id: str | None = None
    sample_hash: str | None = None

    @property
    def variant(self) -> Variant:
        return self.evaluation_name, self.evaluation_result_id


def recognise(path: Path) -> bool:
    """Whether `path` is an aggregate file, a file of instances, or a folder that has some."""
    if path.is_dir():
        return any(_is_aggregate(one) or _is_instances(one) for one in _files(path))
    return _is_aggregate(path) or _is_instances(path)


def _files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for one in folder.rglob("*.json*"):
        if one.is_file() and one.suffix in (".json", ".jsonl"):
            found.append(one)
        if len(found) >= MOST_LOOKED_AT:
            break
    return sorted(found)


def _is_aggregate(path: Path) -> bool:
    start = head(path)
    names = (b'"schema_version"', b'"evaluation_id"', b'"evaluation_results"', b'"model_info"')
    return start.startswith(b"{") and all(name in start for name in names) and not _is_instances(path)


def _is_instances(path: Path) -> bool:
    return {"schema_version", "evaluation_id", "sample_id", "interaction_type"} <= first_line(path).keys()


def read_every_eval_ever(path: Path, metric: str | None = None) -> list[Log]:
    """One log per model and evaluation.

    Where samples were scored in several ways the first is taken, unless `metric` names another by its
    ``evaluation_name`` or ``evaluation_result_id``. Scores are put on 0 to 1 by the metric's ends, and turned round
    where less is better. UsageError: damaged, another version, aggregates alone (nothing there can be paired), no
    such metric.
    """
    if not path.is_dir():
        logs = _of_aggregate(path, metric) if _is_aggregate(path) else _of_instances(path, {}, metric)
    else:
        logs = _of_folder(path, metric)
    if not logs:
        raise UsageError(
            "there are only aggregate scores here, and nothing in them can be paired",
            where=str(path),
            fix="put the file of instances (..._samples.jsonl) beside it",
        )
    return logs


def _of_folder(folder: Path, metric: str | None) -> list[Log]:
    files = _files(folder)
    aggregates = [one for one in files if _is_aggregate(one)]
    logs: list[Log] = []
    owned: set[Path] = set()
    for one in aggregates:
        instances = _instances_of(one, document(one, Aggregate))
        if instances is not None:
            owned.add(instances)
            logs += _of_aggregate(one, metric)
    for one in files:
        if one not in owned and one not in aggregates and _is_instances(one):
            logs += _of_instances(one, {}, metric)
    return logs


def _of_aggregate(path: Path, metric: str | None) -> list[Log]:
    found = document(path, Aggregate)
    if not found.schema_version.startswith("0.2"):
        raise UsageError(
            f"this is schema version {found.schema_version!r}; 0.2 is read", where=str(path), fix="convert it to 0.2"
        )
    instances = _instances_of(path, found)
    return [] if instances is None else _of_instances(instances, {found.evaluation_id: found}, metric)


def _instances_of(path: Path, found: Aggregate) -> Path | None:
    """The file of instances beside `path`; a path written in the file is never followed elsewhere."""
    named = (found.detailed_evaluation_results or {}).get("file_path")
    names = [Path(named).name] if isinstance(named, str) else []
    names += [f"{path.stem}_samples.jsonl", f"{path.stem}.jsonl"]
    return next((path.with_name(name) for name in names if name and _is_instances(path.with_name(name))), None)


def _of_instances(path: Path, aggregates: dict[str, Aggregate], metric: str | None) -> list[Log]:
    variants: dict[tuple[str, str], dict[Variant, set[str]]] = {}
    for _, key in lines(path, Key):
        samples = variants.setdefault((key.evaluation_id, key.model_id), {})
        samples.setdefault(key.variant, set()).add(key.sample_hash or f"{key.evaluation_name} {key.sample_id}")
    known = {label for found in variants.values() for variant in found for label in variant if label}
    if metric is not None and metric not in known:
        raise UsageError(f"no record has the metric {metric!r}", where=str(path), fix=nearest(metric, known))
    logs = []
    for (run, model), found in variants.items():
        for group in _groups(found):
            chosen = next((one for one in group if metric in one), group[0])
            aggregate = aggregates.get(run)
            result = _result(aggregate, *chosen)
            scale = Scale.of(result.metric_config if result else {})
            others = [rid or name for name, rid in group if (name, rid) != chosen]
            notes = (
                [f"{chosen[0]} is read; the same answers are scored as {', '.join(others)} too."] if others else []
            )
            notes += [scale.note] if scale.note else []
            settings = _settings(aggregate, result, model, *chosen)
            logs.append(
                Log(
                    path=path,
                    format="every_eval_ever",
                    model=str((aggregate.model_info if aggregate else {}).get("name") or model),
                    rows=partial(_rows, path, (run, model, chosen), scale),
                    settings=settings,
                    reported=_reported(result, scale, settings.metric or "score"),
                    notes=tuple(notes),
                )
            )
    return logs


def _groups(found: dict[Variant, set[str]]) -> list[list[Variant]]:
    """Variants that score the same samples stand together; what scores others is another task."""
    groups: list[tuple[set[str], list[Variant]]] = []
    for variant, samples in found.items():
        for held, group in groups:
            if held & samples:
                group.append(variant)
                break
        else:
            groups.append((samples, [variant]))
    return [group for _, group in groups]


def _result(aggregate: Aggregate | None, name: str, metric: str | None) -> Result | None:
    results = aggregate.evaluation_results if aggregate else []
    exact = [one for one in results if metric is not None and one.evaluation_result_id == metric]
    return next(iter([*exact, *(one for one in results if one.evaluation_name == name)]), None)


def _rows(path: Path, key: tuple[str, str, Variant], scale: Scale) -> Iterator[Row]:
    times: Counter[str] = Counter()
    for _, found in lines(path, Instance):
        own = (found.evaluation_id, found.model_id, (found.evaluation_name, found.evaluation_result_id))
        if own == key:
            yield row_of(found, times[found.sample_id], scale)
            times[found.sample_id] += 1


def _settings(
    aggregate: Aggregate | None, result: Result | None, model: str, name: str, metric: str | None
) -> Settings:
    library = aggregate.eval_library if aggregate else {}
    generation = (result.generation_config if result else None) or {}
    arguments = generation.get("generation_args")
    decoding = dict(arguments) if isinstance(arguments, dict) else {}
    template = decoding.pop("prompt_template", None)
    details = generation.get("additional_details")
    shots = str(details.get("num_fewshot", "")) if isinstance(details, dict) else ""
    config = result.metric_config if result else {}
    return Settings(
        task=name,
        model=model,
        prompt_template=template if isinstance(template, str) else None,
        shots=int(shots) if shots.isdecimal() and len(shots) < 6 else None,
        decoding={key: value for key, value in decoding.items() if isinstance(value, int | float | str)},
        metric=str(config.get("metric_id") or config.get("metric_name") or metric or "") or None,
        tool=" ".join(str(library[part]) for part in ("name", "version") if library.get(part)) or None,
        when=aggregate.evaluation_timestamp if aggregate else None,
    )


def _reported(result: Result | None, scale: Scale, name: str) -> dict[str, float]:
    score = (result.score_details if result else {}).get("score")
    placed = scale.placed(score) if isinstance(score, int | float) and not isinstance(score, bool) else None
    return {} if placed is None else {name: placed}


READER = Reader(
    name="every_eval_ever",
    title="Every Eval Ever",
    looks_for="instances with schema_version, evaluation_id, sample_id and interaction_type, or the aggregate file "
    "beside them",
    recognise=recognise,
    read=read_every_eval_ever,
)
