"""The tokenizer of an exported folder, and the text that a model reads: needs the package tokenizers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from weighbridge.errors import UsageError
from weighbridge.models.local.chat_template import ChatTemplate, prompt_text
from weighbridge.models.local.onnx.manifest import Manifest
from weighbridge.models.local.template_files import reading_in
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.tasks.item import Message

_AGAIN = "export it again: weighbridge onnx export SOURCE DIR"


class Encoded(dict[str, Any]):
    """What a tokenizer gives: a mapping whose entries are attributes too."""

    @property
    def input_ids(self) -> Any:
        return self["input_ids"]


class Words:
    """A tokenizer that is called as those of transformers are, so that code written for them can use it."""

    is_fast = True

    def __init__(self, tokenizer: Any, manifest: Manifest) -> None:
        self.inner = tokenizer
        """The ``tokenizers.Tokenizer``."""
        self.bos_token_id = manifest.bos
        # Asked for only where there is no token to begin with.
        self.eos_token_id = manifest.prefix

    def __call__(
        self, text: str | Sequence[str], *, add_special_tokens: bool = True, verbose: bool = True
    ) -> Encoded:
        del verbose
        if isinstance(text, str):
            return Encoded(input_ids=self.inner.encode(text, add_special_tokens=add_special_tokens).ids)
        found = self.inner.encode_batch(list(text), add_special_tokens=add_special_tokens)
        return Encoded(input_ids=[entry.ids for entry in found])

    def decode(
        self,
        tokens: int | Sequence[int],
        *,
        skip_special_tokens: bool = False,
        clean_up_tokenization_spaces: bool = False,
    ) -> str:
        del clean_up_tokenization_spaces
        listed = [tokens] if isinstance(tokens, int) else list(tokens)
        text: str = self.inner.decode(listed, skip_special_tokens=skip_special_tokens)
        return text


@dataclass(frozen=True, slots=True)
class Text:
    """Text to token numbers and back, as transformers does it for the same folder."""

    words: Words
    manifest: Manifest
    chat: ChatTemplate | None
    special: Mapping[str, int]
    """Special tokens by their text."""
    notes: tuple[str, ...] = field(default=())

    def prompt(self, messages: Sequence[Message]) -> tuple[str, bool]:
        """The text to read, and whether special tokens are still to be added."""
        return prompt_text(messages, self.chat)

    def encode(self, text: str, special: bool) -> list[int]:
        found: list[int] = self.words(text, add_special_tokens=special).input_ids
        return found

    def as_loaded(self) -> Loaded:
        """What code for models of transformers asks of one when it works on text alone; there is no model in it."""
        manifest = self.manifest
        return Loaded(
            model=None,
            tokenizer=self.words,
            config=SimpleNamespace(n_positions=manifest.scored_at_once),
            kind=manifest.kind,
            architecture=manifest.architecture,
            device=None,
            dtype=None,
            context=manifest.context,
            template=self.chat.source if self.chat is not None else None,
            notes=self.notes,
            chat=self.chat,
        )


def read_text(
    folder: Path, manifest: Manifest, template: str = "auto", options: Mapping[str, Any] | None = None
) -> Text:
    """The tokenizer in `folder`, with its chat template as `template` (auto, chat, plain) says.

    Raises UsageError where either cannot be used.
    """
    path = folder / "tokenizer.json"
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # tokenizers raises plain Exception for a damaged file
        raise UsageError(f"tokenizer.json cannot be read: {error}", where=str(path), fix=_AGAIN) from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    probe = reading_in(folder, manifest.kind, template, options or {}, str(folder))
    special = {token.content: number for number, token in tokenizer.get_added_tokens_decoder().items()}
    return Text(Words(tokenizer, manifest), manifest, probe.template, special, probe.notes)
