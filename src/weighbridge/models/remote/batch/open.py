"""Which vendors take lots, and how a model of one is asked in them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from weighbridge.errors import UsageError

if TYPE_CHECKING:
    from weighbridge.models.options import ModelOptions
    from weighbridge.models.remote.batch.carrier import Carrier
    from weighbridge.models.remote.batch.lots import Format, Lots
    from weighbridge.models.remote.closed import ClosedModel

BATCHED = ("openai", "anthropic", "google")
"""Vendors whose batch interface is spoken here."""
FIRST = 64
"""Items asked in the first round, where the project names no number."""


def check_mode(kind: str, spec: str, options: ModelOptions) -> None:
    """Raise `UsageError` where `mode: batch` is said of a model that has no batch interface here."""
    where = f"model {spec!r}"
    if options.mode != "batch":
        if options.batch_first is not None:
            raise UsageError(
                "batch_first is said of a model that is asked live", where=where, fix="say `mode: batch` too"
            )
        return
    if kind not in BATCHED:
        raise UsageError(
            f"mode: batch is not there for {kind}: models",
            where=where,
            fix="leave `mode` out, or take the model of a vendor with a batch interface: "
            + ", ".join(f"{name}:" for name in BATCHED),
        )


def make_lots(model: ClosedModel) -> Lots | None:
    """The lots of `model`; None where it is asked live. Raises `UsageError` for one that has none."""
    options = model.options
    check_mode(model.vendor.name, model.spec, options)
    if options.mode != "batch":
        return None
    from weighbridge.models.remote.batch.carrier import Carrier
    from weighbridge.models.remote.batch.lots import Lots

    carrier = Carrier(model.transport, model.wire, model.url, model.key, model.spec, model.named)
    return Lots(
        where=model.spec,
        format=_FORMATS[model.vendor.name](model, carrier),
        wire=model.wire,
        carrier=carrier,
        refused=model.refused,
        clean=model.clean,
        first=options.batch_first or FIRST,
    )


def _openai(model: ClosedModel, carrier: Carrier) -> Format:
    from weighbridge.models.remote.batch.openai import OpenAIBatches

    return OpenAIBatches(carrier, model.wire, model.model)


def _anthropic(model: ClosedModel, carrier: Carrier) -> Format:
    from weighbridge.models.remote.batch.anthropic import AnthropicBatches
    from weighbridge.models.remote.wires.anthropic import VERSION

    carrier.headers["anthropic-version"] = VERSION
    return AnthropicBatches(carrier, model.wire, model.model, _root(model, "/v1"))


def _google(model: ClosedModel, carrier: Carrier) -> Format:
    from weighbridge.models.remote.batch.gemini import GeminiBatches
    from weighbridge.models.remote.wires.gemini import GeminiWire

    if not isinstance(model.wire, GeminiWire):
        raise UsageError("this wire has no batches", where=f"model {model.spec!r}")
    return GeminiBatches(carrier, model.wire, model.model, _root(model, "/v1beta"), model.wire.path(model.model))


def _root(model: ClosedModel, version: str) -> str:
    """What a path begins with where the base address does not end in the version."""
    return "" if model.url.endswith(version) else version


_FORMATS: dict[str, Callable[[ClosedModel, Carrier], Format]] = {
    "openai": _openai,
    "anthropic": _anthropic,
    "google": _google,
}
