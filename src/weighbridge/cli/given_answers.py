"""Answers that a command is given: a table, other tools' logs, or a project whose answers are in its store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from weighbridge.judge.answers import Answers
    from weighbridge.logs.log import Log

_TABLES = (".csv", ".tsv", ".txt", ".parquet", ".pq")


def column_names(given: Sequence[str]) -> dict[str, str]:
    """Column by role, from ``ROLE=NAME`` as the option ``--column`` takes it. Raises `UsageError`."""
    found = {}
    for text in given:
        role, sign, name = text.partition("=")
        if not (sign and role and name):
            raise UsageError(f"--column takes ROLE=NAME, not {text!r}", where="option --column", fix="write it so")
        found[role] = name
    return found


def given_answers(files: Sequence[str], columns: Mapping[str, str], encoding: str | None) -> Answers:
    """The answers in `files`. No model is called. UsageError: nothing that can be read as answers."""
    from weighbridge.judge.answers import read_answers

    if not files:
        raise UsageError("no answers were named", fix="name a table, logs of other tools, or a project file")
    if files[0].lower().endswith((".yaml", ".yml")):
        if len(files) > 1:
            raise UsageError("a project file stands alone", where=files[1], fix="name one project file")
        return project_answers(files[0])
    paths = [Path(name).expanduser() for name in files]
    alone = len(paths) == 1
    # No tool writes its log as one of these; of json and its lines only the content tells.
    if alone and (columns or not paths[0].exists() or paths[0].name.lower().removesuffix(".gz").endswith(_TABLES)):
        return read_answers(paths[0], columns, encoding)
    from weighbridge.judge.log_answers import answers_of
    from weighbridge.logs.recognise import recognise

    if alone and paths[0].is_file() and recognise(paths[0]) is None:
        return read_answers(paths[0], columns, encoding)
    return answers_of([log for path in paths for log in _logs(path)])


def _logs(path: Path) -> list[Log]:
    """The logs at a path; a table beside them is one log for each of its models."""
    from weighbridge.logs.recognise import read_logs, recognise
    from weighbridge.logs.score_tables import may_be_table, table_logs

    return table_logs(path) if may_be_table(path) and recognise(path) is None else read_logs(path)


def project_answers(file: str) -> Answers:
    """The answers that the project's candidates gave in earlier runs, out of its store.

    UsageError: the store holds none of them.
    """
    from weighbridge.judge.answers import CARRIED, Answers, shown
    from weighbridge.project.candidates import side_of
    from weighbridge.project.load import load_project
    from weighbridge.store import Key, key_of, open_store
    from weighbridge.weighing.contenders import contenders_for
    from weighbridge.weighing.ledger import shown as question_of

    project = load_project(file)
    task = project.task
    texts: dict[tuple[str, str], str] = {}
    carried: dict[tuple[str, str], dict[str, str]] = {}
    with project.placing(), open_store(project.store, readonly=True) as store:
        for contender in contenders_for(task.name, project.candidates, project.limits):
            one = contender.candidate
            keys: dict[Key, list[str]] = {}
            for item in task.items:
                key = key_of(one.model, contender.request(one.prompt.render(item), item, 0))
                keys.setdefault(key, []).append(item.id)
            for key, answer in store.get_many(keys).items():
                cost = contender.bill.cost(answer.completion.usage, answer.machine_seconds)
                usage = answer.completion.usage
                figures = (cost, usage.duration, usage.input_tokens, usage.output_tokens, None, side_of(one))
                for item_id in keys[key]:
                    texts[one.name, item_id] = shown(answer.completion.text)
                    carried[one.name, item_id] = {
                        name: str(value) for name, value in zip(CARRIED, figures, strict=True) if value is not None
                    }
    for item in task.items:
        for one in project.candidates:
            if item.cluster is not None and (one.name, item.id) in carried:
                carried[one.name, item.id]["cluster"] = item.cluster
    if not texts:
        raise UsageError(
            "the project's store holds no answer of its candidates",
            where=project.store,
            fix=f"ask them first: weighbridge run {file}",
        )
    answered = {item for _, item in texts}
    return Answers(
        file,
        tuple(item.id for item in task.items if item.id in answered),
        tuple(one.name for one in project.candidates if any(model == one.name for model, _ in texts)),
        texts,
        {item.id: question_of(item, task.show) for item in task.items},
        {item.id: str(item.reference) for item in task.items if item.reference is not None},
        carried,
        {},
        {one.name: one.model.spec for one in project.candidates},
    )
