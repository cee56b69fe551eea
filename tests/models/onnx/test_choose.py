"""Tokens chosen in numpy are those chosen in torch from the same logits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from open_models import needs_torch
from weighbridge.models.local.onnx.choose import choose
from weighbridge.models.local.onnx.runner import log_softmax
from weighbridge.models.local.torch.constrain import Choices, Node
from weighbridge.models.local.torch.sampling import chooser
from weighbridge.models.protocol import Sampling

pytestmark = [pytest.mark.torch, needs_torch]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    size=st.integers(3, 600),
    temperature=st.sampled_from([0.0, 0.3, 1.0, 1.7]),
    top_p=st.sampled_from([None, 0.05, 0.5, 0.93, 1.0]),
    held=st.booleans(),
)
def test_equal_seeds_give_equal_tokens(
    seed: int, size: int, temperature: float, top_p: float | None, held: bool
) -> None:
    import torch

    from weighbridge.models.local.torch.sampling import choose as choose_in_torch

    logits = np.random.default_rng(seed).normal(0, 4, (4, size)).astype(np.float32)
    sampling = Sampling(temperature=temperature, top_p=top_p, seed=seed)

    def choosers():
        return [chooser(sampling, at, _rule(size) if held else None, logprobs=True) for at in range(4)]

    ours = choose(logits, choosers())
    theirs = choose_in_torch(torch.from_numpy(logits), choosers())
    for (token, chance), (right, sure) in zip(ours, theirs, strict=True):
        assert token == right
        assert chance is not None
        assert sure is not None
        assert math.isclose(chance, sure, rel_tol=1e-9, abs_tol=1e-9)


def _rule(size: int) -> Choices:
    return Choices(Node({0: Node(text="a"), size - 1: Node(text="b")}), frozenset())


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31), scale=st.floats(0.01, 200))
def test_log_probabilities_are_those_of_torch(seed: int, scale: float) -> None:
    import torch

    logits = np.random.default_rng(seed).normal(0, scale, (3, 700)).astype(np.float32)
    right = torch.log_softmax(torch.from_numpy(logits).double(), -1).numpy()
    assert np.allclose(log_softmax(logits), right, atol=1e-4, rtol=1e-6)
