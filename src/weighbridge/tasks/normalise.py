"""Named normalisations of text; scorers apply them to the answer and the reference alike."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from typing import Any, Literal, get_args

import msgspec

from weighbridge.tasks.cell import Cell
from weighbridge.tasks.numerals import plain_numerals

Normalisation = Literal["unicode", "case", "numbers", "punctuation", "articles", "whitespace"]

NORMALISATIONS: tuple[Normalisation, ...] = get_args(Normalisation)
"""In the order in which they are applied, however they are listed."""

_ARTICLES = re.compile(r"\b(?:a|an|the)\b", re.IGNORECASE)
_KEPT_MARK = re.compile(r"(?<=\d)[.,](?=\d)|(?<![\w)])[-\u2212](?=\.?\d)")
"""Marks that belong to a number: dropping them would make 1.5 and 15, or -3 and 3, alike."""


def unicode(text: str) -> str:
    """Compatibility form (NFKC): full-width letters, ligatures and composed accents become the usual ones."""
    return unicodedata.normalize("NFKC", text)


def case(text: str) -> str:
    """Upper and lower case alike, in every script (casefold)."""
    return text.casefold()


def numbers(text: str) -> str:
    """One way to write a number: 1,000.50 and 1000.5 and +1 000.5 are alike."""
    return plain_numerals(text)


def punctuation(text: str) -> str:
    """Drop punctuation and symbols, but not the marks inside a number."""
    kept = {match.start() for match in _KEPT_MARK.finditer(text)}
    return "".join(
        char for index, char in enumerate(text) if index in kept or unicodedata.category(char)[0] not in "PS"
    )


def articles(text: str) -> str:
    """Drop the English articles a, an and the."""
    return _ARTICLES.sub(" ", text)


def whitespace(text: str) -> str:
    """No blanks at the ends, and one blank for any run of them within."""
    return " ".join(text.split())


STEPS: dict[Normalisation, Callable[[str], str]] = {
    "unicode": unicode,
    "case": case,
    "numbers": numbers,
    "punctuation": punctuation,
    "articles": articles,
    "whitespace": whitespace,
}


def normalise(text: str, names: Iterable[Normalisation]) -> str:
    """Apply the named normalisations, each once, in the order of `NORMALISATIONS`."""
    wanted = set(names)
    for name in NORMALISATIONS:
        if name in wanted:
            text = STEPS[name](text)
    return text


def as_text(value: Cell) -> str:
    """A reference as the text an answer is held against: whole floats lose their ``.0``, objects are JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    return msgspec.json.encode(value).decode()


def references(value: Cell) -> list[Any]:
    """The accepted answers: every entry of a list, or the value alone."""
    return list(value) if isinstance(value, list | tuple) else [value]
