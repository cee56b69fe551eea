"""From the options of a project file to a `Task`: items, prompts, choices and the scorer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import msgspec

from weighbridge.errors import UsageError, nearest
from weighbridge.project.check import checked
from weighbridge.project.options import ProjectOptions
from weighbridge.project.placing import placed, placed_in_data, rooted
from weighbridge.project.prompts import Setting, make_prompts
from weighbridge.project.source import Source
from weighbridge.tasks.columns import ColumnMap
from weighbridge.tasks.item import Item
from weighbridge.tasks.load import Loaded, load_items
from weighbridge.tasks.marking import Marker
from weighbridge.tasks.normalise import as_text, references
from weighbridge.tasks.options import choices_of
from weighbridge.tasks.source import DataSource
from weighbridge.tasks.task import Prompt, Task

_NUMBER = re.compile(r"\s*[-+−]?\s*[$€£]?\s*[-+−]?[\d.,' ]*\d[\d.,]*\s*[%$€£]?\s*")
_LONGEST_NUMBER = 60

FEW_LABELS = 12
"""Distinct references up to which a task without stated choices and scorer is taken as a choice among them..."""
ITEMS_PER_LABEL = 5
"""...if each occurs in so many items on average."""


@dataclass(frozen=True, slots=True)
class TaskRead:
    """A task, and what was guessed on the way."""

    task: Task
    columns: ColumnMap
    notes: tuple[str, ...]
    own_prompts: dict[int, Prompt]
    """Prompts that candidates declare for themselves, by position of the candidate."""


def read_task(options: ProjectOptions, source: Source, folder: FilePath) -> TaskRead:
    """Read the data and make prompts and scorer. Raises `UsageError`."""
    data = data_source(options, folder)
    schema = json_schema(options, source, folder)
    named = scorer_options(source)
    probe = _marker(named, options, source, folder, ()) if named and named[0] != "choice" else None
    with placed_in_data(source):
        loaded = load_items(data, need_reference=probe.needs_reference if probe else True)
    notes = list(loaded.notes)
    choices = options.choices
    name, settings = named or _guess(loaded, options, notes)
    if name == "choice":
        choices = choices or _stated(settings) or (None if loaded.columns.choices else choices_of(loaded.items))
    marker = probe or _marker((name, settings), options, source, folder, choices or (), loaded.columns)
    with placed(source, ("scorer",) if named else ("data",), whole=False):
        marker.check(loaded.items, data.path)
    prompts = make_prompts(options, Setting(source, folder, data, loaded, choices, name))
    from weighbridge.tasks.scorers import scorer_key

    task = Task(
        name=options.name or _title(folder),
        items=loaded.items,
        scorer=marker,
        scorer_key=scorer_key(marker),
        prompts=prompts.named,
        choices=choices,
        json_schema=schema,
        show=loaded.columns.input,
        meta=loaded.columns.meta,
    )
    return TaskRead(task, loaded.columns, (*notes, *prompts.notes), dict(prompts.own))


def data_source(options: ProjectOptions, folder: FilePath) -> DataSource:
    """`data:` with its path taken from the project's folder."""
    data = DataSource(path=options.data) if isinstance(options.data, str) else options.data
    return msgspec.structs.replace(data, path=str(rooted(data.path, folder)))


def scorer_options(source: Source) -> tuple[str, dict[str, Any]] | None:
    """The scorer's name and settings as written; None where the file names none."""
    written = source.tree.get("scorer")
    if written is None:
        return None
    if isinstance(written, str):
        return written, {}
    name = written.get("name")
    if not isinstance(name, str) or not name:
        from weighbridge.tasks.scorers import SCORERS

        raise UsageError(
            "'name' is missing under 'scorer'",
            where=source.where(("scorer",)),
            fix=f"add 'name:', one of {', '.join(sorted(SCORERS))}, or a dotted path",
        )
    return name, {key: value for key, value in written.items() if key != "name"}


def json_schema(options: ProjectOptions, source: Source, folder: FilePath) -> str | None:
    """The answer's JSON Schema as text, read from its file where it is one."""
    if options.json_schema is None:
        return None
    if isinstance(options.json_schema, dict):
        return msgspec.json.encode(options.json_schema, order="sorted").decode()
    from weighbridge.tasks.source import existing

    with placed(source, ("json_schema",)):
        path = existing(str(rooted(options.json_schema, folder)))
        try:
            schema = msgspec.json.decode(path.read_bytes())
        except (msgspec.DecodeError, OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{path} is not JSON: {error}", fix="mend the file, or write the schema here") from None
    return msgspec.json.encode(schema, order="sorted").decode()


def _marker(
    named: tuple[str, dict[str, Any]],
    options: ProjectOptions,
    source: Source,
    folder: FilePath,
    choices: Sequence[str],
    columns: ColumnMap | None = None,
) -> Marker:
    from weighbridge.tasks.scorers import SCORERS, scorer_named

    name, settings = named
    if name in SCORERS:
        made = checked(source, SCORERS[name].settings, ("scorer",), settings)
        if name == "choice":
            stated = {"choices": tuple(choices)} if choices else {"columns": columns.choices if columns else ()}
            unsaid = {key: value for key, value in stated.items() if not settings.get(key)}
            made = msgspec.structs.replace(made, **unsaid)
        elif name == "json" and options.json_schema is not None and not settings.get("schema"):
            made = msgspec.structs.replace(made, schema=options.json_schema)
        given: Any = made
    elif ":" not in name and "." not in name:
        raise UsageError(
            f"there is no scorer {name!r}",
            where=source.where(("scorer", "name") if isinstance(source.tree.get("scorer"), dict) else ("scorer",)),
            fix=f"{nearest(name, SCORERS)} A function of your own is named by its path: my_module:my_function",
        )
    else:
        given = settings
    with placed(source, ("scorer",)):
        return scorer_named(name, given, statuses=options.status_scores, base=folder)[0]


def _stated(settings: dict[str, Any]) -> tuple[str, ...] | None:
    """Choices given among the scorer's own settings."""
    found = settings.get("choices")
    return tuple(as_text(one) for one in found) if isinstance(found, list | tuple) and found else None


def _guess(loaded: Loaded, options: ProjectOptions, notes: list[str]) -> tuple[str, dict[str, Any]]:
    """The scorer that fits the references, where the file names none."""
    name, why = guess_scorer(loaded.items, loaded.columns, options.choices, options.json_schema is not None)
    notes.append(f"scorer: {name}, because {why}")
    return name, {}


def guess_scorer(
    items: Sequence[Item], columns: ColumnMap, choices: Sequence[str] | None = None, schema: bool = False
) -> tuple[str, str]:
    """A scorer's name and the reason for it."""
    if choices:
        return "choice", "choices are stated"
    if columns.choices:
        return "choice", "each item has its own options"
    if schema or any(isinstance(item.reference, dict) for item in items):
        return "json", "a JSON Schema is stated" if schema else "the references are objects"
    labels = {as_text(reference) for item in items for reference in references(item.reference)}
    if len(labels) >= 2 and len(labels) <= FEW_LABELS and len(items) >= ITEMS_PER_LABEL * len(labels):
        return "choice", f"the references take only {len(labels)} values"
    from weighbridge.tasks.scorers import SCORERS

    numeric = SCORERS["numeric"]
    readable = numeric.check is not None and all(numeric.check(numeric.settings(), item) is None for item in items)
    if readable and all(_is_number(as_text(one)) for item in items for one in references(item.reference)):
        return "numeric", "every reference is a number"
    return "exact", "the references are texts"


def _is_number(text: str) -> bool:
    """A number and nothing else, or a worked answer that ends in ``#### 72``."""
    return "####" in text or (len(text) <= _LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None)


def _title(folder: FilePath) -> str:
    return folder.resolve().name or "task"
