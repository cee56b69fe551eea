"""Prompts: a system and a user template, and examples that are the same for every item."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.tasks.item import Item, Message
from weighbridge.tasks.normalise import as_text, references
from weighbridge.tasks.options import Options, lettered, options_of
from weighbridge.tasks.templates import Template

EXTRA = ("item", "choices", "options")
"""What templates see beside the columns (a column of that name comes first): ``item``, the columns by name;
``choices``, the options' texts; ``options``, each with ``label`` and ``text``."""


class JinjaPrompt:
    """Renders an item into messages: system, then examples as user and assistant turns, then the item.

    Templates see the item's columns by name, but never the columns in `withheld` (the reference). Everything before
    the last message is the same for all items unless the system template uses a column, so that engines can keep
    it. All templates are checked, and the examples rendered, when the prompt is made.
    """

    def __init__(
        self,
        name: str,
        user: str,
        *,
        system: str | None = None,
        answer: str = "{{ reference }}",
        shots: Sequence[Item] = (),
        withheld: Collection[str] = (),
        choices: Sequence[str] | None = None,
        option_columns: Sequence[str] = (),
        columns: Collection[str] | None = None,
        where: str | None = None,
    ) -> None:
        """`answer` renders the assistant's turn of an example; it alone sees ``reference`` and the withheld columns.

        `columns` are the known column names; with them, a name that is not there is told at once, not at the first
        item. Raises UsageError for a template that is wrong.
        """
        self.name = name
        self.withheld = tuple(withheld)
        self.choices = tuple(choices) if choices is not None else None
        self.option_columns = tuple(option_columns)
        self.shots = tuple(shots)
        place = where or f"prompt {name}"
        self._user = Template(user, f"{place}, user")
        self._system = Template(system, f"{place}, system") if system is not None and system.strip() else None
        self._answer = Template(answer, f"{place}, answer")
        known = {*columns, *EXTRA, "range", "dict", "namespace"} if columns is not None else None
        for template in (self._user, self._system):
            if template is not None and known is not None:
                template.check(known - set(self.withheld), self.withheld)
        self._fixed = not (self._system and self._system.names())
        self._turns = tuple(turn for shot in self.shots for turn in self._example(shot))
        self._opening = (self._system_turn({}, ""),) if self._system and self._fixed else ()

    @property
    def key(self) -> str:
        """Two prompts with one key render alike."""
        parts: list[Any] = [self._user.source, self._system.source if self._system else None]
        parts += [
            [(turn.role, turn.content) for turn in self._turns],
            self.withheld,
            self.choices,
            self.option_columns,
        ]
        return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def shared_prefix(self) -> tuple[Message, ...]:
        """The messages that are the same for every item."""
        return (*self._opening, *self._turns) if self._fixed else ()

    @property
    def notes(self) -> list[str]:
        """What is odd about the prompt, for the user to see."""
        if self._user.names() or (self._system and self._system.names()):
            return []
        return [f"prompt {self.name!r} shows nothing of the item: every item gets the same text"]

    def render(self, item: Item) -> tuple[Message, ...]:
        """The messages for `item`. Raises UsageError where a field is missing or nothing is left to say."""
        values = self._values(item)
        label = repr(item.id) + (f", line {item.line}" if item.line is not None else "")
        opening = self._opening
        if self._system and not self._fixed:
            opening = (self._system_turn(values, label),)
        return (*opening, *self._turns, self._user_turn(values, label))

    def _values(self, item: Item) -> dict[str, Any]:
        fields = {name: value for name, value in item.fields.items() if name not in self.withheld}
        values: dict[str, Any] = {"item": fields}
        options = self._options(item)
        if options is not None:
            values["choices"] = list(options.texts)
            labels = options.labels or options.texts
            values["options"] = [
                {"label": label, "text": text} for label, text in zip(labels, options.texts, strict=True)
            ]
        return values | fields | ({"choices": values["choices"]} if options is not None else {})

    def _options(self, item: Item) -> Options | None:
        if self.option_columns:
            return options_of(item, self.option_columns)
        return lettered(self.choices) if self.choices is not None else None

    def _user_turn(self, values: dict[str, Any], label: str) -> Message:
        text = self._user.render(values, self.withheld, label).strip()
        if not text:
            raise UsageError(
                f"the prompt {self.name!r} renders to nothing (item {label})",
                where=self._user.where,
                fix="the fields it shows are empty in this item",
            )
        return Message("user", text)

    def _system_turn(self, values: dict[str, Any], label: str) -> Message:
        source = self._system or self._user
        return Message("system", source.render(values, self.withheld, label).strip())

    def _example(self, shot: Item) -> tuple[Message, Message]:
        label = f"{shot.id!r} of the examples"
        values = self._values(shot)
        right = references(shot.reference)[0] if references(shot.reference) else None
        known = {**shot.fields, **values, "reference": as_text(right)}
        answer = self._answer.render(known, (), label).strip()
        if not answer:
            raise UsageError(f"the answer of an example renders to nothing (item {label})", where=self._answer.where)
        return self._user_turn(values, label), Message("assistant", answer)
