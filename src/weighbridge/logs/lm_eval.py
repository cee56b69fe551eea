"""lm-evaluation-harness: `results_*.json` with `samples_*.jsonl`, as ``lm_eval run --log_samples`` writes them.

A folder gives one log per task, from the newest run of each; a samples or a results file gives the logs of its run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from weighbridge.errors import UsageError, nearest
from weighbridge.logs.json_records import first_record
from weighbridge.logs.lm_eval_results import Results, is_results, read_results
from weighbridge.logs.lm_eval_samples import Survey, filter_of, is_sample, row_of, samples, survey
from weighbridge.logs.log import Log, Reader, Row, Settings

FORMAT = "lm_eval"

_STAMP = r"\d{4}-\d{2}-\d{2}T\d{2}[-:]\d{2}[-:]\d{2}(?:\.\d+)?"
_SAMPLES = re.compile(rf"samples_(?P<task>.+?)_(?P<stamp>{_STAMP})\.jsonl(?:\.gz)?")
_RESULTS = re.compile(rf".*?_(?P<stamp>{_STAMP})\.json")


@dataclass(frozen=True, slots=True)
class Run:
    """A samples file and the results file of its run, where one is there."""

    samples: Path
    task: str | None
    """From the file's name; None where it was renamed."""
    stamp: str


def recognise(path: Path) -> bool:
    """A samples file, a results file, or a folder with one of them directly in it."""
    if path.is_dir():
        return any(_kind(each) for each in sorted(path.iterdir()) if each.is_file() and _may_be(each))
    return _kind(path) is not None


def read(path: Path) -> list[Log]:
    """The logs of a folder or file, each task by the first metric it lists. See `read_lm_eval`."""
    return read_lm_eval(path)


def read_lm_eval(path: str | Path, metric: str | None = None) -> list[Log]:
    """One log per task, items called ``task:doc_id``.

    metric
        Which figure is the score: ``acc_norm``, or with a filter ``exact_match,flexible-extract``. None, and a task
        without that figure, takes the first that the task lists and whose values lie in [0, 1].

    UsageError: no samples (the run was made without ``--log_samples``), a line that cannot be read, a metric that is
    not there, or samples that are not those of their results file.
    """
    place = Path(path)
    files = sorted(each for each in (place if place.is_dir() else place.parent).iterdir() if _may_be(each))
    results = [each for each in files if each.is_file() and _kind(each) == "results"]
    if place.is_dir():
        runs = [_run(each) for each in files if each.is_file() and _kind(each) == "samples"]
    elif _kind(place) == "results":
        stamp = _stamp(place)
        runs = [_run(each) for each in files if _kind(each) == "samples" and (not stamp or _stamp(each) == stamp)]
        results = [place]
    else:
        runs = [_run(place)]
    if not runs:
        raise UsageError(
            "there are results of lm-eval, but no samples beside them",
            where=str(place),
            fix="run lm_eval with --log_samples and --output_path; averages alone cannot be compared item by item",
        )
    read_in = {each: read_results(each) for each in _wanted(runs, results)}
    logs = [_log(run, list(read_in.values()), metric) for run in _newest(runs)]
    if metric is not None and not any(_named(metric, log.settings.metric or "") for log in logs):
        raise _no_metric(metric, logs, place)
    older = len(runs) - len(logs)
    if older:
        note = f"{older:,} older samples files of the same tasks are in {place}; name one to read it."
        logs[0] = _with_note(logs[0], note)
    return logs


def _may_be(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith((".json", ".jsonl"))


def _kind(path: Path) -> str | None:
    """``samples`` or ``results``, from the content; None for neither."""
    if not path.is_file():
        return None
    if path.name.endswith(".gz"):
        return "samples" if _packed_sample(path) else None
    found = first_record(path)
    return "samples" if is_sample(found) else "results" if is_results(found) else None


def _packed_sample(path: Path) -> bool:
    try:
        return next(samples(path), None) is not None
    except UsageError:
        return False


def _stamp(path: Path) -> str:
    found = _SAMPLES.fullmatch(path.name) or _RESULTS.fullmatch(path.name)
    return found["stamp"] if found else ""


def _run(path: Path) -> Run:
    found = _SAMPLES.fullmatch(path.name)
    return Run(path, found["task"], found["stamp"]) if found else Run(path, None, "")


def _newest(runs: list[Run]) -> list[Run]:
    """The newest samples file of every task; files without a task in the name stand for themselves."""
    latest: dict[str, Run] = {}
    for run in sorted(runs, key=lambda each: each.stamp):
        latest[run.task or str(run.samples)] = run
    return sorted(latest.values(), key=lambda each: each.samples.name)


def _wanted(runs: list[Run], results: list[Path]) -> list[Path]:
    """Results files of the stamps of `runs`; all where a name does not tell."""
    stamps = {run.stamp for run in _newest(runs)}
    return [each for each in results if not _stamp(each) or _stamp(each) in stamps or "" in stamps]


def _log(run: Run, results: list[Results], metric: str | None) -> Log:
    found = survey(run.samples)
    if not found.figures:
        raise UsageError("the file holds no samples with metrics", where=str(run.samples), fix="did the run finish?")
    notes: list[str] = []
    home, task = _home(run, results, found)
    if home is None:
        notes.append("there is no results file of this run beside the samples: prompt and settings are not known.")
    else:
        _check(run, home, task, found)
    key = _chosen(found, metric, home, task, str(run.samples))
    name, _, label = key.partition(",")
    notes += _notes(found, key, home.config(task).get("output_type") if home else None)
    settings = home.settings(task, key) if home else Settings(task=task, metric=key, tool="lm-evaluation-harness")
    return Log(
        path=run.samples,
        format=FORMAT,
        model=(home.model if home else None) or run.samples.resolve().parent.name or run.samples.stem,
        rows=partial(_rows, run.samples, task, name, label, _fallback(home, task, label)),
        settings=settings,
        side=home.side if home else "unknown",
        reported=home.reported(task) if home else {},
        notes=tuple(notes),
    )


def _rows(path: Path, task: str, metric: str, label: str, fallback: str) -> Iterator[Row]:
    for sample in samples(path):
        if filter_of(sample) == label:
            yield row_of(sample, task, metric, fallback)


def _home(run: Run, results: list[Results], found: Survey) -> tuple[Results | None, str]:
    """The results file of a run and the task's name: by the name of the file, else by the hash of the samples."""
    for each in results:
        if run.task in each.tasks and run.stamp and _stamp(each.path) == run.stamp:
            return each, str(run.task)
    for each in results:
        for task in each.tasks:
            if found.task_hash is not None and each.of("task_hashes", task) == found.task_hash:
                return each, task
    named = [each for each in results if run.task in each.tasks and not _stamp(each.path)]
    return (named[0] if len(named) == 1 else None), run.task or run.samples.name.split(".")[0]


def _check(run: Run, home: Results, task: str, found: Survey) -> None:
    """Raise UsageError where the samples are not, or not all, those that the results were reckoned from."""
    told = home.of("task_hashes", task)
    if isinstance(told, str) and found.task_hash is not None and told != found.task_hash:
        size = home.of("n-samples", task)
        effective = size.get("effective") if isinstance(size, dict) else None
        have = max(figures.count for figures in found.figures.values())
        raise UsageError(
            "the samples are not those of the results file: their hashes differ"
            + (f" ({have:,} of {effective:,} documents are there)" if isinstance(effective, int) else ""),
            where=f"{run.samples} and {home.path.name}",
            fix="take both files of one run, whole and as lm-eval wrote them",
        )


def _chosen(found: Survey, metric: str | None, home: Results | None, task: str, where: str) -> str:
    usable = [key for key, figures in found.figures.items() if figures.usable]
    if metric is not None:
        matches = [key for key in found.figures if _named(metric, key)]
        if matches and matches[0] not in usable:
            raise UsageError(
                f"the metric {metric!r} is no score: it has values outside [0, 1]",
                where=where,
                fix=f"choose one of: {', '.join(usable) or 'none'}",
            )
        if matches:
            return matches[0]
    told = home.of("higher_is_better", task) if home else None
    lower = {name for name, better in told.items() if better is False} if isinstance(told, dict) else set()
    rising = [key for key in usable if key.partition(",")[0] not in lower]
    return rising[0] if rising else next(iter(found.figures))


def _named(metric: str, key: str) -> bool:
    """Whether a user who says `metric` means the figure `key`."""
    return metric in (key, key.partition(",")[0])


def _no_metric(metric: str, logs: list[Log], where: Path) -> UsageError:
    known = {key for log in logs for key in log.reported if "_stderr," not in key} | {
        log.settings.metric or "" for log in logs
    }
    return UsageError(f"there is no metric {metric!r}", where=str(where), fix=nearest(metric, known))


def _notes(found: Survey, key: str, output: object) -> list[str]:
    notes = []
    others = [other for other, figures in found.figures.items() if other != key and figures.usable]
    if others:
        notes.append(f"the score is {key}; the log also has {', '.join(others)}.")
    if not found.figures[key].usable:
        notes.append(f"{key} is no score between 0 and 1, so that the answers count as not scored.")
    if output == "multiple_choice":
        notes.append("options were compared by log-likelihood; no answer was generated.")
    return notes


def _fallback(home: Results | None, task: str, label: str) -> str:
    filters = home.config(task).get("filter_list") if home else None
    for entry in filters if isinstance(filters, list) else []:
        if isinstance(entry, dict) and entry.get("name") == label and isinstance(entry.get("filter"), list):
            said = [step.get("fallback") for step in entry["filter"] if isinstance(step, dict)]
            return next((str(one) for one in said if one is not None), "[invalid]")
    return "[invalid]"


def _with_note(log: Log, note: str) -> Log:
    return replace(log, notes=(*log.notes, note))


READER = Reader(
    name=FORMAT,
    title="lm-evaluation-harness",
    looks_for="results_*.json with results and configs, samples_*.jsonl with doc_id, doc, resps, filtered_resps",
    recognise=recognise,
    read=read,
)
