"""BERT-like models: the label of a text, and its vector. What a request means is as in `torch.encode`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError, WeighbridgeError, nearest
from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.local.batch import Done, Failure
from weighbridge.models.local.onnx.runner import Graphs, log_softmax, padded
from weighbridge.models.local.onnx.text import Text
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.protocol import Request

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Read:
    """A text (or a pair) in tokens."""

    shown: str
    ids: list[int]
    types: list[int]
    """Which of a pair each token belongs to."""


def read(text: Text, first: str, second: str | None = None, most: int | None = None) -> Read:
    """The tokens of a text or a pair, cut to `most`. Raises UsageError for more than the model holds."""
    inner = text.words.inner
    if most is not None:
        inner.enable_truncation(most)
    try:
        found = inner.encode(first, second) if second is not None else inner.encode(first)
    finally:
        inner.no_truncation()
    holds = text.manifest.context
    if holds is not None and len(found.ids) > holds:
        raise UsageError(
            f"the text has {len(found.ids)} tokens and the model holds {holds}",
            fix="shorten the text, or split it into several items",
        )
    types = list(found.type_ids) if text.manifest.typed else [0] * len(found.ids)
    return Read(first if second is None else f"{first}\n\n{second}", list(found.ids), types)


def classify(graphs: Graphs, text: Text, calls: Sequence[Request], done: Done, limits: Limits) -> None:
    """The label of each text as its answer, all labels with their log-probabilities in `Completion.scored`.

    Two user messages are a pair of texts; `Request.choices` narrows the labels. Labels that do not exclude each other
    each have their own probability; a model with a single output answers with that number.
    """
    ready: dict[int, Read] = {}
    for number, call in enumerate(calls):
        try:
            _labels(text, call)
            ready[number] = _read(text, call)
        except WeighbridgeError as error:
            done(number, Failure(error.what, fix=error.fix))
    for batch in batches({number: one.ids for number, one in ready.items()}, limits):
        logits = run(graphs, [ready[number] for number in batch])
        for number, row in zip(batch, logits, strict=True):
            done(number, _labelled(text, calls[number], ready[number], row))


def _read(text: Text, call: Request) -> Read:
    if len(call.messages) == 2 and {message.role for message in call.messages} == {"user"}:
        return read(text, call.messages[0].content, call.messages[1].content)
    return read(text, text.prompt(call.messages)[0])


def _labels(text: Text, call: Request) -> list[tuple[int, str]]:
    """(output, label) of those that the call may be answered with, as its choices write them."""
    labels = list(enumerate(text.manifest.labels))
    if call.choices is None:
        return labels
    places = {name.casefold(): number for number, name in labels}
    unknown = [choice for choice in call.choices if choice.casefold() not in places]
    if unknown or not call.choices:
        raise UsageError(
            f"the model has no label {unknown[0]!r}" if unknown else "there is no choice",
            fix=nearest(unknown[0] if unknown else "", text.manifest.labels),
        )
    return [(places[choice.casefold()], choice) for choice in call.choices]


def _labelled(text: Text, call: Request, one: Read, logits: np.ndarray) -> Completion:
    import numpy as np

    usage = Usage(input_tokens=len(one.ids), output_tokens=0)
    if len(logits) == 1:
        return Completion(f"{float(logits[0]):.6g}", usage=usage, prompt=one.shown)
    apart = text.manifest.labels_apart
    chances = (-np.logaddexp(0, -logits) if apart else log_softmax(logits)).tolist()
    labels = _labels(text, call)
    best = max(range(len(labels)), key=lambda at: chances[labels[at][0]])
    scored = [Scored(label, chances[number], 1, at == best) for at, (number, label) in enumerate(labels)]
    return Completion(labels[best][1], usage=usage, scored=scored, prompt=one.shown)


def embed(graphs: Graphs, text: Text, texts: Sequence[str], limits: Limits) -> list[list[float]]:
    """One vector a text, pooled within the graph; texts beyond the model's length are cut there."""
    manifest = text.manifest
    how = manifest.sentence
    if how is None:
        raise UsageError(
            f"a {manifest.architecture} {manifest.kind} model gives no embeddings",
            fix="use a sentence encoder, such as an export of all-MiniLM-L6-v2",
        )
    ready = {at: read(text, one.lower() if how.lower else one, most=how.longest) for at, one in enumerate(texts)}
    found: list[list[float]] = [[] for _ in texts]
    for batch in batches({at: one.ids for at, one in ready.items()}, limits):
        for at, vector in zip(batch, run(graphs, [ready[at] for at in batch]).tolist(), strict=True):
            found[at] = vector
    return found


def batches(listed: Mapping[int, Sequence[int]], limits: Limits) -> Iterator[list[int]]:
    """Numbers of texts that are read together: of like length, as many as the limits allow."""
    order = sorted(listed, key=lambda number: -len(listed[number]))
    at = 0
    while at < len(order):
        longest = max(1, len(listed[order[at]]))
        count = max(1, min(limits.rows, limits.tokens // longest))
        yield order[at : at + count]
        at += count


def run(graphs: Graphs, texts: Sequence[Read], rows: np.ndarray | None = None) -> np.ndarray:
    """What the graph gives for `texts`; with `rows`, at those flat places of the batch."""
    tokens, mask = padded([text.ids for text in texts], graphs.manifest.pad, left=False)
    types, _ = padded([text.types for text in texts], 0, left=False)
    feed = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": types}
    if rows is not None:
        feed["rows"] = rows
    out: np.ndarray = graphs.model.run(feed)[0].numpy()
    return out
