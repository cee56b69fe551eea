"""The tokenizer of an exported folder, and the text that a model reads: needs the package tokenizers alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.models.local.chat_template import ChatTemplate, chosen, prompt_text
from weighbridge.models.local.onnx.manifest import Manifest
from weighbridge.tasks.item import Message

_AGAIN = "export it again: weighbridge onnx export SOURCE DIR"


@dataclass(frozen=True, slots=True)
class Text:
    """Text to token numbers and back, as transformers does it for the same folder."""

    tokenizer: Any
    """A ``tokenizers.Tokenizer``."""
    manifest: Manifest
    chat: ChatTemplate | None
    notes: tuple[str, ...] = field(default=())

    def prompt(self, messages: Sequence[Message]) -> tuple[str, bool]:
        """The text to read, and whether special tokens are still to be added."""
        return prompt_text(messages, self.chat)

    def encode(self, text: str, special: bool) -> list[int]:
        found: list[int] = self.tokenizer.encode(text, add_special_tokens=special).ids
        return found

    def decode(self, tokens: Sequence[int]) -> str:
        """Text of an answer, without special tokens."""
        text: str = self.tokenizer.decode(list(tokens), skip_special_tokens=True)
        return text

    def piece(self, token: int) -> str:
        """One token as text, special or not."""
        text: str = self.tokenizer.decode([token], skip_special_tokens=False)
        return text

    def pair(self, context: str, continuation: str, special: bool) -> tuple[list[int], list[int]]:
        """Tokens of a context and of what follows it, split as lm-evaluation-harness 0.4 splits them.

        Blanks at the end of the context move to the continuation. A decoder reads both as one text, of which the
        continuation is what goes beyond the context's own tokens. Without a context the first token is `prefix`.
        Source: ``TemplateLM._encode_pair`` and ``loglikelihood`` of lm_eval 0.4.13.
        """
        if not context:
            first = self.manifest.prefix
            rest = self.encode(continuation, False)
            if first is None:
                return rest[:1], rest[1:]
            return ([first], rest) if rest[:1] != [first] else (rest[:1], rest[1:])
        kept = context.rstrip()
        if kept != context:
            continuation, context = context[len(kept) :] + continuation, kept
        if self.manifest.kind == "seq2seq":
            return self.encode(context, special), self.encode(continuation, False)
        whole = self.encode(context + continuation, self._adds(context, special))
        before = self.encode(context, self._adds(context, special))
        return before, whole[len(before) :]

    def _adds(self, text: str, special: bool) -> bool:
        """A text that begins with the first special token gets no second one."""
        first = self.manifest.prefix
        return special and not (first is not None and (mark := self.piece(first)) != "" and text.startswith(mark))


def read_text(
    folder: Path, manifest: Manifest, template: str = "auto", options: Mapping[str, Any] | None = None
) -> Text:
    """The tokenizer in `folder`, with its chat template as `template` (auto, chat, plain) says."""
    path = folder / "tokenizer.json"
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception for a damaged file
        raise UsageError(f"tokenizer.json cannot be read: {error}", where=str(path), fix=_AGAIN) from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    found = _template(folder)
    generates = manifest.kind == "causal" or bool(found)
    probe = chosen(found, manifest.special, template, options or {}, str(folder), generates=generates)
    return Text(tokenizer, manifest, probe.template, probe.notes)


def _template(folder: Path) -> str | None:
    alone = folder / "chat_template.jinja"
    if alone.is_file():
        return alone.read_text(encoding="utf-8")
    path = folder / "tokenizer_config.json"
    try:
        said = json.loads(path.read_text(encoding="utf-8")).get("chat_template")
    except (OSError, ValueError, AttributeError):
        return None
    if isinstance(said, list):  # several named ones, as older versions of transformers wrote them
        said = next((entry.get("template") for entry in said if entry.get("name") == "default"), None)
    return said if isinstance(said, str) else None
