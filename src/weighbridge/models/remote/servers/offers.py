"""What servers of each kind can do: the options a project leaves open, filled in."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from weighbridge.models.options import Constrained, ModelOptions
from weighbridge.models.remote.servers.found import CHAT, PLAIN, Found

Method = Literal["prompt_logprobs", "forced tokens", "prefill", "echo"]
"""How given continuations are scored: vLLM's, llama.cpp's, TGI's way, and that of OpenAI's first API."""


class Offer(msgspec.Struct, frozen=True):
    """What one server offers."""

    constrained: Constrained = "none"
    json_schema: bool = False
    logprobs: bool = False
    method: Method | None = None
    scoring: bool = False
    """Whether `method` works as the server comes; otherwise the project must say that it was switched on."""
    embeddings: bool = False
    bundle: bool = False
    """Whether ``n`` answers of one call are those that calls with seeds one apart would give."""
    neutral: dict[str, Any] = {}
    """Fields that switch off what trims or bends the distribution sampled from."""
    renders: bool = False
    """Whether it shows the text a model reads."""
    template_options: bool = False
    """Whether it takes variables of the chat template with a request."""
    seed: bool = True


_SAMPLED = '{"do_sample":true,"top_k":0,"top_p":1.0,"repetition_penalty":1.0}'


def offer_of(found: Found) -> Offer:
    """What `found` offers."""
    match found.name:
        case "vllm":
            # vLLM takes top-k, top-p, repetition penalty from the model's generation_config.json where a request is
            # silent. guided_choice became structured_outputs in 0.11 and is since 0.12 ignored without a word.
            return Offer(
                constrained="structured_outputs" if found.since(0, 11) else "guided_choice",
                json_schema=True,
                logprobs=True,
                method="prompt_logprobs",
                scoring=True,
                bundle=found.since(0, 10, 2),
                neutral={"top_k": -1, "top_p": 1.0, "min_p": 0.0, "repetition_penalty": 1.0},
                renders=True,
                template_options=True,
            )
        case "llama.cpp":
            return Offer(
                constrained="grammar",
                json_schema=True,
                logprobs=True,
                method="forced tokens",
                scoring=True,
                neutral={"top_k": 0, "top_p": 1.0, "min_p": 0.0, "repeat_penalty": 1.0},
                renders=True,
                template_options=True,
            )
        case "ollama":
            # Its OpenAI-compatible pages take no top-k: the Modelfile's stays.
            return Offer(
                constrained="json_schema",
                json_schema=True,
                logprobs=found.since(0, 12, 11),
                embeddings=True,
                neutral={"top_p": 1.0},
            )
        case "tgi":
            # Since 3.0 log-probabilities of the prompt are off unless it is started with --enable-prefill-logprobs.
            return Offer(
                constrained="regex",
                json_schema=True,
                logprobs=True,
                method="prefill",
                scoring=bool(found.version) and not found.since(3, 0),
                renders=True,
            )
        case "transformers":
            # It heeds a temperature only where the model's generation_config.json samples anyway; a configuration in
            # the request makes it sample. Its seed is the whole process's: calls side by side disturb each other.
            return Offer(neutral={"generation_config": _SAMPLED}, template_options=True, seed=False)
        case "openai":
            return Offer(method="echo")


def resolved(options: ModelOptions, found: Found) -> ModelOptions:
    """`options` with all that was left to the server filled in."""
    offer = offer_of(found)
    constrained = offer.constrained if options.constrained is None else options.constrained
    if found.name == "vllm" and constrained == "guided_choice":
        # A server of today would take the field and not heed it.
        constrained = offer.constrained
    return msgspec.structs.replace(
        options,
        server=found.name,
        constrained=constrained,
        json_schema=_given(options.json_schema, offer.json_schema),
        logprobs=_given(options.logprobs, offer.logprobs),
        scoring=_given(options.scoring, offer.scoring) and offer.method is not None,
        embeddings=_given(options.embeddings, offer.embeddings),
        bundle=_given(options.bundle, offer.bundle),
        extra={**({} if options.server_defaults else offer.neutral), **_template(options, offer), **options.extra},
    )


def _template(options: ModelOptions, offer: Offer) -> dict[str, Any]:
    if offer.template_options and options.template_options:
        return {"chat_template_kwargs": options.template_options}
    return {}


def _given(said: bool | None, otherwise: bool) -> bool:
    return otherwise if said is None else said


def engine_of(options: ModelOptions, found: Found) -> str:
    """What beside the request decides the answer, so that the store tells such answers apart.

    `options`: as the project gives them. Of a plain server it says what the project declares, as it always did.
    """
    used = resolved(options, found)
    parts = [found.title] if found.title else []
    parts.append(PLAIN if found.plain else CHAT)
    if used.constrained != "none":
        parts.append(f"choices by {used.constrained}")
    if used.scoring:
        parts.append(f"scored by {offer_of(found).method}")
    if options.omit:
        parts.append("without " + ",".join(sorted(options.omit)))
    if used.extra:
        parts.append(msgspec.json.encode(used.extra, order="deterministic").decode())
    return "; ".join(parts)
