"""From names to indices, and costs that cannot be told apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.evidence import Question
from weighbridge.weighing.asking import level_costs, rules_for

NAMES = ("opener", "closer", "rule", "opener-2")
SIDES = ("open", "closed", "rule", "open")


def test_open_ones_are_put_against_closed_ones():
    rules = rules_for(Question(goal="non_inferior", margin=0.04), NAMES, SIDES)
    assert rules.challengers == (0, 3)
    assert rules.references == (1,)
    assert rules.margin == 0.04


def test_a_named_reference_is_the_only_one():
    rules = rules_for(Question(goal="superior", reference="opener"), NAMES, SIDES)
    assert rules.challengers == (3,)
    assert rules.references == (0,)


def test_a_named_reference_is_enough_where_nothing_else_is_open():
    rules = rules_for(Question(goal="superior", reference="opener"), NAMES[:3], SIDES[:3])
    assert rules.challengers == (1, 2)


@pytest.mark.parametrize(
    ("sides", "said"),
    [(("closed", "closed", "rule", "closed"), "an open one"), (("open", "open", "rule", "open"), "a closed one")],
)
def test_a_missing_side_is_said(sides, said):
    with pytest.raises(UsageError, match=said):
        rules_for(Question(goal="non_inferior"), NAMES, sides)


def test_an_unknown_reference_gets_its_nearest_match():
    with pytest.raises(UsageError) as caught:
        rules_for(Question(goal="superior", reference="closr"), NAMES, SIDES)
    assert "'closer'" in caught.value.fix


def test_costs_that_overlap_are_levelled():
    generator = np.random.default_rng(0)
    same = [generator.normal(1.0, 0.3, 50), generator.normal(1.02, 0.3, 50), np.full(50, 3.0)]
    level = level_costs(same)
    assert level[0] == level[1] == pytest.approx((same[0].mean() + same[1].mean()) / 2)
    assert level[2] == 3.0


def test_a_known_price_per_request_is_told_apart_however_close():
    assert level_costs([np.full(8, 1.0), np.full(8, 1.001), np.array([])])[:2] == [1.0, pytest.approx(1.001)]
    assert np.isnan(level_costs([np.array([]), np.ones(2)])[0])


@given(st.lists(st.lists(st.floats(0, 10), min_size=1, max_size=10), min_size=1, max_size=6))
def test_levelled_costs_keep_the_order_of_the_means(costs):
    arrays = [np.array(values) for values in costs]
    level = level_costs(arrays)
    means = [values.mean() for values in arrays]
    for one in range(len(costs)):
        for other in range(len(costs)):
            if means[one] < means[other]:
                assert level[one] <= level[other] + 1e-9
