"""What is put before a rater: two answers to one question, in an order and on sides that chance decides."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.errors import UsageError
from weighbridge.judge.answers import Answers


@dataclass(frozen=True, slots=True)
class Ballot:
    """One comparison."""

    id: str
    """Fixed by the item, the models and both texts, not by order or sides: a changed answer is another ballot."""
    item: str
    left: str
    """Model whose answer stands on the left; never sent to the page."""
    right: str


def ballots(answers: Answers, models: Sequence[str] | None, seed: int, most: int | None = None) -> list[Ballot]:
    """Every two models' answers to every item that both answered, in the random order of `seed`, at most `most`.

    Two equal answers are not shown: nobody can prefer one (`equals` gives them). Where `most` cuts, it cuts a random
    order, so that those rated are a random part of all. UsageError: unknown models, fewer than two, nothing to show.
    """
    chosen = _chosen(answers, models)
    found = []
    for item in answers.items:
        for a, b in itertools.combinations(chosen, 2):
            if (a, item) in answers.texts and (b, item) in answers.texts and item in answers.questions:
                one, two = answers.texts[a, item], answers.texts[b, item]
                if one != two:
                    found.append(_ballot(item, (a, one), (b, two), seed))
    if not found:
        raise UsageError(
            "there is nothing to compare: no item has a question and different answers of two models",
            where=answers.source,
            fix="the table needs the columns item_id, model, answer and question",
        )
    found.sort(key=lambda ballot: ballot.id)
    random.Random(seed).shuffle(found)  # noqa: S311 - an order of showing, no secret
    return found if most is None else found[:most]


def equals(answers: Answers, models: Sequence[str] | None) -> list[tuple[str, str, str]]:
    """(item, model, model) where both gave the same answer: ties without a vote."""
    chosen = _chosen(answers, models)
    return [
        (item, a, b)
        for item in answers.items
        for a, b in itertools.combinations(chosen, 2)
        if (a, item) in answers.texts and answers.texts[a, item] == answers.texts.get((b, item))
    ]


def _chosen(answers: Answers, models: Sequence[str] | None) -> list[str]:
    chosen = list(dict.fromkeys(answers.model(name, "option --models") for name in models or answers.models))
    if len(chosen) < 2:
        raise UsageError(
            f"a comparison takes two models, and there is {len(chosen)}",
            where=answers.source,
            fix="name a table with the answers of two models or more",
        )
    return chosen


def _ballot(item: str, one: tuple[str, str], two: tuple[str, str], seed: int) -> Ballot:
    first, second = sorted((one, two))
    whole = "\0".join((item, *first, *second)).encode("utf-8", "surrogatepass")
    name = hashlib.sha256(whole).hexdigest()[:20]
    turned = hashlib.sha256(f"{seed} {name}".encode()).digest()[0] & 1
    return Ballot(name, item, *((second[0], first[0]) if turned else (first[0], second[0])))
