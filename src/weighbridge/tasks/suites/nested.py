"""Data sets whose rows hold several items: questions under a passage, answers under a question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from weighbridge.tasks.normalise import as_text

Row = dict[str, Any]


def multirc(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """One row an answer option, from SuperGLUE's own nested file or from the Hub's flat rows."""
    for number, row in enumerate(rows):
        if "passage" not in row:
            index = row.get("idx") or {}
            paragraph = as_text(index.get("paragraph", row["paragraph"]))
            question = f"{paragraph}-{as_text(index.get('question', row['question']))}"
            yield {
                **{name: row[name] for name in ("paragraph", "question", "answer", "label")},
                "paragraph_id": paragraph,
                "question_id": question,
                "row_id": f"{question}-{as_text(index.get('answer', number))}",
            }
            continue
        paragraph = as_text(row.get("idx", number))
        for at, question in enumerate(row["passage"]["questions"]):
            ident = f"{paragraph}-{as_text(question.get('idx', at))}"
            for place, answer in enumerate(question["answers"]):
                yield {
                    "paragraph": row["passage"]["text"],
                    "question": question["question"],
                    "answer": answer["text"],
                    "label": answer.get("label"),
                    "paragraph_id": paragraph,
                    "question_id": ident,
                    "row_id": f"{ident}-{as_text(answer.get('idx', place))}",
                }


def record(rows: Iterable[Row], settings: Mapping[str, Any], shots: bool) -> Iterator[Row]:  # noqa: ARG001
    """One row a query, from SuperGLUE's own nested file or from the Hub's flat rows; entities once each."""
    for number, row in enumerate(rows):
        passage = row["passage"]
        if isinstance(passage, dict):
            text = passage["text"]
            # The spans of SuperGLUE's file end at their last character, not behind it.
            entities = [text[each["start"] : each["end"] + 1] for each in passage["entities"]]
            for at, query in enumerate(row["qas"]):
                answers = [answer["text"] for answer in query.get("answers", [])]
                ident = f"{as_text(row.get('idx', number))}-{as_text(query.get('idx', at))}"
                yield _query(text, entities, query["query"], answers, as_text(row.get("idx", number)), ident)
            continue
        index = row.get("idx") or {}
        passage_id = as_text(index.get("passage", passage))
        ident = f"{passage_id}-{as_text(index.get('query', number))}"
        yield _query(passage, list(row["entities"]), row["query"], list(row["answers"]), passage_id, ident)


def _query(text: str, entities: list[str], query: str, answers: list[str], passage: str, ident: str) -> Row:
    text = re.sub(r"(\.|\?|!|\"|')\n@highlight\n", r"\1 ", text)
    return {
        "passage": re.sub(r"\n@highlight\n", ". ", text),
        "entities": list(dict.fromkeys(entities)),
        "query": query,
        "answers": list(dict.fromkeys(answers)),
        "passage_id": passage,
        "row_id": ident,
    }
