"""The cache against plain lists: whatever comes, grows and goes, every row keeps its own, in bounded room."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from open_models import needs_torch
from weighbridge.models.local.torch.decode_cache import KeyValues

pytestmark = [pytest.mark.torch, needs_torch]

adds = st.tuples(st.just("add"), st.lists(st.integers(1, 30), min_size=1, max_size=4))
steps = st.tuples(st.just("step"), st.integers(1, 80))
drops = st.tuples(st.just("drop"), st.integers(0, 10))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(adds, steps, drops), max_size=25))
def test_rows_keep_what_is_theirs(acts: list[tuple]) -> None:
    import torch

    held = KeyValues(2)
    rows: list[list[int]] = []
    fresh = itertools.count(1)

    def write(where: KeyValues, columns: list[list[int]]) -> None:
        """One column after another of numbers, one a row, the second layer's negative."""
        block = torch.tensor(columns, dtype=torch.float64)[:, None, :, None].expand(-1, 3, -1, 2)
        for layer, sign in zip(where.layers, (1, -1), strict=True):
            keys, values = layer.update(sign * block, 2 * sign * block)
            assert keys.shape == values.shape == (where.rows, 3, where.length + block.shape[2], 2)
        where.end += block.shape[2]

    for act, said in acts:
        if act == "add":
            prompts = [[next(fresh) for _ in range(length)] for length in said]
            target = KeyValues(2) if rows else held
            target.open(said)
            write(target, [[0] * (max(said) - len(prompt)) + prompt for prompt in prompts])
            if target is not held:
                held.append(target)
            rows += prompts
        elif act == "step" and rows:
            for _ in range(said):
                held.reserve(held.rows, 1)
                tokens = [next(fresh) for _ in rows]
                write(held, [[token] for token in tokens])
                for row, token in zip(rows, tokens, strict=True):
                    row.append(token)
        elif act == "drop" and rows:
            gone = said % len(rows)
            held.drop(gone)
            last = rows.pop()
            if gone < len(rows):
                rows[gone] = last
        assert held.lengths() == [len(row) for row in rows]
        assert held.length == max(map(len, rows), default=0)
        for at, row in enumerate(rows):
            for layer, sign in zip(held.layers, (1, -1), strict=True):
                kept = layer.keys[at, 1, held.first[at] : held.end, 0].tolist()
                assert kept == [sign * token for token in row]
                assert layer.values[at, 2, held.end - 1, 1] == 2 * sign * row[-1]
        if rows:
            mask = held.mask(0, torch.device("cpu"))
            seen = [held.length] * len(rows) if mask is None else mask.sum(1).tolist()
            assert seen == [len(row) for row in rows]


def test_room_follows_what_is_in_use() -> None:
    """Many short rows and then a long one are not many long ones."""
    import torch

    held = KeyValues(1)
    held.open([10] * 32)
    held.layers[0].update(torch.ones(32, 1, 10, 1), torch.ones(32, 1, 10, 1))
    held.end = 10
    for _ in range(31):
        held.drop(0)
    for _ in range(4000):
        held.reserve(1, 1)
        held.end += 1
    assert held.height * held.columns < 1.5 * 4100
    held.drop(0)
    held.open([20] * 40)
    assert held.height * held.columns < 1.5 * 40 * (20 + 64)
