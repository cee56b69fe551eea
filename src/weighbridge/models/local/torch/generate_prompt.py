"""From a request to an answer that can begin: its prompt in tokens, its limits and its rules."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.errors import UsageError
from weighbridge.models.local.batch import Emit
from weighbridge.models.local.torch.constrain import Choices, choice_tree
from weighbridge.models.local.torch.constrain_json import follow
from weighbridge.models.local.torch.decode import Decoder, decoder_for
from weighbridge.models.local.torch.detokenise import Detokeniser
from weighbridge.models.local.torch.generate_answer import Answer
from weighbridge.models.local.torch.generate_ends import end_tokens
from weighbridge.models.local.torch.loaded import Loaded
from weighbridge.models.local.torch.prompts import prompt_of
from weighbridge.models.local.torch.sampling import Rule, chooser
from weighbridge.models.protocol import Request


@dataclass(frozen=True, slots=True)
class Ready:
    """What generation needs of a model and makes only once."""

    decoder: Decoder
    ends: frozenset[int]
    special: dict[str, int]
    """Special tokens by their text."""


def ready(loaded: Loaded) -> Ready:
    """Packs weights and checks the short way the first time: a second for a small model."""
    # Kept with the model, so that it goes with it.
    found: Ready | None = getattr(loaded.model, _NAME, None)
    return (
        found if found is not None else keep(loaded, Ready(decoder_for(loaded), end_tokens(loaded), _special(loaded)))
    )


def keep(loaded: Loaded, made: Ready) -> Ready:
    """From now on `ready` gives `made`."""
    setattr(loaded.model, _NAME, made)
    return made


_NAME = "_weighbridge_ready"


def _special(loaded: Loaded) -> dict[str, int]:
    return {token.content: number for number, token in loaded.tokenizer.added_tokens_decoder.items()}


def begin(loaded: Loaded, request: Request, number: int, emit: Emit | None) -> Answer:
    """The answer to `request`, of which nothing is written yet. Raises UsageError for what cannot be answered."""
    prompt, special = prompt_of(loaded, request.messages)
    known = ready(loaded)
    ids = prompt_tokens(loaded, prompt, special, known.ends)
    room = None if loaded.context is None or loaded.kind == "seq2seq" else loaded.context - len(ids)
    if room is not None and room < 1:
        raise UsageError(
            f"the prompt has {len(ids)} tokens and the model holds {loaded.context}, one or more for the answer",
            fix="shorten the prompt (fewer examples, shorter texts), or use a model with a longer context",
        )
    sampling = request.sampling
    most = sampling.max_tokens if room is None else min(sampling.max_tokens, room)
    # A stop text that is a token of its own never shows in the text.
    ends = known.ends | {known.special[stop] for stop in sampling.stop if stop in known.special}
    before = [] if loaded.kind == "seq2seq" else ids
    return Answer(
        number,
        prompt,
        ids,
        most,
        ends,
        sampling.stop,
        chooser(sampling, request.repeat, _rule(loaded, request, prompt, ids, special, known.ends), request.logprobs),
        Detokeniser(loaded.tokenizer, before),
        emit,
    )


def prompt_tokens(loaded: Loaded, prompt: str, special: bool, ends: frozenset[int]) -> list[int]:
    """The prompt's tokens, as the model expects a text that goes on. Raises UsageError for none at all."""
    tokenizer = loaded.tokenizer
    ids: list[int] = list(tokenizer(prompt, add_special_tokens=special).input_ids)
    if loaded.kind == "causal" and special and ids:
        # A tokenizer that closes every text would have the model begin after the end.
        alone = tokenizer(prompt, add_special_tokens=False).input_ids
        while len(ids) > len(alone) and ids[-1] in ends and list(ids[-len(alone) :]) != list(alone):
            ids.pop()
    if not ids:
        first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        if first is None:
            raise UsageError("the prompt is empty", fix="give the model at least one character to go on from")
        ids = [int(first)]
    return ids


def _rule(
    loaded: Loaded, request: Request, prompt: str, ids: list[int], special: bool, ends: frozenset[int]
) -> Rule | None:
    if request.choices is not None:
        joined = loaded.kind == "causal"
        tree = choice_tree(loaded.tokenizer, prompt, ids, special, request.choices, ends, joined)
        return Choices(tree, ends, whole=request.logprobs)
    if request.json_schema is not None:
        words = int(loaded.model.get_output_embeddings().weight.shape[0])
        return follow(loaded.tokenizer, request.json_schema, ends, words)
    return None
