"""Each scorer, against an independent implementation where there is one."""

from __future__ import annotations

import re
import string
import time
from collections import Counter
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish, Score, Status
from weighbridge.tasks import SCORERS, Item, scorer_named


def score(name: str, reference, answer: str, *, finish=Finish.STOP, **settings) -> Score:
    marker, _ = scorer_named(name, settings)
    item = Item("i7", {}, reference, line=3)
    marker.check([item])
    return marker(item, Completion(answer, finish=finish))


# exact


@pytest.mark.parametrize(
    ("reference", "answer", "settings", "value"),
    [
        ("Paris", " Paris\n", {}, 1),
        ("Paris", "paris", {}, 0),
        ("Paris", "The paris!", {"normalize": ["case", "punctuation", "articles", "whitespace"]}, 1),
        (["Paris", "City of Light"], "City  of Light", {}, 1),
        (5, "5", {}, 1),
        (5.0, "5", {}, 1),
        (True, "true", {}, 1),
        ("1,000.50", "1000.5", {"normalize": ["numbers"]}, 1),
        ("ﬁn", "fin", {}, 1),
        ("Paris", " Paris", {"normalize": []}, 0),
    ],
)
def test_exact(reference, answer: str, settings: dict, value: float) -> None:
    assert score("exact", reference, answer, **settings).value == value


def test_exact_on_nothing() -> None:
    assert score("exact", "Paris", " \n").status is Status.UNPARSABLE
    assert score("exact", "", "").value == 1.0


# token F1


def squad_f1(prediction: str, truths: list[str]) -> float:
    """evaluate-v1.1.py of SQuAD (Rajpurkar et al. 2016), written from its published text."""

    def normalize_answer(text: str) -> list[str]:
        text = "".join(char for char in text.lower() if char not in set(string.punctuation))
        return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split()).split()

    def one(truth: str) -> float:
        prediction_tokens, truth_tokens = normalize_answer(prediction), normalize_answer(truth)
        if not prediction_tokens or not truth_tokens:
            return float(prediction_tokens == truth_tokens)  # version 2.0
        same = sum((Counter(prediction_tokens) & Counter(truth_tokens)).values())
        if same == 0:
            return 0.0
        precision, recall = same / len(prediction_tokens), same / len(truth_tokens)
        return 2 * precision * recall / (precision + recall)

    return max(map(one, truths))


WORDS = st.lists(st.sampled_from(["the", "The", "a", "cat", "cat,", "sat", "on", "mat.", "É", "1,5", "-", "an"])).map(
    " ".join
)


@given(WORDS, st.lists(WORDS, min_size=1, max_size=3))
def test_token_f1_is_squads(answer: str, truths: list[str]) -> None:
    got = score("token_f1", truths, answer)
    if got.status is Status.OK:
        assert got.value == pytest.approx(squad_f1(answer, truths), abs=1e-12)
    else:
        assert not answer.strip()


@given(st.text(min_size=1), st.text(min_size=1))
def test_token_f1_is_squads_on_any_text(answer: str, truth: str) -> None:
    got = score("token_f1", truth, answer)
    if got.status is Status.OK:
        assert got.value == pytest.approx(squad_f1(answer, [truth]), abs=1e-12)


def test_token_f1_by_character() -> None:
    assert score("token_f1", "北京市", "北京").value == 0.0
    assert score("token_f1", "北京市", "北京", characters=True).value == pytest.approx(0.8)


# contains


@pytest.mark.parametrize(
    ("reference", "answer", "settings", "value"),
    [
        ("Paris", "It is paris, France.", {}, 1),
        ("art", "party", {}, 1),
        ("art", "party", {"whole_words": True}, 0),
        ("art", "modern art.", {"whole_words": True}, 1),
        (["Rome", "Paris"], "Paris", {}, 1),
        (["Rome", "Paris"], "Paris", {"require": "all"}, 0),
        (["Rome", "Paris"], "Paris and Rome", {"require": "all"}, 1),
        (17, "order 17", {}, 1),
        ("Paris", "paris", {"normalize": []}, 0),
    ],
)
def test_contains(reference, answer: str, settings: dict, value: float) -> None:
    got = score("contains", reference, answer, **settings)
    assert got.value == value
    assert (got.detail is None) == (value == 1)


def test_contains_refuses_an_empty_reference() -> None:
    with pytest.raises(UsageError, match="every answer contains the empty text"):
        score("contains", ["a", " "], "x")


# numeric


@pytest.mark.parametrize(
    ("reference", "answer", "settings", "value"),
    [
        (72, "#### 72", {}, 1),
        ("She has 3 * 24 = 72 eggs.\n#### 72", "So 3*24 = 72.", {}, 1),
        ("72", "The answer is 72. That is 6 dozen.", {}, 1),
        ("72", "Answer: 3 * 24 = 72", {}, 1),
        ("72", "Answer: 72 = 3 * 24", {}, 1),
        ("15", "The total is 5 a box. With 3 boxes that makes 15", {}, 1),
        ("72", "I get \\boxed{72} out of 100", {}, 1),
        ("1,234.5", "$1,234.50", {}, 1),
        ("0.1", "0.1000000000000000055511151231257827", {}, 0),
        (0.1, "0.1", {}, 1),
        ("100", "101", {"absolute": 1}, 1),
        ("100", "101.01", {"absolute": 1}, 0),
        ("100", "102", {"relative": 0.02}, 1),
        ("-100", "-102", {"relative": 0.02}, 1),
        ("0", "0.001", {"relative": 0.5}, 0),
        ("0.45", "45%", {"percent": "divide"}, 1),
        ("45", "45 %", {}, 1),
        ("1234.5", "1.234,5 €", {"decimal": ",", "reference_decimal": "."}, 1),
        ([1, 2], "2", {}, 1),
        ("12", "Value> 12 of 40", {"marker": "Value>"}, 1),
        ("3", "3 then 4", {"read": "first"}, 1),
        ("4", "3 then 4", {}, 1),
        (-7, "−7", {}, 1),
    ],
)
def test_numeric(reference, answer: str, settings: dict, value: float) -> None:
    got = score("numeric", reference, answer, **settings)
    assert (got.value, got.status) == (value, Status.OK)


def test_numeric_statuses() -> None:
    assert score("numeric", 3, "three").status is Status.UNPARSABLE
    assert score("numeric", 3, "3 or 4", read="only").status is Status.UNPARSABLE
    assert score("numeric", 3, "3", marker="Value>").status is Status.UNPARSABLE
    cut = Finish.LENGTH
    assert score("numeric", 12, "so it is 12", finish=cut).status is Status.TRUNCATED
    assert score("numeric", 12, "3 times 4, which", finish=cut).status is Status.TRUNCATED
    assert score("numeric", 12, "Answer: 12. Let me", finish=cut).value == 1.0
    with pytest.raises(UsageError, match=r"'i7': the reference 'a dozen' is not one number"):
        score("numeric", "a dozen", "12")
    with pytest.raises(UsageError, match="not one number"):
        score("numeric", True, "1")


FLOATS = st.floats(-1e12, 1e12, allow_nan=False)


@given(FLOATS, FLOATS, st.sampled_from([0.0, 0.5, 1.0, 100.0]), st.sampled_from([0.0, 0.01, 0.5]))
def test_tolerance_is_exact(reference: float, answer: float, absolute: float, relative: float) -> None:
    one, other = Fraction(repr(reference)), Fraction(repr(answer))
    right = abs(one - other) <= max(Fraction(repr(absolute)), Fraction(repr(relative)) * abs(one))
    got = score("numeric", reference, f"Answer: {Decimal(repr(answer)):f}", absolute=absolute, relative=relative)
    assert got.value == float(right)


# regex


@pytest.mark.parametrize(
    ("reference", "answer", "settings", "value"),
    [
        ("17", "order=16 order=17", {"pattern": r"order=(\d+)"}, 1),
        ("16", "order=16 order=17", {"pattern": r"order=(\d+)", "match": "first"}, 1),
        ("AB-1", "see AB-1.", {"pattern": r"[A-Z]{2}-\d"}, 1),
        ("b", "x=a;y=b", {"pattern": r"x=(?P<x>\w);y=(?P<y>\w)", "group": "y"}, 1),
        (1000, "sum: 1,000.0", {"pattern": r"sum: (\S+)", "compare": "numeric"}, 1),
        ("abc", "Label: ABC", {"pattern": r"(?i)label: (\w+)", "normalize": ["case"]}, 1),
    ],
)
def test_regex(reference, answer: str, settings: dict, value: float) -> None:
    assert score("regex", reference, answer, **settings).value == value


def test_regex_mistakes() -> None:
    assert score("regex", "x", "nothing", pattern="y").status is Status.UNPARSABLE
    with pytest.raises(UsageError, match="not a regular expression"):
        score("regex", "x", "a", pattern="(a")
    with pytest.raises(UsageError, match="no group 2"):
        score("regex", "x", "a", pattern="(a)", group=2)
    with pytest.raises(UsageError, match="missing required field `pattern`"):
        scorer_named("regex", {})


def test_a_pattern_without_end_is_stopped() -> None:
    start = time.process_time()
    with pytest.raises(UsageError, match=r"took longer than 1 s on the answer to item 'i7'"):
        score("regex", "x", "a" * 40 + "!", pattern=r"^(?:(a|a)|(aa|aa)|.a)+?\1$")
    assert time.process_time() - start < 5


# names and keys


def test_unknown_names_have_a_nearest_match() -> None:
    with pytest.raises(UsageError, match="did you mean 'token_f1'"):
        scorer_named("tokenf1")
    with pytest.raises(UsageError, match="did you mean 'normalize'"):
        scorer_named("exact", {"normalise": ["case"]}, where="weighbridge.yaml:7")
    with pytest.raises(UsageError, match="Invalid enum value 'cases'"):
        scorer_named("exact", {"normalize": ["cases"]})
    with pytest.raises(UsageError, match=">= 0"):
        scorer_named("numeric", {"absolute": -1})


def test_keys_name_what_changes_a_score() -> None:
    from weighbridge.tasks import StatusScores

    keys = [
        scorer_named("exact")[1],
        scorer_named("exact", {"normalize": ["case"]})[1],
        scorer_named("numeric")[1],
        scorer_named("exact", statuses=StatusScores(refused=0.5))[1],
    ]
    assert len(set(keys)) == 4
    assert scorer_named("exact", {"normalize": ["unicode", "whitespace"]})[1] == scorer_named("exact")[1]
    assert all(spec.doc and spec.name == name for name, spec in SCORERS.items())
