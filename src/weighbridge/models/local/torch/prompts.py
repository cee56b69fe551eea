"""The text a loaded model reads for given messages."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.models.local.chat_template import prompt_text
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.tasks.item import Message


def prompt_of(loaded: Loaded, messages: Sequence[Message]) -> tuple[str, bool]:
    """The prompt, and whether the tokenizer must still add its special tokens (``add_special_tokens``).

    Raises UsageError where the chat template refuses the messages.
    """
    return prompt_text(messages, loaded.chat)
