"""Texts to token sequences, as lm-evaluation-harness 0.4.13 does it (`TemplateLM._encode_pair`, `HFLM`).

Trailing white space of the context moves to the continuation; context and whole are tokenised apart and the
continuation is what the whole has beyond the context's tokens; an empty context becomes the BOS (or EOS) token; a
sequence too long for the model loses tokens from its left. Encoder-decoder models read the two texts apart.

Two cases that lm-eval stops at are carried on with: a continuation longer than the model's window is scored window by
window, as a whole text is; one that tokenises to nothing of its own, because it merges with the context's last token,
is scored as the tokens in which the whole differs from the context.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.models.local.torch.loaded import Loaded

DEFAULT_WINDOW = 2048
"""What lm-eval takes where neither the configuration nor the tokenizer knows a length."""
_UNSET = 10**29
"""Tokenizers of transformers say a length beyond this where they know none."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens of which the last `scored` are scored, each given all before it.

    For an encoder-decoder `source` is what the encoder reads, and all of `tokens` are scored.
    """

    tokens: tuple[int, ...]
    scored: int
    source: tuple[int, ...] | None = None


class Encoder:
    """Turns texts into pieces for one model."""

    def __init__(self, loaded: Loaded) -> None:
        self._tokenizer: Any = loaded.tokenizer
        self._apart = loaded.kind == "seq2seq"
        self.window = window(loaded.config, loaded.tokenizer)
        first = self._tokenizer.bos_token_id
        self._first: int = self._tokenizer.eos_token_id if first is None else first
        self._first_text = "" if self._first is None else str(self._tokenizer.decode(self._first))

    def pairs(self, pairs: Sequence[tuple[str, str]], add_special: bool) -> list[list[Piece]]:
        """The pieces of each (context, continuation); their log-probabilities are summed. None for no tokens.

        `add_special` false: the contexts hold their special tokens already, as text.
        """
        moved = [_moved(context, continuation) for context, continuation in pairs]
        contexts = self._tokens([context for context, _ in moved if context], add_special)
        if self._apart:
            wholes = self._tokens([continuation for _, continuation in moved], False)
        else:
            wholes = self._tokens([context + text for context, text in moved if context], add_special)
            wholes |= {(text, False): ids for text, ids in self._bare(moved).items()}
        return [self._pieces(context, text, contexts, wholes, add_special) for context, text in moved]

    def whole(self, text: str, add_special: bool = True) -> list[Piece]:
        """Windows of a text whose every token is scored once, as lm-eval's ``loglikelihood_rolling``."""
        ids = self._tokens([text], add_special)[text, add_special]
        pieces = list(windows([self._first], ids, self.window))
        if self._apart:
            return [Piece(each.tokens[-each.scored :], each.scored, each.tokens[: -each.scored]) for each in pieces]
        return pieces

    def _bare(self, moved: Sequence[tuple[str, str]]) -> dict[str, list[int]]:
        texts = [text for context, text in moved if not context]
        return {text: ids for (text, _), ids in self._tokens(texts, False).items()}

    def _pieces(
        self, context: str, text: str, contexts: dict[Any, list[int]], wholes: dict[Any, list[int]], special: bool
    ) -> list[Piece]:
        if self._apart:
            target = wholes[text, False]
            source = contexts[context, special] if context else [self._first]
            source = source[-self.window :]
            parts = [tuple(target[at : at + self.window]) for at in range(0, len(target), self.window)]
            return [Piece(part, len(part), tuple(source)) for part in parts]
        if not context:
            ids = wholes[text, False]
            head, tail = (ids[:1], ids[1:]) if ids and ids[0] == self._first else ([self._first], ids)
            if not tail and text:
                head, tail = [self._first], ids
        else:
            head, whole = contexts[context, special], wholes[context + text, special]
            tail = whole[len(head) :]
            if not tail and text and whole:
                same = next(
                    (at for at, (a, b) in enumerate(zip(head, whole, strict=False)) if a != b), len(whole) - 1
                )
                head, tail = (whole[:same], whole[same:]) if same else ([self._first], whole)
            elif not head and tail:
                head = [self._first]
        if not tail:
            return []
        if len(tail) > self.window:
            return list(windows(head, tail, self.window))
        return [Piece(tuple((head + tail)[-(self.window + 1) :]), len(tail))]

    def _tokens(self, texts: Sequence[str], special: bool) -> dict[tuple[str, bool], list[int]]:
        """Tokens of each text; lm-eval adds no special tokens where the text begins with them."""
        found: dict[tuple[str, bool], list[int]] = {}
        wanted = dict.fromkeys(texts)
        for add in (True, False):
            group = [text for text in wanted if (special and not self._begins(text)) == add]
            if group:
                listed = self._tokenizer(group, add_special_tokens=add, verbose=False)["input_ids"]
                found |= {(text, special): ids for text, ids in zip(group, listed, strict=True)}
        return found

    def _begins(self, text: str) -> bool:
        return bool(self._first_text) and text.startswith(self._first_text)


def window(config: Any, tokenizer: Any) -> int:
    """Most tokens the model reads at once, by lm-eval's rule (`resolve_max_length`)."""
    config = getattr(config, "text_config", None) or config
    for name in ("n_positions", "max_position_embeddings", "n_ctx"):
        value = getattr(config, name, None)
        if value is not None:
            return int(value)
    length = getattr(tokenizer, "model_max_length", None)
    return int(length) if length is not None and length < _UNSET else DEFAULT_WINDOW


def windows(head: Sequence[int], tokens: Sequence[int], size: int) -> Iterator[Piece]:
    """Pieces that score each of `tokens` once, none with more than `size` tokens before its last.

    The first window begins with the end of `head`; each later one keeps as many tokens before it as fit
    (`get_rolling_token_windows` with ``context_len=1``).
    """
    head, tokens = list(head)[-1:], list(tokens)
    first = tokens[:size]
    if first:
        yield Piece(tuple(head + first), len(first))
    done = len(first)
    while done < len(tokens):
        count = min(len(tokens) - done, size)
        end = done + count
        yield Piece(tuple(tokens[max(end - size - 1, 0) : end]), count)
        done = end


def _moved(context: str, continuation: str) -> tuple[str, str]:
    bare = context.rstrip()
    return bare, context[len(bare) :] + continuation
