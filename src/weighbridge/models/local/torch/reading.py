"""How a loaded tokenizer turns messages into text: its chat template where it has one that works."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from weighbridge.models.local.architectures import Kind
from weighbridge.models.local.chat_template import Probe, chosen


def reader_of(
    tokenizer: Any,
    kind: Kind,
    template: str,
    options: Mapping[str, Any],
    where: str,
) -> Probe:
    """The template to use and what to say about it. Raises UsageError where ``chat`` is asked for and cannot be."""
    found = tokenizer.chat_template
    if isinstance(found, Mapping):
        found = found.get("default")
    generates = kind == "causal" or bool(found)
    return chosen(found, tokenizer.special_tokens_map, template, options, where, generates=generates)
