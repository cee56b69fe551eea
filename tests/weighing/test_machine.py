"""Machine time: the shares of all calls add up to the time the machine was busy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.weighing.machine import MachineClock


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30)), min_size=1, max_size=30))
def test_shares_add_up_to_busy_seconds(calls):
    clock = MachineClock()
    events = sorted(
        [(start, 1, number) for number, (start, _) in enumerate(calls)]
        + [(start + length, 0, number) for number, (start, length) in enumerate(calls)]
    )
    marks, shares = {}, {}
    for when, begins, number in events:
        if begins:
            marks[number] = clock.start(float(when))
        else:
            shares[number] = clock.end(marks[number], float(when))
    covered = set().union(*(range(start, start + length) for start, length in calls))
    assert sum(shares.values()) == pytest.approx(len(covered))
    assert clock.busy == pytest.approx(len(covered))
    assert all(share <= calls[number][1] + 1e-9 for number, share in shares.items())


def test_two_calls_at_once_share_the_second_they_overlap():
    clock = MachineClock()
    first = clock.start(0.0)
    second = clock.start(1.0)
    assert clock.end(first, 2.0) == pytest.approx(1.5)
    assert clock.end(second, 4.0) == pytest.approx(2.5)
