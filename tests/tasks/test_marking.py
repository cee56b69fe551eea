"""Statuses are told apart for every scorer, and their scores are fixed in advance."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.evidence import Completion, Finish, Score, Status
from weighbridge.tasks import SCORERS, Item, StatusScores, scorer_named

SETTINGS = {
    "exact": ({}, "x", "x", "y"),
    "choice": ({"choices": ["red", "green"]}, "red", "red", "green"),
    "numeric": ({}, 5, "5", "6"),
    "regex": ({"pattern": r"x=(\w+)"}, "a", "x=a", "x=b"),
    "token_f1": ({}, "red car", "red car", "blue"),
    "contains": ({}, "red", "a red car", "a blue car"),
    "json": ({}, {"a": 1}, '{"a": 1}', '{"a": 2}'),
    "span": ({}, "red car", "the red car", "blue"),
    "code": ({}, ["assert f(1) == 2"], "def f(x):\n    return x + 1", "def f(x):\n    return x"),
    "chrf": ({}, "red car", "red car", "zzz"),
    "rank": ({"levels": [0, 1, 2]}, "200", "200", "-5"),
    "mass": ({"labels": "labels"}, None, None, None),
    "python": ({"function": "operator:eq"}, None, None, None),
}
NAMES = [name for name in SCORERS if name not in ("python", "mass")]
"""The other two read more than a text: tests of their own."""
REFUSAL = "I'm sorry, but I can't help with that."


def test_every_scorer_is_here() -> None:
    assert set(SETTINGS) == set(SCORERS)


def marks(name: str, text: str, finish: Finish = Finish.STOP, **fixed: float) -> Score:
    settings, reference, *_ = SETTINGS[name]
    marker, _ = scorer_named(name, settings, statuses=StatusScores(**fixed))
    return marker(Item("1", {}, reference), Completion(text, finish=finish, error="timed out after 3 tries"))


@pytest.mark.parametrize("name", NAMES)
def test_right_and_wrong(name: str) -> None:
    _, _, right, wrong = SETTINGS[name]
    assert (marks(name, right).value, marks(name, right).status) == (1.0, Status.OK)
    assert (marks(name, wrong).value, marks(name, wrong).status) == (0.0, Status.OK)


@pytest.mark.parametrize("name", NAMES)
def test_reasoning_is_not_scored(name: str) -> None:
    _, _, right, wrong = SETTINGS[name]
    assert marks(name, f"<think>{right}</think>{wrong}").value == 0.0
    assert marks(name, f"<think>{wrong}</think>\n\n{right}").value == 1.0


@pytest.mark.parametrize("name", NAMES)
def test_outcomes(name: str) -> None:
    _, _, right, wrong = SETTINGS[name]
    failed = marks(name, right, Finish.ERROR)
    assert (failed.status, failed.value, failed.detail) == (Status.FAILED, 0.0, "timed out after 3 tries")
    for finish in (Finish.REFUSAL, Finish.FILTER):
        assert marks(name, right, finish).status is Status.REFUSED
    assert marks(name, REFUSAL).status is Status.REFUSED
    assert marks(name, "").status is Status.UNPARSABLE
    assert marks(name, "", Finish.LENGTH).status is Status.TRUNCATED
    assert marks(name, f"<think>{right}", Finish.LENGTH).status is Status.TRUNCATED
    assert marks(name, f"<think>{right}").status is Status.TRUNCATED
    assert marks(name, wrong, Finish.LENGTH).value == 0.0


def test_a_cut_answer_counts_for_whole_answers_only_where_it_is_right() -> None:
    assert marks("exact", "x", Finish.LENGTH).status is Status.OK
    assert marks("exact", "x and", Finish.LENGTH).status is Status.TRUNCATED
    assert marks("contains", "a red", Finish.LENGTH).status is Status.OK
    assert marks("token_f1", "red", Finish.LENGTH).status is Status.TRUNCATED


@pytest.mark.parametrize("name", NAMES)
def test_fixed_scores(name: str) -> None:
    fixed = {"refused": 0.1, "truncated": 0.2, "unparsable": 0.3, "failed": 0.4}
    got = [
        marks(name, REFUSAL, **fixed),
        marks(name, "", Finish.LENGTH, **fixed),
        marks(name, "", **fixed),
        marks(name, "", Finish.ERROR, **fixed),
    ]
    assert [score.value for score in got] == [0.1, 0.2, 0.3, 0.4]


def test_fixed_scores_are_scores() -> None:
    with pytest.raises(msgspec.ValidationError, match="<= 1"):
        msgspec.convert({"refused": 1.5}, StatusScores)


def test_a_refusal_that_holds_the_answer_is_an_answer() -> None:
    assert marks("contains", "I'm sorry, but I can't help with that red car.").status is Status.OK


TEXTS = st.text() | st.lists(
    st.sampled_from(
        ["<think>", "</think>", "Answer:", "A", "red", "5", "1,5", "{", "}", '"a": 1', "```", "\n", "x=", "####"]
    )
).map(" ".join)


@given(TEXTS, st.sampled_from(NAMES), st.sampled_from(Finish))
def test_any_answer_gets_a_score(text: str, name: str, finish: Finish) -> None:
    score = marks(name, text, finish)
    assert 0 <= score.value <= 1
    assert marks(name, text, finish) == score
