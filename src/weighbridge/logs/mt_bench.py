"""MT-bench (FastChat): `question.jsonl`, `model_answer/*.jsonl`, `model_judgment/*_single.jsonl` or `*_pair.jsonl`.

Name the judgements, or the benchmark's folder; the questions and answers that lie in FastChat's folders around the
judgements are joined to them. Answers alone are read without scores.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from weighbridge.errors import UsageError
from weighbridge.logs.json_records import holds_array, line_records
from weighbridge.logs.log import Log, Reader, Settings
from weighbridge.logs.mt_bench_rows import (
    Answer,
    Bench,
    Single,
    answer_rows,
    bench_of,
    judge_of,
    kind_of,
    opponents,
    pair_rows,
    single_rows,
)

FORMAT = "mt_bench"
LOGS = ("single", "pair", "answers")
"""Kinds of files that hold a log of their own; questions do not."""


def _files(folder: Path) -> dict[str, list[Path]]:
    """Files of a benchmark folder by kind: in it, and in its folders of answers and judgements."""
    found: dict[str, list[Path]] = {}
    for path in [*sorted(folder.glob("*.jsonl")), *sorted(folder.glob("model_*/*.jsonl"))]:
        kind = kind_of(path)
        if kind is not None and not holds_array(path):
            found.setdefault(kind, []).append(path)
    return found


def recognise(path: Path) -> bool:
    """A file of answers or judgements, or a folder that holds them where FastChat puts them."""
    if path.is_file():
        return kind_of(path) in LOGS and not holds_array(path)
    if not path.is_dir():
        return False
    found = _files(path)
    ours = {file for files in found.values() for file in files}
    # With other files beside them this is a folder of logs, which are looked at one by one.
    return any(kind in found for kind in LOGS) and not set(path.glob("*.json*")) - ours


def read(path: Path) -> list[Log]:
    """One log per model and judge."""
    if path.is_file():
        kind = kind_of(path)
        folder = path.resolve().parent
        home = folder.parent if folder.name.startswith("model_") else folder
        around = _files(home)
        chosen = path
    else:
        around = _files(path)
        kind, chosen = _judgements(path, around)
    bench = bench_of([*around.get("questions", []), *around.get("answers", [])])
    if kind == "single":
        return _single(chosen, bench)
    if kind == "pair":
        return _pairs(chosen, bench)
    if path.is_file():
        return _answers(path, bench)
    return [log for each in around.get("answers", []) for log in _answers(each, bench)]


def _judgements(folder: Path, around: dict[str, list[Path]]) -> tuple[str, Path]:
    judged = [(kind, path) for kind in ("single", "pair") for path in around.get(kind, [])]
    if len(judged) > 1:
        raise UsageError(
            f"there are {len(judged)} files of judgements: {', '.join(path.name for _, path in judged)}",
            where=str(folder),
            fix=f"name one of them: {judged[0][1]}",
        )
    return judged[0] if judged else ("answers", folder)


def _settings(model: str, judge: str | None, metric: str | None) -> Settings:
    return Settings(task=FORMAT, model=model, scorer=judge, metric=metric, tool="fastchat", shots=0)


def _single(path: Path, bench: Bench) -> list[Log]:
    unread: dict[tuple[str, str], list[int]] = {}
    for _, one in line_records(path, Single):
        counts = unread.setdefault((one.model, judge_of(one)), [0, 0])
        counts[0] += 1
        counts[1] += one.score == -1
    logs = []
    for (model, judge), (total, lost) in unread.items():
        notes = (f"{lost:,} of {total:,} judgements hold no rating and give no score.",) if lost else ()
        logs.append(
            Log(
                path,
                FORMAT,
                model,
                partial(single_rows, path, model, judge, bench),
                _settings(model, f"{judge}, ratings 1 to 10", "score"),
                notes=notes,
            )
        )
    return logs


def _pairs(path: Path, bench: Bench) -> list[Log]:
    logs = []
    for judge, met in opponents(path).items():
        everywhere = [model for model, others in met.items() if len(others) == len(met) - 1]
        # With two models either could be called the baseline: both are kept. With a round robin there is none.
        baseline = everywhere[0] if len(everywhere) == 1 and len(met) > 2 else None
        for model, others in met.items():
            if model == baseline:
                continue
            scorer = f"{judge}, pairwise against {baseline or 'each other'}"
            several = baseline is None and len(others) > 1
            note = "Games against several opponents are averaged within the item, and no model plays against itself."
            logs.append(
                Log(
                    path,
                    FORMAT,
                    model,
                    partial(pair_rows, path, model, judge, bench),
                    _settings(model, scorer, "win_rate_adjusted"),
                    notes=(note,) if several else (),
                )
            )
    return logs


def _answers(path: Path, bench: Bench) -> list[Log]:
    models = dict.fromkeys(one.model_id for _, one in line_records(path, Answer))
    note = "Answers without judgements have no score: score them again, or name the judgements."
    return [
        Log(
            path,
            FORMAT,
            model,
            partial(answer_rows, path, model, bench),
            _settings(model, None, None),
            notes=(note,),
        )
        for model in models
    ]


READER = Reader(
    FORMAT,
    "MT-bench",
    "json lines with question_id and either model, judge and score, or model_1, model_2 and g1_winner, or model_id "
    "and choices",
    recognise,
    read,
)
