"""BERT-like models: the label of a text, its vector, and how likely given words are in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError
from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.likeliest import likeliest
from weighbridge.models.local.batch import Done, Failure
from weighbridge.models.local.onnx.runner import Graphs, log_softmax, padded
from weighbridge.models.local.onnx.text import Text
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.protocol import Request

if TYPE_CHECKING:
    import numpy as np


def classify(graphs: Graphs, text: Text, calls: Sequence[Request], done: Done, limits: Limits) -> None:
    """Each text's likeliest label, with the log-probabilities of all labels in `Completion.scored`."""
    ready = _read(text, calls, done)
    for batch in batches([tokens for _, _, tokens in ready], limits):
        logits = _run(graphs, [ready[at][2] for at in batch])
        for at, row in zip(batch, log_softmax(logits), strict=True):
            number, prompt, tokens = ready[at]
            best = int(row.argmax())
            labels = text.manifest.labels
            scored = [
                Scored(label, float(chance), 1, greedy=index == best)
                for index, (label, chance) in enumerate(zip(labels, row, strict=True))
            ]
            usage = Usage(input_tokens=len(tokens), output_tokens=0)
            done(number, Completion(labels[best], usage=usage, scored=scored, prompt=prompt))


def embed(graphs: Graphs, text: Text, texts: Sequence[str], limits: Limits) -> list[list[float]]:
    """One vector a text, pooled as the source's folder says; what is too long is cut, as sentence encoders do."""
    import numpy as np

    manifest = text.manifest
    pooling = manifest.pooling
    if pooling is None:
        raise UsageError(f"a {manifest.architecture} {manifest.kind} model gives no embeddings", fix=_SENTENCE)
    most = pooling.longest or manifest.context
    listed = [_cut(text.encode(one, True), most) for one in texts]
    found: list[list[float]] = [[] for _ in texts]
    for batch in batches(listed, limits):
        group = [listed[at] for at in batch]
        hidden = _run(graphs, group)
        mask = np.arange(hidden.shape[1])[None, :] < np.array([[len(tokens)] for tokens in group])
        for at, vector in zip(batch, pooled(hidden, mask, pooling.mode, pooling.normalise), strict=True):
            found[at] = vector.tolist()
    return found


def pooled(hidden: np.ndarray, mask: np.ndarray, mode: str, normalise: bool) -> np.ndarray:
    """Vectors of tokens ``[texts, tokens, size]`` to those of texts, over the tokens where `mask` is true."""
    import numpy as np

    if mode == "cls":
        vectors: np.ndarray = hidden[:, 0]
    elif mode == "max":
        vectors = np.where(mask[..., None], hidden, -np.inf).max(1)
    else:
        vectors = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
    if normalise:
        vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return vectors


def batches(listed: Sequence[Sequence[int]], limits: Limits) -> list[list[int]]:
    """Numbers of texts that are read together: of like length, as many as the limits allow."""
    found: list[list[int]] = []
    for at in sorted(range(len(listed)), key=lambda one: -len(listed[one])):
        here = found[-1] if found else []
        if here and len(here) < limits.rows and (len(here) + 1) * len(listed[here[0]]) <= limits.tokens:
            here.append(at)
        else:
            found.append([at])
    return found


def _run(graphs: Graphs, group: Sequence[Sequence[int]]) -> np.ndarray:
    import numpy as np

    tokens, mask = padded(group, graphs.manifest.pad, left=False)
    feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
    out: np.ndarray = graphs.model.run(feed)[0].numpy()
    return out


def _cut(tokens: list[int], most: int | None) -> list[int]:
    """The tokens a model has room for, with the last special token kept at the end."""
    if most is None or len(tokens) <= most:
        return tokens
    return [*tokens[: most - 1], tokens[-1]]


def _read(text: Text, calls: Sequence[Request], done: Done) -> list[tuple[int, str, list[int]]]:
    """(number, prompt, tokens) of the calls that can be read; the others are told so."""
    ready = []
    for number, request in enumerate(calls):
        try:
            prompt, special = text.prompt(request.messages)
        except UsageError as error:
            done(number, Failure(error.what, fix=error.fix))
            continue
        tokens = text.encode(prompt, special)
        most = text.manifest.context
        if most is not None and len(tokens) > most:
            what = f"the prompt has {len(tokens)} tokens, and the model reads at most {most}"
            done(number, Failure(what, fix="shorten the prompt"))
            continue
        ready.append((number, prompt, tokens))
    return ready


def fill(graphs: Graphs, text: Text, calls: Sequence[Request], done: Done, limits: Limits) -> None:
    """Score given continuations with a masked model, each token hidden in its turn (pseudo-log-likelihood).

    Where the prompt holds the mask token, the continuations are tried in its place. Source: Salazar et al. 2020,
    "Masked Language Model Scoring" (https://aclanthology.org/2020.acl-main.240).
    """
    for number, request in enumerate(calls):
        if not request.continuations:
            done(number, Failure("a masked model writes no text: it scores given words", fix=_CONTINUATIONS))
            continue
        try:
            prompt, _ = text.prompt(request.messages)
            scored = [_filled(graphs, text, prompt, one, limits) for one in request.continuations]
            alone = None
            if request.normalise == "unconditional":
                alone = [_filled(graphs, text, "", one, limits) for one in request.continuations]
        except UsageError as error:
            done(number, Failure(error.what, fix=error.fix))
            continue
        usage = Usage(input_tokens=len(text.encode(prompt, True)), output_tokens=0)
        best = scored[likeliest(scored, request.normalise, alone)]
        done(number, Completion(best.text, usage=usage, scored=scored, prompt=prompt))


def _filled(graphs: Graphs, text: Text, prompt: str, continuation: str, limits: Limits) -> Scored:
    """The sum over the tokens of `continuation` of each one's log-probability where it alone is hidden."""
    import numpy as np

    manifest = text.manifest
    if manifest.mask is None:
        raise UsageError("the tokenizer has no mask token", fix="use a masked language model, such as bert-base")
    tokens, places = placed(text, prompt, continuation)
    if manifest.context is not None and len(tokens) > manifest.context:
        raise UsageError(
            f"prompt and continuation have {len(tokens)} tokens, and the model reads at most {manifest.context}",
            fix="shorten the prompt",
        )
    total, greedy = 0.0, True
    size = max(1, min(limits.rows, limits.tokens // max(len(tokens), 1)))
    for at in range(0, len(places), size):
        part = places[at : at + size]
        rows = np.array([tokens] * len(part), np.int64)
        rows[np.arange(len(part)), part] = manifest.mask
        feed = {"input_ids": rows, "attention_mask": np.ones_like(rows), "token_type_ids": np.zeros_like(rows)}
        feed["rows"] = np.arange(len(part)) * len(tokens) + np.array(part)
        after = log_softmax(graphs.model.run(feed)[0].numpy())
        wanted = np.array([tokens[place] for place in part])
        total += float(after[np.arange(len(part)), wanted].sum(dtype=np.float64))
        greedy = greedy and bool((after.argmax(-1) == wanted).all())
    return Scored(continuation, total, len(places), greedy)


def placed(text: Text, prompt: str, continuation: str) -> tuple[list[int], list[int]]:
    """All tokens, special ones included, and the places of the continuation's among them."""
    mask = text.words.decode(text.manifest.mask) if text.manifest.mask is not None else ""
    before, found, behind = prompt.partition(mask) if mask else (prompt, "", "")
    if found:
        middle = text.encode(continuation.strip(), False)
        whole = text.encode(prompt, True)
        if text.manifest.mask not in whole:
            raise UsageError("the prompt's mask is no token of its own", fix=f"write it as {mask}")
        at = whole.index(text.manifest.mask)
        del before, behind
        return [*whole[:at], *middle, *whole[at + 1 :]], list(range(at, at + len(middle)))
    encoded = text.words.inner.encode(prompt + continuation, add_special_tokens=True)
    start = len(prompt)
    places = [
        at
        for at, ((first, last), special) in enumerate(zip(encoded.offsets, encoded.special_tokens_mask, strict=True))
        if not special and last > start and last > first
    ]
    return list(encoded.ids), places


_SENTENCE = "use a sentence encoder, such as an export of all-MiniLM-L6-v2"
_CONTINUATIONS = "use it in a task whose scorer compares continuations, or a model that generates"
