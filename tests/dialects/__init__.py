"""The vendors' formats from the vendors' side: written and read through their own SDKs, never through ours."""

from __future__ import annotations

import importlib
from types import ModuleType

_MODULES = {
    "openai": "openai_chat",
    "azure": "openai_chat",
    "openai-responses": "openai_responses",
    "azure-responses": "openai_responses",
    "anthropic": "anthropic_messages",
    "gemini": "gemini",
    "vertex": "gemini",
    "cohere": "cohere_v2",
    "bedrock": "bedrock",
    "ollama": "ollama_chat",
}


def dialect(wire: str) -> ModuleType:
    """The module of a wire's format, by `Wire.name`."""
    return importlib.import_module(f"dialects.{_MODULES[wire]}")
