"""Numbers in text, against decimals made the other way round: spelled from a known value."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.tasks.normalise import NORMALISATIONS, as_text, normalise, references
from weighbridge.tasks.numerals import numerals, plain_numerals

CASES = [
    ("72", [72]),
    ("The total is $1,234.50.", ["1234.50"]),
    ("-$5 and $-6 and −7", [-5, -6, -7]),
    ("- 3 apples\n- 4 pears", [3, 4]),
    ("3-4", [3, 4]),
    ("gpt4 has 12 layers, A1 not", [12]),
    ("5km, 45 %, 1e3", [5, 45, 1000]),
    ("12,5", [12, 5]),
    ("1,23,456", [123456]),
    ("1 000 000", [1000000]),
    ("1'234.50", ["1234.50"]),
    ("١٢٣ and １２", [123, 12]),
    ("x=.5", ["0.5"]),
    ("2024-01-05", [2024, 1, 5]),
    ("1.2.3", ["1.2"]),
    ("1e999999999", []),
    ("9" * 1000, []),
    ("no number, NaN, inf", []),
    ("**42**", [42]),
    ("(7)", [7]),
]


@pytest.mark.parametrize(("text", "values"), CASES)
def test_cases(text: str, values: list) -> None:
    assert [found.value for found in numerals(text)] == [Decimal(value) for value in values]


def test_decimal_comma() -> None:
    assert [str(found.value) for found in numerals("1.234,5 € und 3,14", ",")] == ["1234.5", "3.14"]


DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4)


@given(value=DECIMALS, style=st.sampled_from([",", "", "_", "'", "\u202f"]))
def test_any_spelling_reads_back(value: Decimal, style: str) -> None:
    spelled = f"{value:,f}".replace(",", style)
    assert [found.value for found in numerals(f"so: {spelled}!")] == [value]
    european = f"{value:,f}".translate(str.maketrans(",.", ".,"))
    assert [found.value for found in numerals(f"so: {european} !", ",")] == [value]


@given(values=st.lists(DECIMALS, min_size=1, max_size=4))
def test_positions_are_where_the_numbers_stand(values: list[Decimal]) -> None:
    text = " and ".join(f"{value:f}" for value in values)
    found = numerals(text)
    assert [Decimal(text[each.start : each.end]) for each in found] == values


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    for mark in (".", ","):
        for found in numerals(text, mark):
            assert found.value.is_finite()
    plain_numerals(text)


def test_long_texts_take_linear_time() -> None:
    for text in ("1," * 100_000, "1" * 200_000, "1,111" * 40_000, "- " * 100_000, "$ " * 100_000, "1.1e" * 50_000):
        start = time.process_time()
        numerals(text)
        assert time.process_time() - start < 2


@given(st.text(), st.lists(st.sampled_from(NORMALISATIONS)))
def test_normalising_twice_changes_nothing_more(text: str, names: list) -> None:
    names = [name for name in names if name in ("unicode", "case", "whitespace")]
    if names != ["case"] and "case" in names and "unicode" in names:
        return  # folding case can undo a compatibility form (a property of Unicode, not of the code)
    once = normalise(text, names)
    assert normalise(once, names) == once


@pytest.mark.parametrize(
    ("text", "names", "result"),
    [
        ("  a \n b ", ["whitespace"], "a b"),
        ("Straße", ["case"], "strasse"),
        ("ｆｕｌｌ ﬁ", ["unicode"], "full fi"),
        ('Hello, "world"!', ["punctuation"], "Hello world"),
        ("1.5 and -3, covid-19", ["punctuation"], "1.5 and -3 covid19"),
        ("the a An apple", ["articles", "whitespace"], "apple"),
        ("+1,000.50 = 1000.5", ["numbers"], "1000.5 = 1000.5"),
        ("-$1,500.00", ["numbers", "punctuation"], "-1500"),
        ("The  Cost, is $1,500.00!", ["whitespace", "case", "punctuation", "numbers", "articles"], "cost is 1500"),
    ],
)
def test_named_normalisations(text: str, names: list, result: str) -> None:
    assert normalise(text, names) == result


def test_references_as_text() -> None:
    values = ["a", 5, 5.0, 2.5, True, None, {"a": [1]}]
    assert [as_text(value) for value in values] == ["a", "5", "5", "2.5", "true", "", '{"a":[1]}']
    assert references(["a", "b"]) == ["a", "b"]
    assert references("ab") == ["ab"]
