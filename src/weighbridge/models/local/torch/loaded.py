"""A model of transformers, loaded and ready: what generation and scoring work on."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighbridge.models.local.architectures import Kind
from weighbridge.models.local.chat_template import ChatTemplate

__all__ = ["Kind", "Loaded"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """Weights, tokenizer and configuration of one model, in evaluation mode and without gradients."""

    model: Any
    """A ``PreTrainedModel``."""
    tokenizer: Any
    """Its ``PreTrainedTokenizerBase``, fast where there is one."""
    config: Any
    """Its ``PretrainedConfig`` (the text part of a model with several)."""
    kind: Kind
    architecture: str
    """``config.model_type``."""
    device: Any
    """``torch.device``."""
    dtype: Any
    """``torch.dtype`` of the weights."""
    context: int | None
    """Most positions the model was made for; None where nothing limits them (T5, alibi)."""
    template: str | None
    """Jinja source of the chat template; None where messages are read as plain text."""
    source: Path | None = None
    """Folder or GGUF file it came from."""
    notes: tuple[str, ...] = field(default=())
    tokens: int | None = None
    """Token positions at once that the memory has room for, as far as was asked; None: that was not looked at."""
    chat: ChatTemplate | None = None
    """The chat template, tried and ready (`prompts.prompt_of` renders with it); None: plain text."""
