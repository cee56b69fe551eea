"""From a suite's name to a task that can be weighed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError, nearest
from weighbridge.tasks.continuation import Continuations
from weighbridge.tasks.item import Item, Message
from weighbridge.tasks.normalise import as_text, references
from weighbridge.tasks.options import LETTERS, options_of
from weighbridge.tasks.prompt import JinjaPrompt
from weighbridge.tasks.shots import draw_shots
from weighbridge.tasks.suites.catalogue import suite_named
from weighbridge.tasks.suites.definition import Suite
from weighbridge.tasks.suites.find import Found, find
from weighbridge.tasks.suites.rows import digest, read_items
from weighbridge.tasks.task import Prompt, Task

SCORING = "loglikelihood"
"""Name of the prompt that log-likelihoods are compared after; ``default`` is the one that is answered."""


@dataclass(frozen=True, slots=True)
class SuiteTask:
    """A suite with its data: a task like any other, and how its answers may come about."""

    suite: Suite
    part: str | None
    task: Task
    continuations: Continuations | None
    """How options are written where an answer is held to them."""
    scored: Continuations | None
    """How options are written where their log-likelihoods are compared."""
    found: Found
    digest: str
    """Of the items: the same data give the same one."""
    whole: int
    """Items there are, before `limit`."""
    shots: int
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``mmlu/anatomy``."""
        return self.suite.name if self.part is None else f"{self.suite.name}/{self.part}"


def suite_task(
    name: str,
    *,
    data: Sequence[str | Path] = (),
    limit: int | None = None,
    seed: int = 0,
    shots: int | None = None,
) -> SuiteTask:
    """The suite `name` (or a part of it: ``mmlu/anatomy``) on the data that are on this machine.

    `limit` draws so many items at random by `seed`, whole groups of related items together; `shots` is the number of
    examples in the prompt, the suite's own where None. Raises `UsageError` for an unknown suite or part, for data
    that are not there (with the command that fetches them) or not laid out as they should be.
    """
    suite, part = suite_named(name)
    found = find(suite, data)
    items = read_items(suite, found)
    if part is not None:
        items = _part_of(suite, items, part)
    whole = len(items)
    drawn = sample(items, limit, seed)
    count = suite.shots if shots is None else shots
    examples = _examples(suite, data, items, count, seed, part) if count else ()
    columns = sorted({name for item in items[:50] for name in item.fields})
    option_columns = suite.options if not suite.labels else ()
    fixed = tuple(suite.labels) or None
    shared: dict[str, Any] = {
        "withheld": tuple(name for name in suite.withheld if name in columns),
        "choices": fixed,
        "option_columns": option_columns,
    }
    prompts: dict[str, Prompt] = {
        "default": JinjaPrompt(
            "default",
            suite.ask.user,
            system=suite.ask.system,
            answer=suite.ask.answer,
            shots=examples,
            columns=columns,
            where=f"suite {suite.name}",
            **shared,
        )
    }
    held = scored = None
    if fixed or option_columns:
        held = Continuations(fixed, option_columns, withheld=shared["withheld"], letter=not fixed)
    if suite.loglikelihood is not None:
        way = suite.loglikelihood
        scored = Continuations(fixed, option_columns, way.choice_as, shared["withheld"], letter=way.letters)
        plain = JinjaPrompt(SCORING, suite.loglikelihood.user, columns=columns, where=f"suite {suite.name}", **shared)
        prompts[SCORING] = _Examples(plain, scored, examples)
    from weighbridge.tasks.scorers import scorer_named

    scorer, settings = _scorer(suite, fixed, option_columns)
    marker, key = scorer_named(scorer, settings, where=f"suite {suite.name}")
    marker.check(drawn, str(found.path))
    task = Task(
        name=suite.title if part is None else f"{suite.title}: {part}",
        items=tuple(drawn),
        scorer=marker,
        scorer_key=key,
        prompts=prompts,
        choices=fixed or (_letters(drawn, option_columns) if option_columns else None),
        show=suite.show,
        meta=(suite.subset,) if suite.subset else (),
    )
    notes = [*suite.notes]
    if suite.size > whole and part is None:
        notes.append(f"{whole:,} of the {suite.size:,} published items are in these data")
    return SuiteTask(suite, part, task, held, scored, found, digest(items), whole, len(examples), tuple(notes))


def sample(items: list[Item], limit: int | None, seed: int) -> list[Item]:
    """`limit` items drawn at random, in their own order; items that belong together come together, so that the last
    group may go beyond it by a few."""
    if limit is None or limit >= len(items):
        return items
    groups: dict[str, list[int]] = {}
    for number, item in enumerate(items):
        groups.setdefault(item.cluster or f"\0{number}", []).append(number)
    order = list(groups.values())
    random.Random(seed).shuffle(order)  # noqa: S311 - a sample, no secret
    chosen: list[int] = []
    for group in order:
        if len(chosen) >= limit:
            break
        chosen += group
    return [items[number] for number in sorted(chosen)]


class _Examples:
    """A scoring prompt behind worked examples, all in one text: lm-eval's few-shot form."""

    def __init__(self, prompt: JinjaPrompt, options: Continuations, shots: Sequence[Item]) -> None:
        self.name = prompt.name
        self._prompt = prompt
        self._before = "".join(f"{prompt.render(shot)[-1].content}{_right(options, shot)}\n\n" for shot in shots)

    def render(self, item: Item) -> tuple[Message, ...]:
        """One user message."""
        return (Message("user", self._before + self._prompt.render(item)[-1].content),)


def _right(options: Continuations, shot: Item) -> str:
    found = options.options(shot)
    known = found.texts if options.choices is not None else found.labels
    position = known.index(as_text(references(shot.reference)[0]))
    return options.written(shot, chat=False)[position]


def _part_of(suite: Suite, items: list[Item], part: str) -> list[Item]:
    column = suite.subset or ""
    plain = part.replace(" ", "_").casefold()
    chosen = [item for item in items if item.meta[column].replace(" ", "_").casefold() == plain]
    if not chosen:
        known = {item.meta[column].replace(" ", "_") for item in items}
        raise UsageError(
            f"the suite {suite.name!r} has no part {part!r} in these data",
            where=f"{suite.name}/{part}",
            fix=nearest(part, known),
        )
    return chosen


def _examples(
    suite: Suite, data: Sequence[str | Path], items: list[Item], count: int, seed: int, part: str | None
) -> tuple[Item, ...]:
    if suite.data.shots is None and not suite.data.shots_files and suite.shape not in ("flip", "mbpp"):
        raise UsageError(
            f"the data of {suite.name} have no part that examples could be drawn from",
            where=suite.name,
            fix="leave --shots out: what is weighed must not be shown",
        )
    pool = read_items(suite, find(suite, data, shots=True), shots=True)
    if part is not None and suite.subset is not None:
        pool = _part_of(suite, pool, part)
    fields = [name for name in suite.show if name in pool[0].fields]
    return draw_shots(pool, items, count, seed, fields=fields, by_id=False, where=suite.name).items


def _scorer(suite: Suite, fixed: tuple[str, ...] | None, columns: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    written = {"name": suite.scorer} if isinstance(suite.scorer, str) else dict(suite.scorer)
    name = str(written.pop("name"))
    if name == "choice":
        # Answers of one capital letter are options A, B, ...; a task of words has no letters to confuse them with.
        written |= {"choices": fixed, "letters": False} if fixed else {"columns": columns, "reference": "letter"}
    return name, written


def _letters(items: Sequence[Item], columns: tuple[str, ...]) -> tuple[str, ...]:
    """The letters of the longest list of options."""
    return tuple(LETTERS[: max(len(options_of(item, columns).texts) for item in items)])
