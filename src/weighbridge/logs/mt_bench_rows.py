"""The lines that FastChat's MT-bench writes: questions, answers, single and pairwise judgements."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Status
from weighbridge.logs.json_records import first_record, line_records
from weighbridge.logs.log import Row

HIGHEST = 10
"""The judge's ratings run from 1 to 10; a score is the rating over 10, so that its mean is FastChat's over 10."""

ERROR_TEXT = "$ERROR$"
"""What FastChat stores where a model or a judge could not be reached."""


class Question(msgspec.Struct, frozen=True):
    question_id: int | str
    turns: list[str]
    category: str | None = None
    reference: list[str | None] | None = None


class Choice(msgspec.Struct, frozen=True):
    turns: list[str | None]
    index: int = 0


class Answer(msgspec.Struct, frozen=True):
    question_id: int | str
    model_id: str
    choices: list[Choice]


class Single(msgspec.Struct, frozen=True):
    question_id: int | str
    model: str
    judge: list[str]
    score: float
    turn: int = 1


class Pair(msgspec.Struct, frozen=True):
    question_id: int | str
    model_1: str
    model_2: str
    g1_winner: str
    g2_winner: str
    judge: list[str]
    turn: int = 1


KINDS: dict[str, tuple[set[str], type[msgspec.Struct]]] = {
    "single": ({"question_id", "model", "judge", "score"}, Single),
    "pair": ({"question_id", "model_1", "model_2", "g1_winner", "g2_winner"}, Pair),
    "answers": ({"question_id", "model_id", "choices"}, Answer),
    "questions": ({"question_id", "turns"}, Question),
}
"""Fields by which a line is known, and its type."""


def kind_of(path: Path) -> str | None:
    """Which of `KINDS` the first line of a file is; None where it is none of them."""
    try:
        found = first_record(path) or {}
    except OSError:
        return None
    if not isinstance(found.get("judge", []), list):
        return None
    return next((kind for kind, (fields, _) in KINDS.items() if set(found) >= fields), None)


def item_of(question: int | str, turn: int) -> str:
    """The id of one turn of one question."""
    return f"mtbench-{question}-turn{turn}"


class Bench(msgspec.Struct, frozen=True):
    """What lies around the judgements, by question: the questions and the models' answers."""

    questions: dict[str, Question] = {}
    answers: dict[tuple[str, str], list[Choice]] = {}
    """By (model, question)."""

    def row(self, model: str, question: int | str, turn: int, **values: Any) -> Row:  # noqa: ANN401 - fields of a Row
        """A row with the question, the answer, the reference and the category of this turn, where they are known."""
        asked = self.questions.get(str(question))
        choices = self.answers.get((model, str(question)), [])
        repeat = values.get("choice", 0)
        values.pop("choice", None)
        answer = _at(choices[repeat].turns, turn) if repeat < len(choices) else None
        failed = answer is not None and answer.strip() == ERROR_TEXT
        if failed:
            values["status"], values["error"] = Status.FAILED, "the model could not be reached"
        return Row(
            item_id=item_of(question, turn),
            question=_at(asked.turns, turn) if asked else None,
            reference=_at(asked.reference, turn) if asked and asked.reference else None,
            answer=None if failed else answer,
            # The second turn follows up on the first: the two are not independent.
            cluster=str(question),
            meta={"category": asked.category, "turn": str(turn)} if asked and asked.category else {"turn": str(turn)},
            **values,
        )


def _at(turns: list[Any] | None, turn: int) -> Any:  # noqa: ANN401 - a text or None
    return turns[turn - 1] if turns and 1 <= turn <= len(turns) else None


def bench_of(files: list[Path]) -> Bench:
    """The questions and answers in `files`, whichever they are."""
    questions: dict[str, Question] = {}
    answers: dict[tuple[str, str], list[Choice]] = {}
    for path in files:
        kind = kind_of(path)
        if kind == "questions":
            questions |= {str(one.question_id): one for _, one in line_records(path, Question)}
        elif kind == "answers":
            for _, one in line_records(path, Answer):
                answers[one.model_id, str(one.question_id)] = one.choices
    return Bench(questions, answers)


def single_rows(path: Path, model: str, judge: str, bench: Bench) -> Iterator[Row]:
    """The ratings of one model by one judge. A rating of -1 (the judge's words held none) is no score."""
    seen: Counter[str] = Counter()
    for line, one in line_records(path, Single):
        if one.model != model or judge_of(one) != judge:
            continue
        item = item_of(one.question_id, one.turn)
        if one.score != -1 and not 0 <= one.score <= HIGHEST:
            raise UsageError(
                f"the rating {one.score:g} is not between 0 and {HIGHEST}",
                where=f"{path}:{line}",
                fix="mend the line",
            )
        score = None if one.score == -1 else one.score / HIGHEST
        yield bench.row(model, one.question_id, one.turn, score=score, repeat=seen[item])
        seen[item] += 1


def pair_rows(path: Path, model: str, judge: str, bench: Bench) -> Iterator[Row]:
    """The games of one model: 1 won in both orders, 0 lost in both, else 0.5, as FastChat counts; an error: none."""
    seen: Counter[str] = Counter()
    for _, one in line_records(path, Pair):
        if model not in (one.model_1, one.model_2) or judge_of(one) != judge:
            continue
        item = item_of(one.question_id, one.turn)
        side = "model_1" if one.model_1 == model else "model_2"
        if "error" in (one.g1_winner, one.g2_winner):
            score = None
        elif one.g1_winner == one.g2_winner and one.g1_winner in ("model_1", "model_2"):
            score = float(one.g1_winner == side)
        else:
            score = 0.5
        yield bench.row(model, one.question_id, one.turn, score=score, repeat=seen[item])
        seen[item] += 1


def answer_rows(path: Path, model: str, bench: Bench) -> Iterator[Row]:
    """The answers of one model to every turn, without scores."""
    for _, one in line_records(path, Answer):
        if one.model_id != model:
            continue
        for number, choice in enumerate(one.choices):
            for turn in range(1, len(choice.turns) + 1):
                yield bench.row(model, one.question_id, turn, score=None, repeat=number, choice=number)


def judge_of(one: Single | Pair) -> str:
    """The judge's model; its prompt differs by category and turn."""
    return one.judge[0] if one.judge else "unnamed"


def opponents(path: Path) -> dict[str, dict[str, set[str]]]:
    """Who met whom, by judge and model, in a file of pairwise judgements."""
    met: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for _, one in line_records(path, Pair):
        met[judge_of(one)][one.model_1].add(one.model_2)
        met[judge_of(one)][one.model_2].add(one.model_1)
    return met
