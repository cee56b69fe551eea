"""Numeric: the number in the answer, within a tolerance of the reference; compared as exact decimals."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal, localcontext
from typing import Annotated, Literal

import msgspec

from weighbridge.evidence import Completion, Finish, Score
from weighbridge.tasks.cell import Cell
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import as_text, references
from weighbridge.tasks.numerals import DecimalMark, Numeral, numerals

MARKERS = re.compile(
    r"####|\\boxed\s*\{|\b(?:final |correct )?(?:answer|antwort|réponse|respuesta)\b"
    r"[*_ ]{0,4}(?:\s(?:is|ist|est|es)\b|[:=])",
    re.IGNORECASE,
)


class Numeric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `numeric`."""

    absolute: Annotated[float, msgspec.Meta(ge=0, description="Largest difference that still counts as right.")] = 0.0
    relative: Annotated[
        float, msgspec.Meta(ge=0, description="The same as a share of the reference, for example 0.01 for 1 %.")
    ] = 0.0
    read: Annotated[
        Literal["last", "first", "only"],
        msgspec.Meta(description="Which number counts where no marker such as `Answer:` or `####` points at one."),
    ] = "last"
    marker: Annotated[
        str | None, msgspec.Meta(description="Text before the number; an answer without it is unparsable.")
    ] = None
    decimal: Annotated[
        DecimalMark, msgspec.Meta(description="Decimal mark of the answers; the other groups thousands.")
    ] = "."
    reference_decimal: Annotated[
        DecimalMark | None, msgspec.Meta(description="Decimal mark of the references, where it is another one.")
    ] = None
    percent: Annotated[
        Literal["ignore", "divide"], msgspec.Meta(description="45% is 45 (`ignore`) or 0.45 (`divide`).")
    ] = "ignore"


def value_of(found: Numeral, settings: Numeric) -> Decimal:
    """The number, divided by 100 where a percent sign asks for it."""
    return found.value.scaleb(-2) if found.percent and settings.percent == "divide" else found.value


def pick(text: str, settings: Numeric) -> tuple[Numeral | None, bool]:
    """The number that counts, and whether a marker pointed at it."""
    if settings.marker is not None:
        start = text.rfind(settings.marker)
        behind = start + len(settings.marker)
        found = numerals(text[behind:], settings.decimal) if start >= 0 else []
        if not found:
            return None, False
        return replace(found[0], start=found[0].start + behind, end=found[0].end + behind), True
    found = numerals(text, settings.decimal)
    if settings.read == "only":
        return (found[0] if len({each.value for each in found}) == 1 else None), False
    for mark in reversed(list(MARKERS.finditer(text))):
        after = [each for each in found if each.start >= mark.end()]
        if after:
            line = text.find("\n", after[0].start)
            return _result([each for each in after if line < 0 or each.start < line], text), True
    if not found:
        return None, False
    return (found[-1] if settings.read == "last" else found[0]), False


def _result(found: list[Numeral], text: str) -> Numeral:
    """The first number of the line, or its last where an equals sign stands before it: ``Answer: 3 * 4 = 12``."""
    summed = len(found) > 1 and "=" in text[found[-2].end : found[-1].start]
    return found[-1] if summed else found[0]


def close(answer: Decimal, reference: Decimal, settings: Numeric) -> bool:
    """|answer - reference| <= max(absolute, relative * |reference|), in decimals."""
    with localcontext() as context:
        context.prec = 500
        allowed = max(Decimal(repr(settings.absolute)), Decimal(repr(settings.relative)) * abs(reference))
        return abs(answer - reference) <= allowed


def reference_value(reference: Cell, settings: Numeric) -> Decimal | None:
    """A reference as a number: a number, or text with one in it (a worked answer ends in ``#### 72``)."""
    if isinstance(reference, bool):
        return None
    mark = "." if isinstance(reference, int | float) else settings.reference_decimal or settings.decimal
    read = msgspec.structs.replace(settings, decimal=mark, marker=None, read="last")
    text = as_text(reference)
    found, marked = pick(text, read)
    if found is None or (not marked and len(numerals(text, mark)) > 1):
        return None
    return value_of(found, settings)


def numeric(settings: Numeric) -> Callable[[Item, Completion], Score]:
    """1 if the number in the answer is close enough to any of the references, else 0."""

    def score(item: Item, completion: Completion) -> Score:
        found, marked = pick(completion.text, settings)
        if found is None:
            several = settings.read == "only" and bool(numerals(completion.text, settings.decimal))
            return unparsable(
                "there are several numbers in the answer" if several else "there is no number in the answer"
            )
        shown = format(value_of(found, settings), "f") if abs(found.value.adjusted()) < 40 else str(found.value)
        if completion.finish is Finish.LENGTH:
            text = completion.text.rstrip()
            alone = len(numerals(text, settings.decimal)) == 1
            if found.end >= len(text) or not (marked or alone):
                return unparsable("the answer was cut before its number was complete", shown)
        accepted = [reference_value(reference, settings) for reference in references(item.reference)]
        right = any(each is not None and close(value_of(found, settings), each, settings) for each in accepted)
        return Score(float(right), extracted=shown)

    return score


def _check(settings: Numeric, item: Item) -> str | None:
    for reference in references(item.reference):
        if reference_value(reference, settings) is None:
            return f"the reference {as_text(reference)[:60]!r} is not one number"
    return None


NUMERIC = ScorerSpec(
    "numeric", "1 if the number in the answer is within a tolerance of the reference.", Numeric, numeric, _check
)
