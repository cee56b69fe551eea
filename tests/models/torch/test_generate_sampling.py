"""Drawing tokens: the right distribution, the right cut, and nothing outside it."""

from __future__ import annotations

import collections
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from open_models import needs_torch
from weighbridge.models.local.torch.sampling import Chooser, choose, chooser, drawn, logprob, nucleus
from weighbridge.models.protocol import Sampling

pytestmark = [pytest.mark.torch, needs_torch]

rows = st.lists(st.floats(-20, 20, width=32), min_size=2, max_size=40)


@settings(max_examples=200, deadline=None)
@given(rows, st.floats(0.01, 0.99))
def test_the_nucleus_is_the_smallest_set_that_holds_the_share(row: list[float], share: float) -> None:
    import torch

    chances = torch.softmax(torch.tensor(row, dtype=torch.float64), -1)
    kept = nucleus(chances, share)
    inside = kept > 0
    assert bool((kept[inside] == chances[inside]).all())
    assert float(kept.sum()) >= share - 1e-9
    smallest = float(chances[inside].min())
    assert float(kept.sum()) - smallest < share + 1e-9
    outside = chances[~inside]
    assert not len(outside) or float(outside.max()) <= smallest


def test_a_flat_distribution_is_sorted_whole() -> None:
    import torch

    chances = torch.full((1000,), 0.001, dtype=torch.float64)
    assert 899 <= int((nucleus(chances, 0.9) > 0).sum()) <= 901


def test_draws_follow_the_tempered_distribution() -> None:
    import torch

    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, -50.0])
    how = Chooser(temperature=0.7, numbers=random.Random(5))
    count = collections.Counter(drawn(logits, how) for _ in range(20_000))
    right = torch.softmax(logits / 0.7, -1)
    for token in range(5):
        share, expected = count[token] / 20_000, float(right[token])
        assert abs(share - expected) < 4.5 * (expected * (1 - expected) / 20_000) ** 0.5 + 1e-9


@settings(max_examples=200, deadline=None)
@given(rows, st.floats(0.05, 2), st.integers(0, 10**6))
def test_a_draw_never_leaves_the_allowed(row: list[float], temperature: float, seed: int) -> None:
    import torch

    class Even:
        def restrict(self, logits):
            out = logits.clone()
            out[1::2] = float("-inf")
            return out

        def take(self, token: int) -> None:
            assert token % 2 == 0

    how = chooser(Sampling(temperature=temperature, seed=seed, top_p=0.95), 3, Even(), True)
    ((token, chance),) = choose(torch.tensor([row]), [how])
    assert token % 2 == 0
    assert chance == pytest.approx(float(torch.log_softmax(torch.tensor(row).double(), -1)[token]), abs=1e-9)


def test_a_log_probability_keeps_its_digits() -> None:
    import torch

    logits = torch.zeros(50_000)
    logits[7] = 30.0
    assert logprob(logits, 7) == pytest.approx(-49_999 * 9.357622968840175e-14, rel=1e-3)


def test_seed_and_repeat_give_their_own_numbers() -> None:
    def first(seed: int | None, repeat: int) -> float:
        numbers = chooser(Sampling(temperature=1, seed=seed), repeat, None, False).numbers
        assert numbers is not None
        return numbers.random()

    assert first(1, 0) == first(1, 0)
    assert len({first(1, 0), first(1, 1), first(2, 0), first(None, 0), first(None, 0)}) == 5
    # Fixed for all time: a run that is resumed with another version of Python draws on.
    assert first(1, 0) == random.Random("1/0").random()


def test_greedy_rows_and_drawn_rows_stand_beside_each_other() -> None:
    import torch

    logits = torch.tensor([[0.0, 3.0, 1.0], [0.0, 0.0, 90.0]])
    found = choose(logits, [Chooser(), Chooser(temperature=1.0, numbers=random.Random(1), logprobs=True)])
    assert found[0] == (1, None)
    assert found[1][0] == 2
    assert found[1][1] == pytest.approx(0.0, abs=1e-9)
