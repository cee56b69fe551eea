"""Scored continuations to one answer: the likeliest is its text.

Texts become tokens as lm-evaluation-harness does it (`TemplateLM._encode_pair`), and as the engines on this machine
do: white space at the end of the context moves to the continuation, and the continuation's tokens are those that the
whole has beyond the context's.
"""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.likeliest import likeliest
from weighbridge.models.protocol import ModelError, Request


def moved(context: str, continuation: str) -> tuple[str, str]:
    """Both texts, with white space at the end of the first moved to the second."""
    bare = context.rstrip()
    return bare, context[len(bare) :] + continuation


def border(context: Sequence[int], whole: Sequence[int]) -> int:
    """Where the continuation's tokens begin in `whole`: after as many as the context has alone.

    Where the continuation merges into the context's last token and adds none, they begin where the two differ.
    """
    if len(whole) > len(context):
        return len(context)
    pairs = zip(context, whole, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), max(len(whole) - 1, 0))


def completion(
    request: Request,
    scored: Sequence[Scored],
    alone: Sequence[Scored] | None,
    usage: Usage,
    prompt: str,
    model: str | None = None,
) -> Completion:
    """The answer. `alone`: the same continuations without the prompt, for ``unconditional``."""
    best = scored[likeliest(scored, request.normalise, alone)]
    return Completion(best.text, usage=usage, model=model, scored=list(scored), prompt=prompt)


def check(request: Request, where: str) -> tuple[str, ...]:
    """The continuations. Raises ModelError where there are none, or one is empty."""
    texts = request.continuations or ()
    if not texts or not all(texts):
        raise ModelError("there is no continuation to score, or an empty one", kind="bad_request", where=where)
    return texts


def no_start(where: str, server: str) -> ModelError:
    """For a text that is scored without anything before it, by a tokenizer that adds nothing."""
    return ModelError(
        f"the tokenizer of {server} puts no token before a text, so that its first token has no log-probability",
        kind="dead",
        where=where,
        fix="choose another `normalise` than unconditional, and give the model a prompt",
    )
