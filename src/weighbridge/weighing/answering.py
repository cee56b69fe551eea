"""How a candidate is asked: generated or scored, held to the choices or free; and whether its model can."""

from __future__ import annotations

import msgspec

from weighbridge.errors import UsageError
from weighbridge.evidence import Answering, Completion
from weighbridge.models.protocol import Capabilities, Preparing, Reading, Refusing, Request, Sampling
from weighbridge.tasks.continuation import Continuations
from weighbridge.tasks.item import Item, Message
from weighbridge.tasks.task import Task
from weighbridge.weighing.candidate import Candidate

ENGINES_THAT_SCORE = "hf:, path:, onnx:, gguf:, and vLLM and llama.cpp servers"


def by_itself(candidate: Candidate) -> bool:
    """Whether it is a rule or a record, which answers from the item and is held to nothing."""
    capabilities = candidate.model.capabilities
    return capabilities.needs_item and not candidate.model.simulated and not capabilities.scoring


def continuations_of(candidate: Candidate) -> Continuations | None:
    """Its options: declared, or the choices as they are."""
    if candidate.continuations is not None:
        return candidate.continuations
    return Continuations(candidate.choices) if candidate.choices else None


def request_for(
    candidate: Candidate, capabilities: Capabilities, messages: tuple[Message, ...], item: Item, repeat: int
) -> Request:
    """What to ask about one item by ``choice`` or ``loglikelihood``."""
    behind = item if capabilities.needs_item else None
    options = continuations_of(candidate)
    if candidate.protocol == "loglikelihood" and options is not None:
        # Nothing is sampled: limits and temperatures must not make another key of the same question.
        return Request(
            messages,
            Sampling(),
            continuations=options.written(item, chat=candidate.chat),
            normalise=candidate.normalise,
            item=behind,
        )
    choices = () if options is None else tuple(text.strip() for text in options.written(item, chat=True))
    return Request(
        messages,
        candidate.sampling,
        choices if capabilities.choices else None,
        repeat=repeat,
        item=behind,
    )


def answer_read(candidate: Candidate, item: Item, request: Request, completion: Completion) -> Completion:
    """The completion as the scorer sees it: a continuation that was chosen stands for its option."""
    options = continuations_of(candidate)
    if request.continuations is None or options is None or completion.text not in request.continuations:
        return completion
    text = options.options(item).texts[request.continuations.index(completion.text)]
    return msgspec.structs.replace(completion, text=text)


def answering_of(task: Task, candidate: Candidate, reading: Reading) -> Answering:
    """How its answers come about; `reading` is what its model says of its template."""
    if by_itself(candidate):
        return Answering(by_itself=True)
    capabilities = candidate.model.capabilities
    if candidate.protocol == "loglikelihood":
        options = continuations_of(candidate)
        return Answering(
            protocol="loglikelihood",
            normalise=candidate.normalise,
            written=options.form(chat=candidate.chat) if options is not None else None,
            template=reading.template,
            notes=reading.notes,
        )
    held: bool | None = None
    if candidate.protocol == "choice":
        held = True
    elif task.choices or task.json_schema:
        chosen = candidate.choices is not None and capabilities.choices
        held = chosen or (candidate.json_schema is not None and capabilities.json_schema)
    return Answering(candidate.protocol, held, template=reading.template, notes=reading.notes)


def check_answering(candidate: Candidate) -> None:
    """Raise `UsageError` for a protocol that the candidate cannot answer by, with those that it can.

    What a model that has still to look (`Preparing`) cannot do is not known yet, and is left for after that.
    """
    where = f"candidates: {candidate.name}"
    protocol, repeats = candidate.protocol, candidate.repeats
    options = continuations_of(candidate)
    if candidate.normalise != "none" and protocol != "loglikelihood":
        raise UsageError(
            f"candidate {candidate.name!r} has `normalise: {candidate.normalise}`, and compares no log-likelihoods",
            where=where,
            fix="say `protocol: loglikelihood`, or leave `normalise` out",
        )
    if protocol == "sample" and (repeats < 2 or candidate.sampling.temperature == 0):
        lacking = "one answer per item" if repeats < 2 else "temperature 0, at which the answers do not differ"
        raise UsageError(
            f"candidate {candidate.name!r} is to sample its answers, with {lacking}",
            where=where,
            fix="say how many and how varied, for example `repeats: 5` and `temperature: 0.7`",
        )
    if protocol in ("choice", "loglikelihood") and options is None:
        raise UsageError(
            f"candidate {candidate.name!r} has `protocol: {protocol}`, and the task has no choices",
            where=where,
            fix="list them under `choices:`, or name the column with each item's own under `data: choices:`; "
            "`protocol: generate` needs none",
        )
    if protocol == "loglikelihood" and repeats > 1:
        raise UsageError(
            f"candidate {candidate.name!r} has repeats: {repeats}; log-likelihoods are the same each time",
            where=where,
            fix="leave `repeats` out",
        )
    if isinstance(candidate.model, Preparing) and not candidate.model.prepared:
        return
    capabilities = candidate.model.capabilities
    if protocol != "loglikelihood" and isinstance(candidate.model, Refusing):
        refused = candidate.model.refused(Request((), candidate.sampling))
        if refused is not None:
            raise UsageError(refused.what, where=where, fix=refused.fix)
    if protocol == "loglikelihood" and not capabilities.scoring:
        instead = "`protocol: choice` (a generated answer held to the choices)" if capabilities.choices else ""
        instead = f"{instead}, or " if instead else ""
        raise UsageError(
            f"the model of {candidate.name!r} cannot score given continuations: {candidate.model.spec}",
            where=where,
            fix=f"{instead}`protocol: generate`, for all candidates alike, so that scores compare; "
            f"log-likelihoods are had from {ENGINES_THAT_SCORE}",
        )
    if protocol == "choice" and not capabilities.choices:
        scores = ", or `protocol: loglikelihood`, which it can" if capabilities.scoring else ""
        raise UsageError(
            f"the model of {candidate.name!r} cannot be held to choices: {candidate.model.spec}",
            where=where,
            fix=f"`protocol: generate`, for all candidates alike, so that scores compare{scores}; of a server that "
            "can, say how with `constrained:`",
        )
