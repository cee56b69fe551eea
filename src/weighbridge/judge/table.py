"""The judged scores as a table that `weighbridge compare` reads."""

from __future__ import annotations

import csv
import io

from weighbridge.judge.answers import CARRIED, Answers
from weighbridge.judge.judgement import Judgement

COLUMNS = ("item_id", "model", "score", "answer", "question", "reference", "judge", *CARRIED)


def judged_table(judgement: Judgement, answers: Answers) -> str:
    """csv: one row per item and model judged, the reference candidate with one half on every item.

    What the answers cost is carried on; what the judge cost is not theirs, and is told by the judgement alone.
    """
    stream = io.StringIO()
    rows = csv.writer(stream, lineterminator="\n")
    rows.writerow(COLUMNS)
    for (model, item), score in judgement.scores.items():
        more = answers.carried.get((model, item), {})
        rows.writerow(
            [
                item,
                model,
                f"{score:.6g}",
                answers.texts[model, item],
                answers.questions.get(item, ""),
                answers.references.get(item, ""),
                judgement.judge,
                *(more.get(name, "") for name in CARRIED),
            ]
        )
    return stream.getvalue()
