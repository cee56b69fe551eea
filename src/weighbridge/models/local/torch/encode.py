"""What encoders (BERT and its kin) do: name a class, turn texts into vectors, fill in masked words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from weighbridge.errors import UsageError, WeighbridgeError, nearest
from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.local.batch import Done, Failure
from weighbridge.models.local.torch.encode_batches import Text, batches, read, shorten
from weighbridge.models.local.torch.encode_fill import fill
from weighbridge.models.local.torch.encode_pooling import Pooling, pooling_of
from weighbridge.models.local.torch.limits import Limits
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.prompts import prompt_of
from weighbridge.models.protocol import Request

__all__ = ["classify", "embed", "fill"]


def classify(loaded: Loaded, calls: Sequence[Request], done: Done, limits: Limits | None = None) -> None:
    """The label of each text as its answer, and all labels with their log-probabilities in `Completion.scored`.

    Two user messages are read as a pair of texts (premise and hypothesis). `Request.choices` narrows the labels. For
    a model of independent labels (``multi_label_classification``) each has its own probability; one with a single
    output answers with that number.
    """
    import torch

    texts: dict[int, Text] = {}
    for number, call in enumerate(calls):
        try:
            _labels(loaded, call)
            texts[number] = _read(loaded, call)
        except WeighbridgeError as error:
            done(number, Failure(error.what, fix=error.fix))
    with torch.inference_mode():
        for numbers, inputs in batches(loaded, texts, limits or Limits()):
            logits = loaded.model(**inputs).logits.float()
            for number, row in zip(numbers, logits, strict=True):
                done(number, _labelled(loaded, calls[number], texts[number], row))


def _read(loaded: Loaded, call: Request) -> Text:
    if len(call.messages) == 2 and {message.role for message in call.messages} == {"user"}:
        return read(loaded, call.messages[0].content, call.messages[1].content)
    return read(loaded, prompt_of(loaded, call.messages)[0])


def _labels(loaded: Loaded, call: Request) -> list[tuple[int, str]]:
    """(output, label) of those that the call may be answered with, as its choices write them."""
    named: dict[int, str] = loaded.config.id2label
    labels = [(number, str(named.get(number, number))) for number in range(int(loaded.config.num_labels))]
    if call.choices is None:
        return labels
    places = {name.casefold(): number for number, name in labels}
    unknown = [choice for choice in call.choices if choice.casefold() not in places]
    if unknown or not call.choices:
        raise UsageError(
            f"the model has no label {unknown[0]!r}" if unknown else "there is no choice",
            fix=nearest(unknown[0] if unknown else "", [name for _, name in labels]),
        )
    return [(places[choice.casefold()], choice) for choice in call.choices]


def _labelled(loaded: Loaded, call: Request, text: Text, logits: Any) -> Completion:
    from torch.nn.functional import log_softmax, logsigmoid

    usage = Usage(input_tokens=len(text.ids), output_tokens=0)
    if len(logits) == 1:
        return Completion(f"{float(logits[0]):.6g}", usage=usage, prompt=text.shown)
    several = loaded.config.problem_type == "multi_label_classification"
    chances = (logsigmoid(logits) if several else log_softmax(logits, -1)).tolist()
    labels = _labels(loaded, call)
    best = max(range(len(labels)), key=lambda at: chances[labels[at][0]])
    scored = [Scored(label, chances[number], 1, at == best) for at, (number, label) in enumerate(labels)]
    return Completion(labels[best][1], usage=usage, scored=scored, prompt=text.shown)


def embed(loaded: Loaded, texts: Sequence[str], limits: Limits | None = None) -> list[list[float]]:
    """One vector a text, pooled and normalised as the model's folder says (`encode_pooling`).

    Texts beyond the model's length are cut there, as sentence-transformers cuts them. Raises UsageError for a folder
    that asks for steps unknown here.
    """
    import torch

    how = pooling_of(loaded)
    taken = {number: shorten(loaded, how.lowered(text), how.longest) for number, text in enumerate(texts)}
    out: list[list[float]] = [[]] * len(texts)
    with torch.inference_mode():
        for numbers, vectors in _vectors(loaded, how, taken, limits or Limits()):
            for number, vector in zip(numbers, vectors.tolist(), strict=True):
                out[number] = vector
    return out


def _vectors(loaded: Loaded, how: Pooling, texts: dict[int, Text], limits: Limits) -> Iterable[tuple[list[int], Any]]:
    # A model with a head for masked words has its encoder inside.
    inner = getattr(loaded.model, "base_model", loaded.model)
    for numbers, inputs in batches(loaded, texts, limits):
        states = inner(**inputs).last_hidden_state
        yield numbers, how.pooled(states.float(), inputs["attention_mask"])
