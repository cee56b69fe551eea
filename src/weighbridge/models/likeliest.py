"""Which of several scored continuations a model finds likeliest, by what their log-probabilities are divided by."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.evidence import Scored
from weighbridge.models.protocol import Normalise


def likeliest(scored: Sequence[Scored], normalise: Normalise = "none", alone: Sequence[Scored] | None = None) -> int:
    """Index of the likeliest of `scored` (at least one); of equals the first, as lm-eval takes it.

    Lengths in characters and bytes leave out blanks at the beginning, which stand for lm-eval's ``target_delimiter``
    and are not counted there. `alone`, needed for ``unconditional``, holds the same continuations without the prompt.
    """
    if normalise == "unconditional" and alone is None:
        raise ValueError("unconditional needs the continuations scored without the prompt")
    values = []
    for at, one in enumerate(scored):
        match normalise:
            case "characters":
                values.append(one.logprob / max(len(one.text.lstrip()), 1))
            case "bytes":
                values.append(one.logprob / max(len(one.text.lstrip().encode("utf-8", "surrogatepass")), 1))
            case "tokens":
                values.append(one.logprob / max(one.tokens, 1))
            case "unconditional":
                values.append(one.logprob - (alone[at].logprob if alone else 0.0))
            case "none":
                values.append(one.logprob)
    return max(range(len(values)), key=values.__getitem__)
