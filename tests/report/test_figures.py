"""Numbers as people read them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.report import figures


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "$0"),
        (1240.4, "$1,240"),
        (100, "$100"),
        (3.2, "$3.20"),
        (0.12, "$0.12"),
        (0.0834, "$0.083"),
        (0.00345, "$0.0034"),
        (1e-9, "$1.0e-09"),
        (-2.5, "-$2.50"),
        (None, "unknown"),
        (math.nan, "unknown"),
    ],
)
def test_money(value: float | None, text: str) -> None:
    assert figures.amount(value) == text


def test_money_in_other_currencies() -> None:
    assert figures.amount(1.5, "EUR") == "€1.50"
    assert figures.amount(1.5, "CHF") == "CHF 1.50"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.00002, "0.02 ms"),
        (0.008, "8 ms"),
        (0.42, "0.42 s"),
        (12.5, "12.5 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 05 min"),
        (None, "unknown"),
    ],
)
def test_seconds(value: float | None, text: str) -> None:
    assert figures.seconds(value) == text


def test_shares_and_points() -> None:
    assert figures.percent(0.834) == "83.4 %"
    assert figures.points(0.0312) == "+3.1"
    assert figures.points(-0.0001) == "0.0"
    assert figures.span(0.801, 0.862) == "80.1 to 86.2"
    assert figures.sureness(0.05) == "95 %"
    assert figures.sureness(0.005) == "99.5 %"
    assert figures.share_of(1, 3000) == "0.0 %"
    assert figures.share_of(999, 1000) == "99.9 %"
    assert figures.share_of(1, 0) == "-"


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_nothing_unknown_becomes_a_number(value: float) -> None:
    for show in (figures.percent, figures.points, figures.amount, figures.seconds, figures.count):
        assert (show(value) == "unknown") == (not math.isfinite(value))


@given(st.floats(1e-6, 1e6))
def test_money_is_right_to_two_digits(value: float) -> None:
    shown = float(figures.amount(value).replace("$", "").replace(",", ""))
    assert shown == pytest.approx(value, rel=0.06)
