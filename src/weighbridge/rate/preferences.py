"""Votes as evidence: a score table that `weighbridge compare` reads, and `weighbridge judge` as human labels."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from weighbridge.judge.answers import CARRIED, Answers
from weighbridge.rate.ballots import Ballot
from weighbridge.rate.votes import Vote

WORTH: dict[str, tuple[float, float]] = {
    "left": (1.0, 0.0),
    "right": (0.0, 1.0),
    "tie": (0.5, 0.5),
    "bad": (0.0, 0.0),
}
"""Scores of the left and the right answer. Two bad answers differ as little as two alike, and score less."""

COLUMNS = ("item_id", "model", "score", "answer", "question", "reference", *CARRIED)


def preference_table(
    answers: Answers,
    shown: Sequence[Ballot],
    votes: Mapping[str, Vote],
    same: Sequence[tuple[str, str, str]] = (),
) -> str:
    """csv: one row per item and model that was voted on; with several comparisons of an item, the mean of them.

    `same` are the ties of equal answers; they count where the item's other votes are in, or at once with two models.
    """
    scores: dict[tuple[str, str], list[float]] = {}
    for ballot in shown:
        vote = votes.get(ballot.id)
        if vote is not None:
            for model, score in zip((ballot.left, ballot.right), WORTH[vote], strict=True):
                scores.setdefault((ballot.item, model), []).append(score)
    for item, a, b in same if scores else ():
        for model in (a, b):
            scores.setdefault((item, model), []).append(0.5)
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(COLUMNS)
    for (item, model), values in scores.items():
        more = answers.carried.get((model, item), {})
        rows.writerow(
            [
                item,
                model,
                f"{sum(values) / len(values):.6g}",
                answers.texts[model, item],
                answers.questions.get(item, ""),
                answers.references.get(item, ""),
                *(more.get(name, "") for name in CARRIED),
            ]
        )
    return stream.getvalue()
