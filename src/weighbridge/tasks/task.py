"""A task: items, prompts and a scorer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from weighbridge.evidence import Completion, Score
from weighbridge.tasks.item import Item, Message

Scorer = Callable[[Item, Completion], Score]
"""A plain function; the same input always gets the same score. It may raise: that is a bug of the scorer, not a
wrong answer, and stops the run with its name and the item."""


class Prompt(Protocol):
    """Something that renders an item into messages; two prompts with the same `key` render alike."""

    @property
    def name(self) -> str: ...

    def render(self, item: Item) -> tuple[Message, ...]: ...


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be done, and how an answer is marked."""

    name: str
    items: tuple[Item, ...]
    scorer: Scorer
    scorer_key: str
    """Names the scorer and its settings; part of every stored score, not of the answer's key."""
    prompts: Mapping[str, Prompt]
    """By name; ``default`` is there unless every candidate names its own."""
    choices: tuple[str, ...] | None = None
    """The answers that are possible, where the task is a choice."""
    json_schema: str | None = None
    show: tuple[str, ...] = ()
    """Fields shown in reports as the question; empty: all input fields."""
    meta: tuple[str, ...] = field(default=())
    """Metadata column names."""
