"""Which tokens end an answer: those the model names, and the one its chat template puts after an assistant's turn."""

from __future__ import annotations

from typing import Any

from weighbridge.errors import UsageError
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.tasks.item import Message

_MARK = "Zq9answerZq9"


def end_tokens(loaded: Loaded) -> frozenset[int]:
    """Of generation_config.json, config.json and the tokenizer, and of the template (``<|im_end|>``)."""
    found: set[int] = set()
    for holder in (getattr(loaded.model, "generation_config", None), loaded.config, loaded.tokenizer):
        named: Any = getattr(holder, "eos_token_id", None)
        if named is not None:
            found |= {int(one) for one in (named if isinstance(named, (list, tuple)) else [named])}
    token = _after_turn(loaded)
    return frozenset(found if token is None else found | {token})


def _after_turn(loaded: Loaded) -> int | None:
    """The special token that follows what an assistant said, in a conversation that goes on."""
    if loaded.chat is None:
        return None
    turns = (Message("user", "a"), Message("assistant", _MARK), Message("user", "b"))
    try:
        text = loaded.chat.render(turns)
    except UsageError:  # a template for single turns tells nothing of what follows one
        return None
    _, mark, after = text.rpartition(_MARK)
    after = after.lstrip()
    if not mark or not after:
        return None
    special = {token.content: number for number, token in loaded.tokenizer.added_tokens_decoder.items()}
    return max(
        ((len(word), number) for word, number in special.items() if after.startswith(word)), default=(0, None)
    )[1]
