"""Masked language models: which word fits in the gap, and how likely given texts are, as in `torch.encode_fill`.

A text is scored by its pseudo-log-likelihood: each of its tokens is masked in turn and predicted from all others
(Salazar et al. 2020, https://arxiv.org/abs/1910.14659).
"""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.likeliest import likeliest
from weighbridge.models.local.batch import Done, Failure
from weighbridge.models.local.onnx.encode import Read, run
from weighbridge.models.local.onnx.runner import Graphs, log_softmax
from weighbridge.models.local.onnx.text import Text
from weighbridge.models.local.torch.encode_fill import GAP
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.protocol import Request


def fill(graphs: Graphs, text: Text, calls: Sequence[Request], done: Done, limits: Limits) -> None:
    """Answers prompts with a gap, and scores given continuations (or choices): in the gap, else after the prompt."""
    for number, call in enumerate(calls):
        try:
            done(number, _answer(graphs, text, call, limits))
        except WeighbridgeError as error:
            done(number, Failure(error.what, fix=error.fix))


def _answer(graphs: Graphs, text: Text, call: Request, limits: Limits) -> Completion:
    prompt = text.prompt(call.messages)[0]
    texts = call.continuations if call.continuations is not None else call.choices
    if texts is None:
        return _filled(graphs, text, prompt, call.logprobs)
    if not texts:
        raise UsageError("there is no text to score")
    scored = _likelihoods(graphs, text, prompt, texts, limits)
    alone = _likelihoods(graphs, text, "", texts, limits) if call.normalise == "unconditional" else None
    best = scored[likeliest(scored, call.normalise, alone)]
    usage = Usage(input_tokens=len(text.encode(_masked(text, prompt), True)), output_tokens=0)
    return Completion(best.text, usage=usage, scored=scored, prompt=prompt)


def _filled(graphs: Graphs, text: Text, prompt: str, logprobs: bool) -> Completion:
    import numpy as np

    ids = text.encode(_masked(text, prompt), True)
    gaps = [place for place, token in enumerate(ids) if token == text.manifest.mask]
    if not gaps:
        raise UsageError(
            "a masked language model writes no text of its own, and the prompt has no gap to fill",
            fix=f"write {GAP} where the answer goes, or give choices or continuations to score",
        )
    _check(text, ids)
    chances = log_softmax(run(graphs, [_row(ids)], np.array(gaps)))
    # What fills a gap is a word: never a mark of the beginning, the end or a gap.
    chances[:, list(text.manifest.marks)] = -np.inf
    tokens = chances.argmax(-1).tolist()
    words = [text.words.decode(token).strip() for token in tokens]
    told = [(word, float(chances[at, token])) for at, (word, token) in enumerate(zip(words, tokens, strict=True))]
    usage = Usage(input_tokens=len(ids), output_tokens=len(gaps))
    return Completion(" ".join(words), usage=usage, logprobs=told if logprobs else None, prompt=prompt)


def _likelihoods(graphs: Graphs, text: Text, prompt: str, texts: Sequence[str], limits: Limits) -> list[Scored]:
    """Each text's pseudo-log-likelihood in the prompt's gap, or after the prompt."""
    import numpy as np

    placed = [_placed(text, prompt, one) for one in texts]
    sums, greedy = [0.0] * len(texts), [True] * len(texts)
    todo = [(number, place) for number, (_, places) in enumerate(placed) for place in places]
    todo.sort(key=lambda job: -len(placed[job[0]][0]))
    at = 0
    while at < len(todo):
        longest = len(placed[todo[at][0]][0])
        jobs = todo[at : at + max(1, min(limits.rows, limits.tokens // longest))]
        at += len(jobs)
        rows = []
        for number, place in jobs:
            ids = list(placed[number][0])
            ids[place] = text.manifest.mask or 0
            rows.append(_row(ids))
        places = np.array([row * longest + place for row, (_, place) in enumerate(jobs)])
        for (number, place), chances in zip(jobs, log_softmax(run(graphs, rows, places)), strict=True):
            token = placed[number][0][place]
            sums[number] += float(chances[token])
            greedy[number] &= bool(chances[token] >= chances.max())
    return [
        Scored(one, total, len(places), sure)
        for one, total, (_, places), sure in zip(texts, sums, placed, greedy, strict=True)
    ]


def _placed(text: Text, prompt: str, one: str) -> tuple[list[int], range]:
    """The whole with special tokens, and where the text's own tokens stand."""
    mask = _mask(text)
    before, gap, after = prompt.replace(GAP, mask).partition(mask)
    if gap and mask in after:
        raise UsageError("the prompt has several gaps, and given texts fill one", fix=f"leave one {GAP}")
    parts = [text.encode(part, False) if part else [] for part in (before, one, after)]
    if not parts[1]:
        raise UsageError(f"the tokenizer has no token for {one!r}")
    around = text.encode("", True)
    head, tail = around[: len(around) // 2], around[len(around) // 2 :]
    ids = head + parts[0] + parts[1] + parts[2] + tail
    _check(text, ids)
    begin = len(head) + len(parts[0])
    return ids, range(begin, begin + len(parts[1]))


def _masked(text: Text, prompt: str) -> str:
    return prompt.replace(GAP, _mask(text))


def _mask(text: Text) -> str:
    if text.manifest.mask is None:
        raise UsageError("the tokenizer has no mask token", fix="use a masked language model, such as bert-base")
    return str(text.words.inner.id_to_token(text.manifest.mask))


def _row(ids: list[int]) -> Read:
    return Read("", ids, [0] * len(ids))


def _check(text: Text, ids: Sequence[int]) -> None:
    holds = text.manifest.context
    if holds is not None and len(ids) > holds:
        raise UsageError(f"the text has {len(ids)} tokens and the model holds {holds}", fix="shorten the prompt")
