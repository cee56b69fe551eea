"""Prompts that begin alike are read from where they part, with the same logits as if each were read alone."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generating import answers, ask, loaded
from open_models import needs_torch
from weighbridge.models.local.torch.decode import CausalDecoder, decoder_for
from weighbridge.models.local.torch.decode_cache import KeyValues
from weighbridge.models.local.torch.decode_shelf import Shelf
from weighbridge.models.local.torch.limits import Limits

pytestmark = [pytest.mark.torch, needs_torch]

FAMILY = ("llama", "qwen2", "qwen3", "mistral_window", "gemma3")


@pytest.mark.parametrize("name", FAMILY)
def test_shared_beginnings_change_no_logits(name: str) -> None:
    import torch

    model = loaded(name)
    draw = torch.Generator().manual_seed(2)

    def some(count: int) -> list[int]:
        return torch.randint(6, 320, (count,), generator=draw).tolist()

    first, second = some(60), some(45)
    waves = [
        [first + some(n) for n in (3, 20, 1)],  # makes a shelf
        [first + some(5)],  # uses it
        [first[:50] + some(9)],  # uses a part of it
        [second + some(n) for n in (2, 7)],  # makes another
        [some(4), some(30)],  # shares nothing
        [second + some(12)],
    ]
    decoder, plain = decoder_for(model), CausalDecoder(model)
    depths = []
    with torch.inference_mode():
        for wave in waves:
            torch.testing.assert_close(decoder.add(wave), plain.add(wave), rtol=1e-4, atol=1e-4)
            depths.append(len(decoder._shelf.tokens))
            tokens = some(decoder.rows)
            torch.testing.assert_close(decoder.step(tokens), plain.step(tokens), rtol=1e-4, atol=1e-4)
    assert depths == [60, 60, 60, 45, 45, 45]


def test_only_what_differs_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from weighbridge.models.local.torch.generate_prompt import ready

    model = loaded("qwen2")
    decoder = ready(model).decoder
    read = []
    inner = type(decoder)._pass

    def counted(self, held, prompts, known):
        read.append(sum(len(prompt) - known for prompt in prompts))
        return inner(self, held, prompts, known)

    shots = "the quick brown fox jumps over the lazy dog. " * 6
    calls = [ask(shots + word, max_tokens=3) for word in ("yes", "no", "Paris", "Lily", "dog")]
    alone = [one.text for call in calls for one in answers(model, [call])]
    decoder._shelf = Shelf([], KeyValues(decoder.depth))
    monkeypatch.setattr(type(decoder), "_pass", counted)
    found = answers(model, calls, Limits(rows=2))
    assert [one.text for one in found] == alone
    assert sum(read) < 0.5 * sum(one.usage.input_tokens for one in found)


tokens = st.lists(st.integers(0, 2), max_size=60)


@settings(max_examples=300, deadline=None)
@given(tokens, tokens, st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8), min_size=1, max_size=4))
def test_what_is_shared_is_a_beginning_of_all(shelf: list[int], head: list[int], tails: list[list[int]]) -> None:
    prompts = [head + tail for tail in tails]
    count, fresh = Shelf(shelf, KeyValues(1)).shared(prompts)
    assert 0 <= count < min(map(len, prompts))
    assert len({tuple(prompt[:count]) for prompt in prompts}) == 1
    if count and not fresh:
        assert shelf[:count] == prompts[0][:count]
