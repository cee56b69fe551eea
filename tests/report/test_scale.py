"""Scales and labels of the charts."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from weighbridge.report.html.scale import Scale, positive_scale, share_scale
from weighbridge.report.html.series import simple_frontier
from weighbridge.report.html.svg import spread, tag

SHARES = st.lists(st.floats(0, 1), min_size=1, max_size=8)
AMOUNTS = st.lists(st.floats(1e-9, 1e9) | st.just(0.0), min_size=1, max_size=8)


@given(SHARES)
def test_a_share_scale_holds_its_values_within_0_and_1(values: list[float]) -> None:
    scale = share_scale(values, 300, 20)
    assert 0 <= scale.low <= min(values)
    assert max(values) <= scale.high <= 1
    assert scale.high - scale.low >= 0.0399
    assert all(20 <= scale(value) <= 300 for value in values)
    assert scale.ticks(5)
    assert all(scale.low - 1e-9 <= tick <= scale.high + 1e-9 for tick in scale.ticks(5))


@given(AMOUNTS)
def test_an_amount_scale_keeps_order_and_has_ticks(values: list[float]) -> None:
    scale = positive_scale(values, 10, 400)
    assert all(9.999 <= scale(value) <= 400.001 for value in values)
    places = [scale(value) for value in sorted(values)]
    assert places == sorted(places)
    ticks = scale.ticks(5)
    assert 1 <= len(ticks) <= 14
    assert ticks == sorted(ticks)


def test_a_logarithmic_scale_gives_decades_equal_room() -> None:
    scale = Scale(0.01, 100, 0, 400, log=True)
    assert [round(scale(value)) for value in (0.01, 0.1, 1, 10, 100)] == [0, 100, 200, 300, 400]


@given(st.lists(st.floats(-50, 450), max_size=20), st.floats(5, 20))
def test_labels_stand_apart_and_inside(places: list[float], gap: float) -> None:
    moved = spread(places, gap, 0, 400)
    assert all(-1e-6 <= place <= 400 + 1e-6 for place in moved)
    ordered = sorted(moved)
    room = min(gap, 400 / max(1, len(places) - 1))
    assert all(b - a >= room - 1e-6 for a, b in itertools.pairwise(ordered))


def test_the_frontier_leaves_out_what_a_cheaper_one_matches() -> None:
    points = [(1.0, 0.7), (2.0, 0.6), (2.0, 0.8), (3.0, 0.8), (4.0, 0.9), (1.0, 0.5)]
    assert simple_frontier(points) == [(1.0, 0.7), (2.0, 0.8), (4.0, 0.9)]


def test_attributes_are_escaped() -> None:
    assert tag("g", class_='"><script>', stroke_width=1.0) == (
        '<g class="&quot;&gt;&lt;script&gt;" stroke-width="1"></g>'
    )
