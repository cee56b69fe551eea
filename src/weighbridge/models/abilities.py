"""What a request needs beside what a model can: named before a call is made."""

from __future__ import annotations

import msgspec

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, Request

_DEFAULTS = frozenset({0.0, 1.0})
"""Temperatures that a model without one is not refused for: ours where nobody names one, and the vendors' own."""

_SAID = ("json_schema", "logprobs", "embeddings")
"""Abilities with an option of their own."""


def adjusted(capabilities: Capabilities, options: ModelOptions) -> Capabilities:
    """`capabilities` as the project corrects them by `can` and `cannot`."""
    changes: dict[str, bool] = dict.fromkeys(options.can, True) | dict.fromkeys(options.cannot, False)
    changes |= {name: said for name in _SAID if (said := getattr(options, name)) is not None}
    if options.concurrency is not None:
        changes["fixed_concurrency"] = True
    return msgspec.structs.replace(capabilities, **changes) if changes else capabilities


def lacking(request: Request, capabilities: Capabilities) -> tuple[str, str] | None:
    """The first thing that `request` needs and a model of these `capabilities` has not: (its field, its ability)."""
    sampling = request.sampling
    if sampling.seed is not None and not capabilities.seed:
        return "seed", "seed"
    if sampling.stop and not capabilities.stop:
        return "stop", "stop"
    if sampling.temperature not in _DEFAULTS and not capabilities.temperature:
        return f"temperature {sampling.temperature:g}", "temperature"
    if sampling.top_p is not None and not capabilities.top_p:
        return "top_p", "top_p"
    if sampling.reasoning_effort is not None and not capabilities.reasoning_effort:
        return "reasoning_effort", "reasoning_effort"
    return _lacking_beyond(request, capabilities)


def _lacking_beyond(request: Request, capabilities: Capabilities) -> tuple[str, str] | None:
    if request.tools and not capabilities.tools:
        return "tools", "tools"
    if request.logprobs and not capabilities.logprobs:
        return "logprobs", "logprobs"
    if request.json_schema is not None and not capabilities.json_schema:
        return "json_schema", "json_schema"
    if request.choices is not None and not capabilities.choices:
        return "choices", "choices"
    if request.continuations is not None and not capabilities.scoring:
        return "scoring of given continuations", "scoring"
    if not capabilities.images and any(message.images for message in request.messages):
        return "images", "images"
    return None
