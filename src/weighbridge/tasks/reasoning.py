"""Thinking aloud, taken away before scoring and still counted as tokens.

Marks known on 2026-11-21: tags (think, thinking, thought, reasoning, reflection, scratchpad, with ``<>`` or ``[]``),
Kimi's ``◁think▷``, ``<|begin_of_thought|>``, Cohere's ``<|START_THINKING|>``, and the harmony channels of gpt-oss.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from weighbridge.evidence import Completion

_NAMES = "think|thinking|thought|thoughts|reasoning|reflection|scratchpad|seed:think|analysis"
_TAG = re.compile(
    rf"(?P<open><(?:{_NAMES})(?:\s[^<>\n]{{0,80}})?>|\[(?:THINK|THINKING|REASONING)\]|◁think▷"
    r"|<\|begin_of_thought\|>|<\|START_THINKING\|>)"
    rf"|(?P<close></(?:{_NAMES})\s*>|\[/(?:THINK|THINKING|REASONING)\]|◁/think▷"
    r"|<\|end_of_thought\|>|<\|END_THINKING\|>)",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"<\|channel\|>\s*([a-z]+)[^<]{0,80}<\|message\|>", re.IGNORECASE)
_CHANNEL_END = re.compile(r"<\|(?:end|return|call|start|channel)\|>")
_BARE_CHANNELS = re.compile(r"\A\s*analysis(?=\S)(.*?)assistant\s?final(.*)\Z", re.DOTALL)
_WRAPPED = re.compile(
    r"\A\s*(?:<answer>(.*?)</answer>|<\|begin_of_solution\|>(.*?)<\|end_of_solution\|>"
    r"|<\|START_RESPONSE\|>(.*?)<\|END_RESPONSE\|>)\s*\Z",
    re.DOTALL | re.IGNORECASE,
)

CHARACTERS_PER_TOKEN = 4
"""Rule of thumb for English, used only where the engine reported no count at all."""


@dataclass(frozen=True, slots=True)
class Split:
    """An answer with its reasoning taken apart."""

    answer: str
    reasoning: str
    closed: bool = True
    """False where the model was still thinking when it stopped; then `answer` is what stood before."""


def split(text: str) -> Split:
    """Take reasoning out of `text`; text without any comes back as it is. Linear in the length of the text.

    A closing mark without an opening one ends reasoning that began before the text (many chat templates open it
    themselves). An opening mark that is never closed counts only at the start of a line.
    """
    channels = _channels(text) if "<|channel|>" in text else None
    if channels is not None:
        return channels
    bare = _BARE_CHANNELS.match(text)
    if bare:
        return Split(bare[2].strip(), bare[1].strip())
    answer: list[str] = []
    thought: list[str] = []
    depth = position = opened = 0
    for mark in _TAG.finditer(text):
        if mark["open"]:
            if depth == 0:
                answer.append(text[position : mark.start()])
                position, opened = mark.end(), mark.start()
            depth += 1
        elif depth:
            depth -= 1
            if depth == 0:
                thought.append(text[position : mark.start()])
                position = mark.end()
        else:
            thought += [*answer, text[position : mark.start()]]
            answer.clear()
            position = mark.end()
    closed = depth == 0
    if not closed and "".join(answer).rpartition("\n")[2].strip():
        answer.append(text[opened:])  # the mark is spoken of, not used
        closed = True
    else:
        (answer if closed else thought).append(text[position:])
    if not thought:
        return Split(_unwrapped(text), "", closed)
    return Split(_unwrapped("".join(answer).strip()), "\n".join(part.strip() for part in thought), closed)


def _unwrapped(text: str) -> str:
    found = _WRAPPED.match(text)
    return next(part for part in found.groups() if part is not None).strip() if found else text


def _channels(text: str) -> Split | None:
    """gpt-oss: what is said on the channel ``final`` is the answer, the rest is thinking. None without channels."""
    final: list[str] = []
    thought: list[str] = []
    for mark in _CHANNEL.finditer(text):
        end = _CHANNEL_END.search(text, mark.end())
        said = text[mark.end() : end.start() if end else len(text)]
        (final if mark[1].lower() == "final" else thought).append(said.strip())
    if not final and not thought:
        return None
    within = split("\n".join(final))
    return Split(within.answer, "\n".join([*thought, *filter(None, [within.reasoning])]), closed=bool(final))


def visible(completion: Completion) -> Completion:
    """The completion as scorers see it: `text` without reasoning. The stored completion keeps it."""
    answer = split(completion.text).answer
    return completion if answer == completion.text else msgspec.structs.replace(completion, text=answer)


@dataclass(frozen=True, slots=True)
class ReasoningTokens:
    """How many of the generated tokens were reasoning."""

    tokens: int
    estimated: bool
    """True where the engine did not report it, and the share of characters stands in for it."""


def reasoning_tokens(completion: Completion) -> ReasoningTokens:
    """Reasoning tokens as reported, or estimated from the reasoning's share of the text (0 where there is none).

    They are part of `Usage.output_tokens` and must not be added to it.
    """
    reported = completion.usage.reasoning_tokens
    if reported is not None:
        return ReasoningTokens(reported, estimated=False)
    parts = split(completion.text)
    if not parts.reasoning:
        return ReasoningTokens(0, estimated=False)
    output = completion.usage.output_tokens
    if output is None:
        return ReasoningTokens(-(-len(parts.reasoning) // CHARACTERS_PER_TOKEN), estimated=True)
    share = len(parts.reasoning) / max(1, len(parts.reasoning) + len(parts.answer))
    return ReasoningTokens(min(output, round(output * share)), estimated=True)
