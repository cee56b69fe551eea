"""Reads which option an answer picks: a letter or the option's text, however it is wrapped; in doubt, none."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from weighbridge.tasks.options import Options

AMBIGUOUS = -1
"""More than one option is picked."""

_BLANKS = re.compile(r"[\s_\-\u2010-\u2015]+")
_EDGES = " .,:;!?\"'`()[]{}<>*\u2018\u2019\u201c\u201d\u00ab\u00bb\u3002\uff0c\uff1a|"
_MARKER = re.compile(
    r"\b(?:answer|option|choice|label|category|class|classification|team|verdict|antwort|respuesta|réponse|risposta)\b"
    r"[*_`\"' ]{0,3}(?:\s*(?:[:=：]|\b(?:is|would be|should be|ist|es|est)\b)[\s:*_`\"'$(]{0,6})"
    r"|答案(?:是|为)?[:：]?\s*|####\s*|\\boxed\s*\{",
    re.IGNORECASE,
)
_LATEX = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}")
_LEADING = re.compile(
    r"^[\W_]{0,6}(?:(?:option|choice|answer)\s+)?\(?(?P<label>[A-Za-z0-9]{1,2})(?P<mark>\)|\]|\.|:|：|\*\*|\s[-\u2013\u2014]\s|,\s|\s|$)"
    r"[*_`\s]*(?P<rest>.*)$",
    re.DOTALL | re.IGNORECASE,
)
_NOUN = re.compile(r"\s+(?!(?:or|and|is|as|because|since|vs|but)\b)[a-z]")
"""Behind a capital A or I: it is the word."""
_THEN = r"(?:[.;:(](?=[\s*`\"'])|,? (?:because|since|as|weil|car|porque)\b)"
_NEGATION = re.compile(
    r"(?:\bnot|\bno|n't|n’t|\bnever|\bneither|\bnor|rather than|instead of|\bexcept)\s+(?:\w+\s+){0,2}$"
)


def fold(text: str) -> str:
    """Compatibility form, one case, blanks for hyphens and underscores, no marks at the ends."""
    text = unicodedata.normalize("NFKC", text).casefold()
    return _BLANKS.sub(" ", text).strip(_EDGES)


@dataclass(frozen=True, slots=True)
class _Keys:
    texts: tuple[str, ...]
    labels: dict[str, int]
    mentions: re.Pattern[str]
    opening: re.Pattern[str]
    """An option, then an explanation."""
    folded: bool


@lru_cache(maxsize=4096)
def _keys(options: Options) -> _Keys:
    texts = tuple(fold(text) for text in options.texts)
    folded = len(set(texts)) == len(texts) and "" not in texts
    if not folded:
        texts = tuple(text.strip() for text in options.texts)
    longest = sorted(texts, key=len, reverse=True)
    edged = "|".join(_edge(text, 0) + re.escape(text) + _edge(text, -1) for text in longest if text)
    labels = {label.casefold(): index for index, label in enumerate(options.labels)}
    for index, text in enumerate(texts):
        if labels.get(text.casefold(), index) != index:
            labels = {}  # an option is called like another one's letter
            break
    edged = edged or r"(?!)"
    return _Keys(texts, labels, re.compile(edged), re.compile(rf"({edged})[*`]*{_THEN}"), folded)


def _edge(text: str, at: int) -> str:
    """A word's edge, where the script has blanks between words."""
    spaced = text[at].isalnum() and ord(text[at]) < 0x2E80
    return "" if not spaced else r"(?<!\w)" if at == 0 else r"(?!\w)"


def read_choice(text: str, options: Options, *, cut: bool = False) -> int | None:
    """Index of the option picked, None where none can be read, `AMBIGUOUS` where several are.

    In this order: the whole answer; what stands behind the last ``Answer:``, ``####`` or ``\\boxed``; the last or the
    first line by itself; and at last the only option mentioned anywhere. With `cut` (the answer hit the token limit)
    the last step is left out, and so is a whole answer that may be the beginning of a longer option.
    """
    keys = _keys(options)
    text = _LATEX.sub(r"\1", text).strip()
    if not text:
        return None
    whole, _ = _line(text, keys)
    if whole is not None:
        key = fold(text)
        letter = text.isupper() and key not in keys.texts
        unsure = not letter and any(other != key and other.startswith(key) for other in keys.texts)
        return None if cut and unsure else whole
    for mark in reversed(list(_MARKER.finditer(text))):
        picked = _piece(text[mark.end() :].lstrip().split("\n", 1)[0], keys)
        if picked is not None:
            return picked
    lines = [line for line in text.splitlines() if line.strip(_EDGES)]
    if not lines:
        return None
    (last, how_last), (first, how_first) = _line(lines[-1], keys), _line(lines[0], keys)
    if last is not None and first is not None and last != first:
        return AMBIGUOUS if how_last == how_first else last if how_last > how_first else first
    if last is not None or first is not None:
        return last if last is not None else first
    return None if cut else _mentioned(text, keys)


def _line(text: str, keys: _Keys) -> tuple[int | None, int]:
    """A line that picks an option, and how plainly: 3 it is nothing but the option, 2 letter and text, 1 with words
    behind."""
    key = fold(text) if keys.folded else text.strip()
    if key in keys.texts:
        return keys.texts.index(key), 3
    if fold(text) in keys.labels:
        return keys.labels[fold(text)], 3
    if "\n" in text:
        return None, 0
    opening = keys.opening.match(key)
    if opening:
        return keys.texts.index(opening[1]), 1
    found = _LEADING.match(text)
    if not found or found["label"].casefold() not in keys.labels:
        return None, 0
    index = keys.labels[found["label"].casefold()]
    rest = fold(found["rest"]) if keys.folded else found["rest"].strip()
    if rest == keys.texts[index]:
        return index, 2
    bare = found["mark"].isspace() or found["mark"].startswith(",")
    if bare and (found["label"].islower() or found["label"] in ("A", "I") or not rest):
        return None, 0  # "a refund", "I think": a word, not a letter
    named = _options_in(rest, keys) - {index}
    if named and index not in _options_in(rest, keys):
        return (AMBIGUOUS, 1) if rest in keys.texts else (None, 0)
    return (None, 0) if bare else (index, 1)


def _piece(text: str, keys: _Keys) -> int | None:
    picked, _ = _line(text, keys)
    return picked if picked is not None else _mentioned(text, keys)


def _options_in(folded: str, keys: _Keys) -> set[int]:
    """Options named in a folded text, longest first, those behind a "not" left out."""
    return {
        keys.texts.index(match[0])
        for match in keys.mentions.finditer(folded)
        if not _NEGATION.search(folded[max(0, match.start() - 40) : match.start()])
    }


def _mentioned(text: str, keys: _Keys) -> int | None:
    named = _options_in(fold(text) if keys.folded else text, keys)
    return _one(named) if named else _one(set(_letters(text, keys)))


def _letters(text: str, keys: _Keys) -> Iterable[int]:
    """Capital letters that stand alone and are not words."""
    for match in re.finditer(r"(?<![\w'’])[A-Z](?![\w'’])", text):
        behind = text[match.end() :]
        framed = match.start() > 0 and text[match.start() - 1] in "(*"
        word = match[0] in "AI" and not framed and _NOUN.match(behind)
        if match[0].casefold() in keys.labels and not word:
            yield keys.labels[match[0].casefold()]


def _one(found: set[int]) -> int | None:
    return None if not found else next(iter(found)) if len(found) == 1 else AMBIGUOUS
