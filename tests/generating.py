"""Shared by the tests of generation: tiny models, loaded once, and calls in one line."""

from __future__ import annotations

import functools
import random
from collections.abc import Sequence

from open_models import tiny
from weighbridge.models.local.batch import Emit, Outcome, no_more
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.protocol import Request, Sampling
from weighbridge.tasks.item import Message

WORDS = (
    *("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "question", "answer", "Paris", "little"),
    *("girl", "named", "Lily", "yes", "no", "0", "1", "2", "3"),
)


@functools.lru_cache(32)
def loaded(name: str, dtype: str = "float32") -> Loaded:
    from weighbridge.models.local.torch.load import load

    return load(tiny(name), dtype=dtype, device="cpu", threads=1)


def ask(text: str, **more) -> Request:
    """A request; names of `Sampling` go there, the others to `Request`."""
    sampling = {name: more.pop(name) for name in list(more) if name in Sampling.__struct_fields__}
    return Request((Message("user", text),), Sampling(**{"max_tokens": 24} | sampling), **more)


def answers(
    model: Loaded, calls: Sequence[Request], limits: Limits | None = None, emit: Emit | None = None, more=no_more
) -> list[Outcome]:
    """Outcomes in the order of the calls; each must come exactly once."""
    from weighbridge.models.local.torch.generate import generate

    found: dict[int, Outcome] = {}

    def done(number: int, outcome: Outcome) -> None:
        assert number not in found
        found[number] = outcome

    generate(model, calls, done, more, emit, limits)
    return [found[number] for number in sorted(found)]


def texts(seed: int, lengths: Sequence[int]) -> list[str]:
    """Prompts of so many words."""
    draw = random.Random(seed)
    return [" ".join(draw.choice(WORDS) for _ in range(length)) for length in lengths]
