"""Answers held to a JSON Schema, token by token, with `llguidance` where it is installed.

Reference: https://github.com/guidance-ai/llguidance (MIT; what llama.cpp, vLLM and SGLang use for it too).
"""

from __future__ import annotations

import importlib.util
import json
import weakref
from typing import Any

from weighbridge.errors import UsageError


def available() -> bool:
    """Whether answers can be held to a schema here; `Capabilities.json_schema` says the same."""
    return importlib.util.find_spec("llguidance") is not None


class Follow:
    """A `sampling.Rule`: the next token must continue a text that the schema allows."""

    def __init__(self, matcher: Any) -> None:
        self._matcher = matcher

    @property
    def done(self) -> bool:
        """Whether nothing but the end can follow."""
        return bool(self._matcher.is_stopped())

    def restrict(self, logits: Any) -> Any:
        import numpy as np
        import torch

        # One bit a token, the lowest first. llguidance's own way to apply them would compile a kernel.
        bits = np.frombuffer(self._matcher.compute_bitmask(), np.uint8)
        allowed = np.unpackbits(bits, count=len(logits), bitorder="little").astype(bool)
        return logits.masked_fill(~torch.from_numpy(allowed).to(logits.device), float("-inf"))

    def take(self, token: int) -> None:
        self._matcher.consume_token(token)


_tokenizers: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def follow(tokenizer: Any, schema: str, ends: frozenset[int], words: int) -> Follow:
    """The rule for a schema (JSON text). Raises UsageError for a schema that cannot be followed."""
    if not available():
        raise UsageError(
            "answers cannot be held to a JSON Schema without llguidance", fix="pip install 'weighbridge[local]'"
        )
    import llguidance
    import llguidance.hf

    if not getattr(tokenizer, "is_fast", False):
        raise UsageError(
            "answers can be held to a JSON Schema only where the tokenizer is a fast one (tokenizer.json)",
            fix="convert the tokenizer, or ask for JSON in the prompt and leave the schema out",
        )
    known = _tokenizers.get(tokenizer)
    if known is None:
        known = llguidance.hf.from_tokenizer(tokenizer, n_vocab=words, eos_token=sorted(ends) or None)
        _tokenizers[tokenizer] = known
    try:
        # Without white space beyond what is usual, a model cannot fill its answer with blanks.
        grammar = llguidance.LLMatcher.grammar_from_json_schema(
            schema, overrides={"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
        )
    except (ValueError, json.JSONDecodeError) as error:
        raise UsageError(f"the JSON Schema cannot be read: {error}") from None
    matcher = llguidance.LLMatcher(known, grammar)
    if matcher.is_error():
        told = " ".join(str(matcher.get_error()).split())
        raise UsageError(f"the JSON Schema cannot be followed: {told[:200]}", fix="simplify the schema")
    return Follow(matcher)
