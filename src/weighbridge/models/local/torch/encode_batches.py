"""Texts for an encoder: as tokens, checked for length, in batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded


@dataclass(frozen=True, slots=True)
class Text:
    """A text (or a pair) as the model reads it."""

    shown: str
    ids: list[int]
    types: list[int] | None = None
    """Which of a pair each token belongs to, where the model tells them apart."""


def read(loaded: Loaded, text: str, second: str | None = None) -> Text:
    """Raises UsageError for a text longer than the model holds."""
    found = _tokens(loaded, text, second)
    if loaded.context is not None and len(found.ids) > loaded.context:
        raise UsageError(
            f"the text has {len(found.ids)} tokens and the model holds {loaded.context}",
            fix="shorten the text, or split it into several items",
        )
    return found


def shorten(loaded: Loaded, text: str, most: int | None) -> Text:
    """The text, cut to `most` tokens (special ones included) where it is longer."""
    return _tokens(loaded, text, None, most)


def _tokens(loaded: Loaded, text: str, second: str | None, most: int | None = None) -> Text:
    cut = {} if most is None else {"truncation": True, "max_length": most}
    pair = () if second is None else (second,)
    made = loaded.tokenizer(text, *pair, **cut)
    shown = text if second is None else f"{text}\n\n{second}"
    types = made.get("token_type_ids") if "token_type_ids" in loaded.tokenizer.model_input_names else None
    return Text(shown, list(made["input_ids"]), None if types is None else list(types))


def batches(loaded: Loaded, texts: Mapping[int, Text], limits: Limits) -> Iterator[tuple[list[int], dict[str, Any]]]:
    """(numbers, inputs of the model) by falling length, so that little is padding and the largest comes first."""
    order = sorted(texts, key=lambda number: -len(texts[number].ids))
    at = 0
    while at < len(order):
        longest = max(1, len(texts[order[at]].ids))
        count = max(1, min(limits.rows, limits.tokens // longest))
        numbers = order[at : at + count]
        yield numbers, padded(loaded, [texts[number] for number in numbers])
        at += count


def padded(loaded: Loaded, texts: list[Text]) -> dict[str, Any]:
    """Inputs of the model, filled up on the right."""
    import torch

    longest = max(len(text.ids) for text in texts)
    fill = loaded.tokenizer.pad_token_id or 0

    def filled(row: list[int], value: int) -> list[int]:
        return row + [value] * (longest - len(row))

    inputs = {
        "input_ids": torch.tensor([filled(text.ids, fill) for text in texts], device=loaded.device),
        "attention_mask": torch.tensor([filled([1] * len(text.ids), 0) for text in texts], device=loaded.device),
    }
    types = [text.types for text in texts if text.types is not None]
    if len(types) == len(texts):
        inputs["token_type_ids"] = torch.tensor([filled(row, 0) for row in types], device=loaded.device)
    return inputs
