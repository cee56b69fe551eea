"""Masked language models: which word fits in the gap, and how likely given texts are.

A text is scored by its pseudo-log-likelihood: each of its tokens is masked in turn and predicted from all others
(Salazar et al. 2020, https://arxiv.org/abs/1910.14659). It is no probability of the text, and compares only with
other pseudo-log-likelihoods of the same model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.likeliest import likeliest
from weighbridge.models.local.batch import Done, Failure
from weighbridge.models.local.torch.encode_batches import Text, padded
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.prompts import prompt_of
from weighbridge.models.protocol import Request

GAP = "[MASK]"
"""How a prompt writes the gap, whatever the model's own mask token looks like."""


def fill(loaded: Loaded, calls: Sequence[Request], done: Done, limits: Limits | None = None) -> None:
    """Answers prompts with a gap, and scores given continuations.

    Continuations (or choices) stand in the gap where the prompt has one, else after the prompt. Without either, the
    answer is the likeliest token in the gap; of several gaps each is filled by itself.
    """
    import torch

    limits = limits or Limits()
    with torch.inference_mode():
        for number, call in enumerate(calls):
            try:
                done(number, _answer(loaded, call, limits))
            except WeighbridgeError as error:
                done(number, Failure(error.what, fix=error.fix))


def _answer(loaded: Loaded, call: Request, limits: Limits) -> Completion:
    prompt = prompt_of(loaded, call.messages)[0]
    texts = call.continuations if call.continuations is not None else call.choices
    if texts is None:
        return _filled(loaded, prompt, call.logprobs)
    if not texts:
        raise UsageError("there is no text to score")
    scored = pseudo_likelihoods(loaded, prompt, texts, limits)
    alone = pseudo_likelihoods(loaded, "", texts, limits) if call.normalise == "unconditional" else None
    best = scored[likeliest(scored, call.normalise, alone)]
    count = len(loaded.tokenizer(prompt.replace(GAP, loaded.tokenizer.mask_token)).input_ids)
    return Completion(best.text, usage=Usage(input_tokens=count, output_tokens=0), scored=scored, prompt=prompt)


def _filled(loaded: Loaded, prompt: str, logprobs: bool) -> Completion:
    import torch

    tokenizer = loaded.tokenizer
    ids = list(tokenizer(prompt.replace(GAP, tokenizer.mask_token)).input_ids)
    gaps = [place for place, token in enumerate(ids) if token == tokenizer.mask_token_id]
    if not gaps:
        raise UsageError(
            "a masked language model writes no text of its own, and the prompt has no gap to fill",
            fix=f"write {GAP} where the answer goes, or give choices or continuations to score",
        )
    _check(loaded, ids)
    chances = torch.log_softmax(loaded.model(**padded(loaded, [Text(prompt, ids)])).logits[0].float(), -1)
    # What fills a gap is a word: never a mark of the beginning, the end or a gap.
    chances[:, sorted(set(tokenizer.all_special_ids))] = float("-inf")
    tokens = [int(chances[place].argmax()) for place in gaps]
    words = [tokenizer.decode([token]).strip() for token in tokens]
    told = [(word, float(chances[p, t])) for word, p, t in zip(words, gaps, tokens, strict=True)]
    usage = Usage(input_tokens=len(ids), output_tokens=len(gaps))
    return Completion(" ".join(words), usage=usage, logprobs=told if logprobs else None, prompt=prompt)


@dataclass(frozen=True, slots=True)
class Placed:
    """A text in its place: the whole with special tokens, and where the text's own tokens stand."""

    ids: list[int]
    places: range


def pseudo_likelihoods(loaded: Loaded, prompt: str, texts: Sequence[str], limits: Limits) -> list[Scored]:
    """Each text's pseudo-log-likelihood in the prompt's gap, or after the prompt."""
    import torch

    placed = [_placed(loaded, prompt, text) for text in texts]
    sums, greedy = [0.0] * len(texts), [True] * len(texts)
    todo = [(number, place) for number, one in enumerate(placed) for place in one.places]
    todo.sort(key=lambda job: -len(placed[job[0]].ids))
    at = 0
    while at < len(todo):
        longest = len(placed[todo[at][0]].ids)
        jobs = todo[at : at + max(1, min(limits.rows, limits.tokens // longest))]
        at += len(jobs)
        rows = []
        for number, place in jobs:
            ids = list(placed[number].ids)
            ids[place] = loaded.tokenizer.mask_token_id
            rows.append(Text("", ids))
        logits = loaded.model(**padded(loaded, rows)).logits
        picked = torch.stack([row[place] for row, (_, place) in zip(logits, jobs, strict=True)])
        chances = torch.log_softmax(picked.float(), -1)
        for (number, place), row in zip(jobs, chances, strict=True):
            token = placed[number].ids[place]
            sums[number] += float(row[token])
            greedy[number] &= bool(row[token] >= row.max())
    return [
        Scored(text, total, len(one.places), sure)
        for text, total, one, sure in zip(texts, sums, placed, greedy, strict=True)
    ]


def _placed(loaded: Loaded, prompt: str, text: str) -> Placed:
    tokenizer = loaded.tokenizer
    before, gap, after = prompt.replace(GAP, tokenizer.mask_token).partition(tokenizer.mask_token)
    if gap and tokenizer.mask_token in after:
        raise UsageError("the prompt has several gaps, and given texts fill one", fix=f"leave one {GAP}")
    parts = [_bare(tokenizer, part) for part in (before, text, after)]
    if not parts[1]:
        raise UsageError(f"the tokenizer has no token for {text!r}")
    around = list(tokenizer("").input_ids)
    head, tail = around[: len(around) // 2], around[len(around) // 2 :]
    ids = head + parts[0] + parts[1] + parts[2] + tail
    _check(loaded, ids)
    begin = len(head) + len(parts[0])
    return Placed(ids, range(begin, begin + len(parts[1])))


def _bare(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False).input_ids) if text else []


def _check(loaded: Loaded, ids: Sequence[int]) -> None:
    if loaded.context is not None and len(ids) > loaded.context:
        raise UsageError(
            f"the text has {len(ids)} tokens and the model holds {loaded.context}", fix="shorten the prompt"
        )
