"""The options of an item as they are written after its prompt: what is scored, or what an answer is held to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache

from weighbridge.errors import UsageError
from weighbridge.tasks.item import Item
from weighbridge.tasks.options import Options, lettered, options_of
from weighbridge.tasks.templates import Template

SEEN = ("choice", "label", "item")
"""What the template sees beside the columns: the option's text, its letter, the columns by name."""


@dataclass(frozen=True, slots=True)
class Continuations:
    """Options the same for all items (`choices`), or each item's own (`columns`), and how they are written."""

    choices: tuple[str, ...] | None = None
    columns: tuple[str, ...] = ()
    template: str | None = None
    """None: the text or letter alone behind a chat template, for the answer is a turn of its own there; after
    plain text behind a blank, as lm-eval's ``target_delimiter`` puts it."""
    withheld: tuple[str, ...] = ()
    """Columns the template may not show: the reference."""
    where: str = "choice_as"
    letter: bool = False
    """Without a template, write the option's letter and not its text: the prompt asks for the letter."""

    def options(self, item: Item) -> Options:
        """The options of `item`. Raises `UsageError` with its line where it has fewer than two."""
        if self.choices is not None:
            return lettered(self.choices)
        return options_of(item, self.columns)

    def written(self, item: Item, *, chat: bool) -> tuple[str, ...]:
        """Each option as it stands after the prompt. Raises `UsageError` where two are alike or one is empty."""
        options = self.options(item)
        template = _template(self.form(chat=chat), self.where)
        fields = {name: value for name, value in item.fields.items() if name not in self.withheld}
        labels = options.labels or options.texts
        texts = tuple(
            template.render({"item": fields, **fields, "choice": text, "label": label}, self.withheld, item.id)
            for text, label in zip(options.texts, labels, strict=True)
        )
        if len(set(texts)) < len(texts) or any(not text.strip() for text in texts):
            raise UsageError(
                f"two options of item {item.id!r} are written alike, or one as nothing",
                where=self.where,
                fix="let the template show {{ choice }} or {{ label }}, and give each option a text of its own",
            )
        return texts

    def form(self, *, chat: bool) -> str:
        """The template in use."""
        if self.template is not None:
            return self.template
        blank = "" if chat else " "
        return f"{blank}{{{{ {'label' if self.letter else 'choice'} }}}}"

    def check(self, columns: Collection[str]) -> None:
        """Raise `UsageError` for a template that is wrong or shows what is not there."""
        if self.template is not None:
            made = Template(self.template, self.where)
            made.check({*SEEN, *columns} - set(self.withheld), self.withheld)
            if not {"choice", "label"} & set(made.names()):
                raise UsageError(
                    "the template of a choice shows no choice: all would be written alike",
                    where=self.where,
                    fix="write {{ choice }} for the option's text or {{ label }} for its letter",
                )


@lru_cache(maxsize=64)
def _template(source: str, where: str) -> Template:
    return Template(source, where)
