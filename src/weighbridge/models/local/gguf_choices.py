"""Holds an answer of llama.cpp to given choices, in the tokens that its tokenizer writes them with.

A grammar of characters admits every token that can begin a choice, and a small model often takes an odd one: ``a``
for ``account``, and then what the grammar leaves it. Of 472 answers of two small models 241 were spelled oddly, and
150 were another choice than the likeliest; by a grammar of tokens, 23 (``benchmarks/held_choices.py``, 2026-11-21).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from weighbridge.models.grammar import choice_grammar
from weighbridge.models.remote.servers.forced import Token, tokens_of
from weighbridge.models.remote.servers.service import Service

_TAIL = 48
"""Characters at the end of a prompt that can decide how what follows is cut into tokens."""

Tokens = tuple[Token, ...]


@dataclass(slots=True)
class Spelling:
    """How choices are spelled after prompts; what was found once is kept, for prompts of a task end alike."""

    _known: dict[tuple[str, str], Tokens] = field(default_factory=dict)

    async def grammar(self, service: Service, prompt: str, choices: Sequence[str]) -> str:
        """A grammar (GBNF) whose only sentences are `choices`, each as it stands after `prompt`.

        After a prompt that does not end in white space each may also come behind a blank, as a base model writes it.
        Raises ModelError, and ValueError where there is no choice or an empty one.
        """
        texts = list(dict.fromkeys(choices))
        plain = choice_grammar(texts)
        blanks = ("", " ") if prompt and not prompt[-1].isspace() else ("",)
        tail = prompt[-_TAIL:]
        forms = await asyncio.gather(
            *(self._spelled(service, tail, blank + text) for text in texts for blank in blanks)
        )
        if not all(isinstance(token.piece, str) and token.piece for form in forms for token in form):
            # Tokens that are parts of characters break llama.cpp's grammars of tokens (2026-10).
            return plain
        spelled = dict.fromkeys(" ".join(f"<[{token.id}]>" for token in form) for form in forms)
        return "root ::= " + " | ".join(spelled)

    async def _spelled(self, service: Service, tail: str, text: str) -> Tokens:
        """The tokens of `text` behind `tail`; by itself where it would change how the tail is read."""
        if (tail, text) not in self._known:
            before, whole = await asyncio.gather(tokens_of(service, tail), tokens_of(service, tail + text))
            if tail and whole[: len(before)] == before and len(whole) > len(before):
                found = whole[len(before) :]
            else:
                found = await tokens_of(service, text, special=False)
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[tail, text] = tuple(found)
        return self._known[tail, text]


def chosen(text: str, choices: Sequence[str]) -> str:
    """The choice that `text` is, without a blank before it; `text` itself where it is none, as a truncated one."""
    if text in choices:
        return text
    return next((choice for choice in choices if text == f" {choice}"), text)
