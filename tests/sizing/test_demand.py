"""The day's curve, and the queue: Erlang's formula against a simulation of single requests."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.errors import UsageError
from weighbridge.sizing.demand import Capacity, chance_to_wait, day, machines_for, most_offered, most_served

SEED = 20261121


def waiting(offered: float, servers: int, lengths: np.ndarray, seed: int = SEED) -> float:
    """Share of requests that find every server taken, one request after the other. `lengths` have a mean of 1."""
    gaps = np.random.default_rng(seed).exponential(1 / offered, len(lengths))
    free = [0.0] * servers
    now, waited = 0.0, 0
    for gap, length in zip(gaps.tolist(), lengths.tolist(), strict=True):
        now += gap
        earliest = heapq.heappop(free)
        waited += earliest > now
        heapq.heappush(free, max(earliest, now) + length)
    return waited / len(lengths)


def exponential(count: int) -> np.ndarray:
    return np.random.default_rng(SEED + 1).exponential(1.0, count)


@pytest.mark.parametrize(
    ("offered", "servers"), [(0.5, 1), (0.8, 1), (3.0, 4), (8.0, 10), (45.0, 50), (180.0, 200), (290.0, 300)]
)
def test_the_formula_is_what_a_simulation_finds(offered, servers):
    found = waiting(offered, servers, exponential(150_000))
    assert found == pytest.approx(chance_to_wait(offered, servers), abs=0.03)


def test_one_server_waits_as_it_is_busy():
    for share in (0.1, 0.5, 0.9):
        assert chance_to_wait(share, 1) == pytest.approx(share)


def test_two_servers_by_hand():
    assert chance_to_wait(1.0, 2) == pytest.approx(1 / 3)  # a^2/2 / ((1 - a/2)(1 + a) + a^2/2)


@settings(deadline=None)
@given(st.integers(1, 600), st.floats(0.001, 0.999))
def test_the_sum_is_the_recursion(servers, share):
    offered, blocked = share * servers, 1.0
    for number in range(1, servers + 1):
        blocked = offered * blocked / (number + offered * blocked)
    plain = blocked / (1 - share * (1 - blocked))
    assert chance_to_wait(offered, servers) == pytest.approx(plain, rel=1e-6, abs=1e-150)


def test_more_than_can_be_served_waits():
    assert chance_to_wait(5, 5) == 1
    assert chance_to_wait(7, 5) == 1
    assert chance_to_wait(0, 5) == 0


@settings(deadline=None)
@given(st.integers(1, 5000), st.floats(0.001, 0.5))
def test_the_most_offered_keeps_its_promise(servers, may_wait):
    most = most_offered(servers, may_wait)
    assert 0 < most < servers
    assert chance_to_wait(most, servers) <= may_wait + 1e-9
    assert chance_to_wait(most * 1.001, servers) > may_wait


@settings(deadline=None)
@given(st.integers(1, 400), st.floats(0.01, 0.3))
def test_what_is_served_grows_faster_than_servers(servers, may_wait):
    one, two, three = (most_offered(servers + more, may_wait) for more in range(3))
    assert two > one
    assert three - two >= (two - one) * (1 - 1e-6)


@pytest.mark.parametrize("peak", [1.0, 1.2, 2.0, 3.0, 6.0, 12.0, 20.0])
def test_a_day_has_its_peak_and_its_mean(peak):
    hours = day(peak)
    assert len(hours) == 24
    assert sum(hours) / 24 == pytest.approx(1)
    assert max(hours) == pytest.approx(peak, rel=1e-3)
    assert min(hours) >= 0


@pytest.mark.parametrize("peak", [0.99, 0.0, -1.0, 21.0, math.inf, math.nan])
def test_a_peak_that_cannot_be(peak):
    with pytest.raises(UsageError, match="times the mean hour"):
        day(peak)


@settings(deadline=None, max_examples=50)
@given(st.floats(0.01, 300), st.floats(0.1, 50), st.integers(1, 400))
def test_the_fewest_machines(requests, each, places):
    capacity = Capacity(each, places)
    count = machines_for(capacity, requests, 0.05)
    assert most_served(capacity, count, 0.05) >= requests
    assert count == 1 or most_served(capacity, count - 1, 0.05) < requests


def test_the_machines_named_are_enough_in_a_simulation_and_one_fewer_is_not():
    capacity, asked = Capacity(requests=2.0, places=40), 11.0
    count = machines_for(capacity, asked, 0.05)
    offered = asked * capacity.held
    lengths = exponential(150_000)
    assert waiting(offered, count * capacity.places, lengths) <= 0.05 + 0.01
    assert waiting(offered, (count - 1) * capacity.places, lengths) > 0.05


def test_answers_of_even_length_wait_no_more_than_the_formula_says():
    even = np.random.default_rng(SEED).gamma(4.0, 0.25, 150_000)
    assert waiting(45.0, 50, even) <= chance_to_wait(45.0, 50) + 0.01


def test_nothing_asked_takes_one_machine():
    assert machines_for(Capacity(1, 1), 0, 0.05) == 1
