"""Reading a choice: letters and texts in every wrapping; in doubt unparsable, never a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Finish, Status
from weighbridge.tasks import Item, choices_of, scorer_named
from weighbridge.tasks.choice_reading import AMBIGUOUS, fold, read_choice
from weighbridge.tasks.options import LETTERS, lettered, options_of

TEAMS = lettered(["billing", "shipping", "order_status", "refund"])


def read(text: str, options=TEAMS, **more) -> str | None:
    found = read_choice(text, options, **more)
    return "?" if found == AMBIGUOUS else None if found is None else options.texts[found]


@pytest.mark.parametrize(
    ("text", "picked"),
    [
        ("billing", "billing"),
        ("Billing.", "billing"),
        ("**billing**", "billing"),
        ('"billing"', "billing"),
        ("`order status`", "order_status"),
        ("Order-Status", "order_status"),
        ("B", "shipping"),
        ("b", "shipping"),
        ("(b)", "shipping"),
        ("B.", "shipping"),
        ("**B**", "shipping"),
        ("<B>", "shipping"),
        ("B) shipping", "shipping"),
        ("B - shipping", "shipping"),
        ("(B): shipping", "shipping"),
        ("B shipping", "shipping"),
        ("Option C", "order_status"),
        ("Answer: B", "shipping"),
        ("Answer: **B**", "shipping"),
        ("**Answer:** shipping", "shipping"),
        ("The answer is B.", "shipping"),
        ("The correct answer is (B) shipping.", "shipping"),
        ("Team: refund", "refund"),
        ("The category is: order-status", "order_status"),
        ("#### D", "refund"),
        ("So \\boxed{\\text{B}}", "shipping"),
        ("First I thought A, but no.\nAnswer: D", "refund"),
        ("Answer: A\nWait, on reflection:\nAnswer: D", "refund"),
        ("The parcel never came, not a billing matter.\n\nshipping", "shipping"),
        ("shipping\n\nBecause the parcel is late, not billing.", "shipping"),
        ("shipping, because billing has been settled", "shipping"),
        ("A) billing\nB) shipping\n\nB", "shipping"),
        ("I think it's a refund", "refund"),
        ("It is not billing, it is shipping.", "shipping"),
        ("I believe D", "refund"),
        ("It isn't billing; it must be B", "shipping"),
        # nothing to read
        ("", None),
        ("none of these", None),
        ("A customer wants money", None),
        ("I would ask a colleague", None),
        ("E", None),
        ("unbilling", None),
        # too much to read
        ("billing or refund", "?"),
        ("A or B", "?"),
        ("Answer: A or B", "?"),
        ("B) billing", "?"),
        ("A) billing\nB) shipping\nC) order_status\nD) refund", "?"),
        ("billing, shipping", "?"),
    ],
)
def test_wrappings(text: str, picked: str | None) -> None:
    assert read(text) == picked


def test_options_that_hold_one_another() -> None:
    languages = lettered(["C", "C++", "Java", "JavaScript"])
    for text in languages.texts:
        assert read(text, languages) == text
        assert read(f"It is {text}.", languages) == text
        assert read(f"Answer: {text}", languages) == text
    # C is the third letter and the first text: the text counts, and letters are not read at all
    assert read("B", languages) is None


def test_scripts_without_blanks() -> None:
    teams = lettered(["退款", "发货", "退款发货"])
    assert read("我认为是退款发货", teams) == "退款发货"
    assert read("答案：退款。", teams) == "退款"


def test_signs_are_not_folded_away() -> None:
    signs = lettered(["+", "-"])
    assert read("-", signs) == "-"
    grades = lettered(["-1", "0", "1"])
    assert [read(text, grades) for text in ("-1", "0", "1")] == ["-1", "0", "1"]


def test_a_cut_answer_is_read_only_where_it_is_plain() -> None:
    assert read("B", cut=True) == "shipping"
    assert read("Answer: B because", cut=True) == "shipping"
    assert read("It may be billing since the", cut=True) is None
    assert read("order", lettered(["order", "order status"]), cut=True) is None


TEXTS = st.lists(
    st.text(st.characters(categories=["Ll", "Nd", "Zs"]), min_size=2, max_size=12).map(str.strip).filter(fold),
    min_size=2,
    max_size=8,
    unique_by=fold,
)


@given(TEXTS, st.integers(0, 7), st.sampled_from(["{}", " {}.", "**{}**", '"{}"', "({})", "\n{}\n"]))
def test_an_option_by_itself_is_always_read(texts: list[str], at: int, frame: str) -> None:
    options = lettered(texts)
    at %= len(texts)
    assert read_choice(frame.format(texts[at]), options) == at


@given(
    st.integers(2, 26),
    st.integers(0, 25),
    st.sampled_from(["{}", "({})", "{}.", "{})", "Answer: {}", "[{}]", "`{}`"]),
)
def test_a_letter_by_itself_is_always_read(count: int, at: int, frame: str) -> None:
    options = lettered([f"option number {index}" for index in range(count)])
    at %= count
    assert read_choice(frame.format(LETTERS[at]), options) == at
    assert read_choice(frame.format(LETTERS[at].lower()), options) == at


@given(st.text(), TEXTS)
def test_no_text_breaks_it(text: str, texts: list[str]) -> None:
    found = read_choice(text, lettered(texts))
    assert found is None or found == AMBIGUOUS or 0 <= found < len(texts)


@pytest.mark.parametrize(
    ("value", "labels", "texts"),
    [
        (["red", "green"], ("A", "B"), ("red", "green")),
        ('["red", "green"]', ("A", "B"), ("red", "green")),
        ("red|green", ("A", "B"), ("red", "green")),
        ("red\ngreen", ("A", "B"), ("red", "green")),
        ({"label": ["1", "2"], "text": ["red", "green"]}, ("1", "2"), ("red", "green")),
        ({"X": "red", "Y": "green"}, ("X", "Y"), ("red", "green")),
    ],
)
def test_layouts_of_own_options(value, labels: tuple, texts: tuple) -> None:
    found = options_of(Item("1", {"choices": value}), ("choices",))
    assert (found.labels, found.texts, found.own) == (labels, texts, True)


def test_own_options_in_columns() -> None:
    item = Item("1", {"A": "red", "B": "green", "C": ""}, line=7)
    assert options_of(item, ("A", "B", "C")).texts == ("red", "green")
    with pytest.raises(UsageError, match="fewer than two options") as caught:
        options_of(item, ("A", "C"))
    assert caught.value.where == "line 7"


def score(wanted, answer: str, *, fields=None, finish=Finish.STOP, **settings):
    marker, _ = scorer_named("choice", settings)
    return marker(Item("1", fields or {}, wanted), Completion(answer, finish=finish))


@pytest.mark.parametrize("reference", ["green", "GREEN", "B", "(b)", ["red", "green"]])
def test_references_by_text_or_letter(reference) -> None:
    right = score(reference, "Answer: B", choices=["red", "green", "blue"])
    assert (right.value, right.status, right.extracted) == (1.0, Status.OK, "green")
    assert score(reference, "blue", choices=["red", "green", "blue"]).value == 0.0


def test_references_by_number_among_own_options() -> None:
    fields = {"choices": [3, 1, 0]}
    assert score(1, "B", fields=fields, columns=["choices"]).value == 1.0  # MMLU: an index from 0
    assert score("1", "B", fields=fields, columns=["choices"]).value == 1.0
    assert score("3", "A", fields=fields, columns=["choices"]).value == 1.0
    assert score(2, "0", fields=fields, columns=["choices"], reference="number").value == 1.0


def test_statuses() -> None:
    settings = {"choices": ["red", "green"]}
    assert score("red", "either red or green", **settings).status is Status.UNPARSABLE
    assert score("red", "I'm sorry, but I can't help with that.", **settings).status is Status.REFUSED
    assert score("red", "It could be", finish=Finish.LENGTH, **settings).status is Status.TRUNCATED
    assert score("red", "red", finish=Finish.LENGTH, **settings).status is Status.OK
    assert score("red", "A", letters=False, **settings).status is Status.UNPARSABLE


def test_settings_are_checked() -> None:
    with pytest.raises(UsageError, match="at least two options"):
        scorer_named("choice", {"choices": ["red"]})
    with pytest.raises(UsageError, match="twice"):
        scorer_named("choice", {"choices": ["red", "red"]})
    with pytest.raises(UsageError, match="quotes"):
        scorer_named("choice", {"choices": [True, False]})
    marker, _ = scorer_named("choice", {"choices": [1, 2, 3]})
    marker.check([Item("1", {}, 2)])
    with pytest.raises(UsageError, match="'4' is none of the options '1', '2', '3'") as caught:
        marker.check([Item("1", {}, 2), Item("2", {}, "4", line=3)], "x.csv")
    assert caught.value.where == "x.csv:3"


def test_choices_are_taken_from_the_references() -> None:
    items = [Item(str(n), {}, reference) for n, reference in enumerate(["b", "a", "b", ["c", "a"]])]
    assert choices_of(items) == ("b", "a", "c")
    assert choices_of([Item(str(n), {}, text) for n, text in enumerate(["Yes", "yes ", "NO"])]) == ("Yes", "NO")
    assert choices_of([Item(str(n), {}, n) for n in range(100)]) is None
