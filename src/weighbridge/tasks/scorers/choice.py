"""Choice: the answer picks an option, by its letter or its text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish, Score
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.choice_reading import AMBIGUOUS, fold, read_choice
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import as_text, references
from weighbridge.tasks.options import Options, lettered, options_of


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `choice`."""

    choices: Annotated[
        tuple[str | int, ...] | None,
        msgspec.Meta(description="The options, the same for all items; the references that occur where absent."),
    ] = None
    columns: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Column with each item's own list of options, or one column per option."),
    ] = ()
    letters: Annotated[bool, msgspec.Meta(description="Read A, B, ... as the first, second, ... option.")] = True
    reference: Annotated[
        Literal["auto", "text", "letter", "number"],
        msgspec.Meta(description="What the reference is: an option's text, its letter, or its number from 0."),
    ] = "auto"


def options_for(settings: Choice, item: Item) -> Options:
    """The options of this item."""
    found = (
        options_of(item, settings.columns)
        if settings.columns
        else lettered([as_text(option).strip() for option in settings.choices or ()])
    )
    return found if settings.letters else Options((), found.texts, found.own)


def position(reference: Cell, options: Options, kind: str = "auto") -> int | None:
    """Index of the option a reference means. A whole number among an item's own options is an index from 0."""
    text = as_text(reference).strip()
    whole = isinstance(reference, int) and not isinstance(reference, bool)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None
    if kind == "number" or (kind == "auto" and whole and options.own):
        return number if number is not None and number < len(options.texts) else None
    if kind in ("auto", "text"):
        for same in (str.strip, str.casefold, fold):
            found = [index for index, option in enumerate(options.texts) if same(option) == same(text)]
            if len(found) == 1:
                return found[0]
    if kind in ("auto", "letter"):
        labels = [label.casefold() for label in options.labels or lettered(options.texts).labels]
        if text.strip("().").casefold() in labels:
            return labels.index(text.strip("().").casefold())
    return number if kind == "auto" and number is not None and number < len(options.texts) else None


def choice(settings: Choice) -> Callable[[Item, Completion], Score]:
    """1 if the option picked is the reference, else 0; no option or several is unparsable."""
    if not settings.columns:
        choices = [as_text(option).strip() for option in settings.choices or ()]
        if len(choices) < 2:
            raise UsageError(
                "the scorer 'choice' needs at least two options",
                where="choices",
                fix="list them under `choices:`, or name the column that holds each item's own with `columns:`",
            )
        twice = next((option for option in choices if choices.count(option) > 1 or not option), None)
        if twice is not None:
            raise UsageError(f"the option {twice!r} is there twice or empty", where="choices", fix="name each once")

    def score(item: Item, completion: Completion) -> Score:
        options = options_for(settings, item)
        picked = read_choice(completion.text, options, cut=completion.finish is Finish.LENGTH)
        if picked is None:
            return unparsable("no option can be read")
        if picked == AMBIGUOUS:
            return unparsable("more than one option is named")
        right = {position(each, options, settings.reference) for each in references(item.reference)}
        return Score(float(picked in right), extracted=options.texts[picked])

    return score


def _check(settings: Choice, item: Item) -> str | None:
    options = options_for(settings, item)
    for reference in references(item.reference):
        if position(reference, options, settings.reference) is None:
            shown = ", ".join(map(repr, options.texts[:8])) + (", ..." if len(options.texts) > 8 else "")
            return f"the reference {as_text(reference)[:60]!r} is none of the options {shown}"
    return None


CHOICE = ScorerSpec("choice", "1 if the option picked (letter or text) is the reference.", Choice, choice, _check)
