"""Token F1 as SQuAD defines it (Rajpurkar et al. 2016, evaluate-v1.1.py): overlap of words, order aside."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable
from typing import Annotated

import msgspec

from weighbridge.evidence import Completion, Score
from weighbridge.tasks.item import Item
from weighbridge.tasks.marking import ScorerSpec, unparsable
from weighbridge.tasks.normalise import as_text, references

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_SINGLE = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f])")


class TokenF1(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of `token_f1`."""

    articles: Annotated[bool, msgspec.Meta(description="Count a, an and the as words; SQuAD drops them.")] = False
    characters: Annotated[
        bool,
        msgspec.Meta(
            description="Each Chinese, Japanese or Thai character is a token of its own; SQuAD splits at blanks."
        ),
    ] = False


def tokens(text: str, settings: TokenF1) -> list[str]:
    """Lower case, no ASCII punctuation, no articles, split at blanks."""
    text = text.lower().translate(_PUNCTUATION)
    if not settings.articles:
        text = _ARTICLES.sub(" ", text)
    if settings.characters:
        text = _SINGLE.sub(r" \1 ", text)
    return text.split()


def f1(answer: list[str], reference: list[str]) -> float:
    """2PR / (P + R) over the tokens both have, counted with multiplicity; 1 if both are empty."""
    if not answer or not reference:
        return float(answer == reference)
    same = (Counter(answer) & Counter(reference)).total()
    return 2 * same / (len(answer) + len(reference))


def token_f1(settings: TokenF1) -> Callable[[Item, Completion], Score]:
    """The best F1 over the references."""

    def score(item: Item, completion: Completion) -> Score:
        answer = tokens(completion.text, settings)
        accepted = [tokens(as_text(reference), settings) for reference in references(item.reference)]
        if not completion.text.strip() and [] not in accepted:
            return unparsable("the answer is empty")
        return Score(max(f1(answer, reference) for reference in accepted), extracted=" ".join(answer))

    return score


TOKEN_F1 = ScorerSpec(
    "token_f1", "Share of words in common with the best reference (SQuAD F1).", TokenF1, token_f1, whole=True
)
