"""Regex: a pattern takes the answer out of the text; then exact or numeric comparison.

No pattern can stall a run: matching is done by the `regex` package, whose matcher can be stopped (the standard
library's cannot), on at most the last 200,000 characters, within `SECONDS`. A pattern that takes longer stops the run
with the pattern and the item; it is not scored as a wrong answer, because a score must not depend on the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Score
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import Normalisation
from weighbridge.tasks.numerals import DecimalMark
from weighbridge.tasks.scorers.exact import Exact, exact
from weighbridge.tasks.scorers.numeric import Numeric, numeric, reference_value

SECONDS = 1.0
LONGEST = 200_000


class Regex(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `regex`."""

    pattern: Annotated[
        str, msgspec.Meta(min_length=1, description="Python regular expression; `(?i)` in front overlooks case.")
    ]
    group: Annotated[
        int | str | None,
        msgspec.Meta(description="Group that holds the answer; the first where the pattern has one, else the match."),
    ] = None
    match: Annotated[
        Literal["last", "first"], msgspec.Meta(description="Which match counts where there are several.")
    ] = "last"
    compare: Annotated[
        Literal["exact", "numeric"], msgspec.Meta(description="How what was found is held against the reference.")
    ] = "exact"
    normalize: Annotated[
        tuple[Normalisation, ...], msgspec.Meta(description="For `exact`: differences to overlook.")
    ] = ("unicode", "whitespace")
    absolute: Annotated[float, msgspec.Meta(ge=0, description="For `numeric`: largest difference.")] = 0.0
    relative: Annotated[float, msgspec.Meta(ge=0, description="For `numeric`: largest share of the reference.")] = 0.0
    decimal: Annotated[DecimalMark, msgspec.Meta(description="For `numeric`: decimal mark.")] = "."


def _numeric(settings: Regex) -> Numeric:
    return Numeric(absolute=settings.absolute, relative=settings.relative, decimal=settings.decimal, read="only")


def compiled(settings: Regex) -> tuple[Any, int | str]:
    """The pattern and the group to read. Raises UsageError with the position of a mistake in the pattern."""
    import regex as engine

    try:
        pattern = engine.compile(settings.pattern)
    except engine.error as error:
        place = getattr(error, "pos", None)
        at = f" at character {place + 1}" if place is not None else ""
        raise UsageError(
            f"the pattern is not a regular expression: {getattr(error, 'msg', error)}{at}",
            where=f"pattern: {settings.pattern}",
            fix="in YAML, put the pattern in single quotes; write a literal bracket or dot with a backslash",
        ) from None
    group = settings.group if settings.group is not None else min(1, pattern.groups)
    if (isinstance(group, int) and not 0 <= group <= pattern.groups) or (
        isinstance(group, str) and group not in pattern.groupindex
    ):
        names = ", ".join(pattern.groupindex) or f"{pattern.groups} by number"
        raise UsageError(
            f"the pattern has no group {group!r}", where=f"pattern: {settings.pattern}", fix=f"its groups: {names}"
        )
    return pattern, group


def regex(settings: Regex) -> Callable[[Item, Completion], Score]:
    """What the pattern finds, scored by `exact` or `numeric`; no match is unparsable."""
    pattern, group = compiled(settings)
    inner = (
        numeric(_numeric(settings)) if settings.compare == "numeric" else exact(Exact(normalize=settings.normalize))
    )

    def score(item: Item, completion: Completion) -> Score:
        found = None
        try:
            for match in pattern.finditer(completion.text[-LONGEST:], timeout=SECONDS):
                found = match[group] if match[group] is not None else found
                if settings.match == "first" and found is not None:
                    break
        except TimeoutError:
            raise UsageError(
                f"the pattern took longer than {SECONDS:g} s on the answer to item {item.id!r}",
                where=f"pattern: {settings.pattern}",
                fix="avoid a repeat inside a repeat, as in (a+)+; the answers are kept, so no call is repeated",
            ) from None
        if found is None:
            return unparsable("the pattern found nothing")
        whole = msgspec.structs.replace(completion, text=found)
        if settings.compare == "numeric":
            from weighbridge.evidence import Finish

            whole = msgspec.structs.replace(whole, finish=Finish.STOP)  # the pattern says what is complete
        return inner(item, whole)

    return score


def _check(settings: Regex, item: Item) -> str | None:
    from weighbridge.tasks.normalise import as_text, references

    if settings.compare == "exact":
        return None
    for reference in references(item.reference):
        if reference_value(reference, _numeric(settings)) is None:
            return f"the reference {as_text(reference)[:60]!r} is not one number"
    return None


REGEX = ScorerSpec("regex", "A pattern takes the answer out; then exact or numeric comparison.", Regex, regex, _check)
