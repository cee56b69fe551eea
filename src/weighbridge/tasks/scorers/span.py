"""Span: the answer is a short piece of text, matched as SQuAD does it, with each language's own articles.

Sources: SQuAD's evaluate-v1.1.py (Rajpurkar et al. 2016); for other languages than English the normalisation of MLQA
(Lewis et al. 2020, mlqa_evaluation_v1.py): Unicode punctuation, articles by language, Chinese by character.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from weighbridge.evidence import Completion, Score
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import as_text, references
from weighbridge.tasks.scorers.token_f1 import f1

ARTICLES = {
    "en": r"\b(?:a|an|the)\b",
    "es": r"\b(?:un|una|unos|unas|el|la|los|las)\b",
    "de": r"\b(?:ein|eine|einen|einem|eines|einer|der|die|das|den|dem|des)\b",
    "vi": r"\b(?:của|là|cái|chiếc|những)\b",
    "ar": r"\sال^|ال",
}
_HAN = re.compile(r"[\u4e00-\u9fa5]")


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `span`."""

    score: Annotated[
        Literal["exact", "f1"], msgspec.Meta(description="1 for equal texts, or the share of words in common.")
    ] = "exact"
    language: Annotated[
        str, msgspec.Meta(description="Two-letter code: whose articles are dropped; Chinese is split by character.")
    ] = "en"
    first_line: Annotated[bool, msgspec.Meta(description="Read only the answer's first line.")] = True


def span_tokens(text: str, language: str) -> list[str]:
    """Lower case, no punctuation, no articles, split at blanks (Chinese: at each character)."""
    text = "".join(char for char in text.lower() if not _punctuation(char, language))
    if language in ARTICLES:
        text = re.sub(ARTICLES[language], " ", text)
    if language == "zh":
        text = _HAN.sub(lambda found: f" {found[0]} ", text)
    return text.split()


def _punctuation(char: str, language: str) -> bool:
    return char in string.punctuation or (language != "en" and unicodedata.category(char).startswith("P"))


def span_scores(answer: str, accepted: list[str], language: str) -> tuple[float, float]:
    """(exact match, F1), each the best over the accepted answers."""
    said = span_tokens(answer, language)
    wanted = [span_tokens(each, language) for each in accepted]
    return float(said in wanted), max(f1(said, each) for each in wanted)


def read_span(text: str, settings: Span) -> str:
    """The part of an answer that is matched."""
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return (lines[0] if settings.first_line and lines else text).strip()


def span(settings: Span) -> Callable[[Item, Completion], Score]:
    """Exact match or F1 with the best of the references."""

    def score(item: Item, completion: Completion) -> Score:
        answer = read_span(completion.text, settings)
        if not answer:
            return unparsable("the answer is empty")
        accepted = [as_text(reference) for reference in references(item.reference)]
        exact, overlap = span_scores(answer, accepted, settings.language)
        return Score(exact if settings.score == "exact" else overlap, extracted=answer)

    return score


SPAN = ScorerSpec(
    "span", "Exact match or F1 of a short text, as SQuAD and MLQA count it in each language.", Span, span, whole=True
)
