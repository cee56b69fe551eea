"""Turns an lm-evaluation-harness task file into a Weighbridge project: its prompt, data, decoding and scorer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.logs.imported_task import ITEMS, ImportedTask
from weighbridge.logs.lm_eval_docs import Documents, Rendered, as_template, as_written, documents
from weighbridge.logs.lm_eval_marks import generation_scorer
from weighbridge.logs.lm_eval_yaml import read_task
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.options import LETTERS
from weighbridge.tasks.templates import Template

ID, REFERENCE, CHOICES = "lm_eval_id", "lm_eval_reference", "lm_eval_choices"

KNOWN = {
    *(
        "task",
        "task_alias",
        "tag",
        "group",
        "dataset_path",
        "dataset_name",
        "dataset_kwargs",
        "test_split",
        "metadata",
    ),
    *("validation_split", "training_split", "fewshot_split", "output_type", "doc_to_text", "doc_to_target"),
    *("doc_to_choice", "description", "generation_kwargs", "filter_list", "metric_list", "num_fewshot"),
    *("target_delimiter", "fewshot_delimiter", "repeats", "should_decontaminate", "doc_to_decontamination_query"),
}
"""Keys that are mapped, or that do not bear on answers to the documents."""

_SAMPLING = {"temperature": "temperature", "top_p": "top_p", "seed": "seed", "max_gen_toks": "max_tokens"}
_ANSWER = re.compile(r"\s*\b(?:Answer|A|Réponse|Antwort|Respuesta|答案)\s*[:：]\s*$")
_PLACEHOLDERS = (
    {"name": "pretend-open", "model": "simulated:accuracy=0.8,side=open"},
    {"name": "pretend-closed", "model": "simulated:accuracy=0.85,side=closed"},
)
_LISTED = """{% for option in lm_eval_choices %}
{{ "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[loop.index0] }}) {{ option }}
{% endfor %}"""
_UNLETTERED = "{% for option in lm_eval_choices %}\n- {{ option }}\n{% endfor %}"


def import_lm_eval(
    path: str | Path, *, data: str | Path | None = None, label: str | None = None, models: Sequence[str] = ()
) -> ImportedTask:
    """The project of a task file.

    `doc_to_text` and `description` stay templates, rendered in the sandbox; `doc_to_target` and `doc_to_choice` are
    rendered into the items. `data` names the rows where the task takes them from a hub; `label` is the filter whose
    reading of answers is taken (the first where None); `models` become candidates.

    Multiple choice is asked by generation: the options are shown and the answer names one. That is not lm-eval's
    comparison of log-likelihoods, and the scores of the two must not be compared; the project says so.

    UsageError: ``!function`` and other code (with its line), a group of tasks, a task of log-likelihoods alone, data
    that are not files here, a template that the sandbox does not allow.
    """
    place = Path(path)
    config = read_task(place)
    _refuse(config, place)
    docs = documents(config, place, Path(data) if data is not None else None)
    lost = [f"{key}: is not read." for key in config if key not in KNOWN]
    name = str(config.get("task") or place.stem)
    choice = config.get("output_type") == "multiple_choice"
    rows, options = _rows(config, docs, name, place, choice, lost)
    user = as_template(str(config["doc_to_text"]), docs.fields)
    shown = [field for field in Template(user, f"{place}, doc_to_text").names() if field in docs.fields]
    project: dict[str, Any] = {
        "name": name,
        "data": {"path": ITEMS, "id": ID, "reference": REFERENCE, "input": shown or list(docs.fields[:1])},
    }
    if choice and "choices" in docs.fields:
        # Beside a choice the prompt's own `choices` are the options' texts; the task means its field.
        user = '{% set choices = item["choices"] +%}' + user
    project["prompt"] = _prompt(config, user, options, choice)
    if choice:
        project |= _choice(project["data"], rows, options, lost)
    else:
        scorer = generation_scorer(config, label, lost, str(place))
        project |= {"scorer": scorer} if scorer is not None else {}
    sampling = _sampling(config, choice, lost)
    named = [{"model": model} for model in models]
    if len(named) < 2:
        named += _PLACEHOLDERS[: 2 - len(named)]
        lost.append(
            f"candidates: a task names no model; replace {', '.join(one['model'] for one in named[len(models) :])}."
        )
    project["candidates"] = [{**one, **sampling} for one in named]
    if config.get("num_fewshot"):
        lost.append(f"num_fewshot: the {config['num_fewshot']} examples; name a file of them under prompt: shots:.")
    return ImportedTask(project, tuple(rows), tuple(dict.fromkeys(lost)))


def _refuse(config: dict[str, Any], path: Path) -> None:
    where = str(path)
    if isinstance(config.get("task"), list) or "doc_to_text" not in config:
        raise UsageError(
            "this is a group of tasks, or no task: it has no doc_to_text", where=where, fix="name one task's file"
        )
    if "class" in config or config.get("use_prompt"):
        raise UsageError(
            "the task is Python code", where=where, fix="only tasks that are YAML throughout can be read"
        )
    output = config.get("output_type", "generate_until")
    if output not in ("generate_until", "multiple_choice"):
        raise UsageError(
            f"the task is scored by log-likelihood alone (output_type: {output}); there is no answer to mark",
            where=where,
            fix="choose a task of generate_until or multiple_choice",
        )


def _rows(
    config: dict[str, Any], docs: Documents, task: str, path: Path, choice: bool, lost: list[str]
) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """The items with their references, and the options of each where the task is a choice."""
    target = Rendered("doc_to_target", config.get("doc_to_target"), docs, str(path))
    wanted = Rendered("doc_to_choice", config.get("doc_to_choice"), docs, str(path)) if choice else None
    text = Template(as_template(str(config["doc_to_text"]), docs.fields), f"{path}, doc_to_text")
    rows: list[dict[str, Any]] = []
    every: list[list[str]] = []
    for number, row in enumerate(docs.rows):
        reference = target.of(row, number)
        if wanted is not None:
            found = wanted.of(row, number)
            options = [str(each) for each in found] if isinstance(found, list | tuple) else []
            if number == 0 and text.render({**row, "item": row}).strip().isdigit():
                raise UsageError("each option has a prompt of its own", where=str(path), fix="rewrite the task")
            reference = _option(reference, options)
            if len(options) < 2 or reference is None:
                lost.append(f"document {number}: its target is none of its options.")
                continue
            every.append(options)
        rows.append({**row, ID: f"{task}:{number}", REFERENCE: reference})
    if not rows:
        raise UsageError("no document has a target", where=str(docs.path), fix="check doc_to_target and the data")
    return rows, every


def _option(target: Cell, options: list[str]) -> Cell:
    """The option, or the options, a target means by index or by text; None where it means none."""
    if isinstance(target, list):
        found = [_option(each, options) for each in target]
        return found if found and None not in found else None
    text = str(target)
    if isinstance(target, int) or (text.isascii() and text.isdigit() and len(text) < 6 and text not in options):
        return options[int(text)] if 0 <= int(text) < len(options) else None
    return text if text in options else None


def _prompt(config: dict[str, Any], user: str, options: list[list[str]], choice: bool) -> dict[str, str]:
    """Description as the system message, where lm-eval puts it for chat models; behind it how to name an option."""
    system = as_written(str(config.get("description") or "")).strip()
    if choice and any(each != options[0] for each in options):
        lettered = max(map(len, options)) <= len(LETTERS)
        user = f"{_ANSWER.sub('', user)}\n\n{_LISTED if lettered else _UNLETTERED}"
        named = "the letter of the right option" if lettered else "the right option"
        system = f"{system}\n\nAnswer with {named}, and nothing else."
    elif choice:
        listed = "{% for option in choices %}\n- {{ option }}\n{% endfor %}"
        system = f"{system}\n\nAnswer with exactly one of these, and nothing else:\n{listed}"
    return {"system": system.strip(), "user": user} if system.strip() else {"user": user}


def _choice(
    data: dict[str, Any], rows: list[dict[str, Any]], options: list[list[str]], lost: list[str]
) -> dict[str, Any]:
    lost.append(
        "output_type: multiple_choice: the model is shown the options and names one. lm-eval compares "
        "log-likelihoods instead; scores of the two ways must not be compared."
    )
    if all(each == options[0] for each in options) and len(set(options[0])) == len(options[0]):
        return {"choices": options[0], "scorer": {"name": "choice", "reference": "text"}}
    data["choices"] = CHOICES
    twice = any(len(set(each)) < len(each) for each in options)
    for row, each in zip(rows, options, strict=True):
        row[CHOICES] = each
        if twice and not isinstance(row[REFERENCE], list):
            row[REFERENCE] = each.index(row[REFERENCE])
    return {"scorer": {"name": "choice", "reference": "number" if twice else "text"}}


def _sampling(config: dict[str, Any], choice: bool, lost: list[str]) -> dict[str, Any]:
    """`generation_kwargs` by this project's names. An absent `until` is the delimiter of examples, as in lm-eval."""
    if choice:
        return {"max_tokens": 16}
    given = config.get("generation_kwargs")
    given = dict(given) if isinstance(given, dict) else {}
    until = given.pop("until", config.get("fewshot_delimiter", "\n\n"))
    stop = [str(each) for each in (until if isinstance(until, list) else [until]) if each]
    found: dict[str, Any] = {"stop": stop} if stop else {}
    if not given.pop("do_sample", True) and "temperature" not in given:
        given["temperature"] = 0.0
    for key, value in given.items():
        name = _SAMPLING.get("max_gen_toks" if key == "max_new_tokens" else key)
        if name is None:
            lost.append(f"generation_kwargs: {key}.")
        elif value is not None:
            found[name] = float(value) if name in ("temperature", "top_p") else value
    if isinstance(config.get("repeats"), int) and config["repeats"] > 1:
        found["repeats"] = config["repeats"]
    return found
