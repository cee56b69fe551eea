"""LiteLLM's table of prices (model_prices_and_context_window.json): money per token, by provider and model."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from weighbridge.catalog.naming import vendor_named
from weighbridge.catalog.prices import Point, Row, Step

NAME = "litellm"

MODES = ("chat", "responses", "completion", "embedding", None)
"""What is priced by text tokens."""

KINDS = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cached": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "reasoning": "output_cost_per_reasoning_token",
    "audio": "input_cost_per_audio_token",
}
LENGTH = re.compile(r"_above_(\d+)k_tokens$")


def recognised(tree: object) -> bool:
    """Whether the values are this table's."""
    if not isinstance(tree, dict):
        return False
    entries = [entry for entry in tree.values() if isinstance(entry, dict)]
    return any("litellm_provider" in entry for entry in entries[:50])


def rows_of(tree: dict[str, Any]) -> Iterator[Row]:
    """One row per model that has a price per token or request. Raises ValueError naming the key."""
    for key, entry in tree.items():
        if key == "sample_spec":
            continue
        if not isinstance(entry, dict):
            raise ValueError(f"{key}: a model's entry is a mapping, not {type(entry).__name__}")
        provider = entry.get("litellm_provider")
        if not isinstance(provider, str) or entry.get("mode") not in MODES:
            continue
        point = _point(key, entry)
        if point is not None:
            yield Row(vendor=vendor_named(provider), model=_model(key, provider), points=(point,))


def _model(key: str, provider: str) -> str:
    """The name without the provider before it."""
    head, slash, rest = key.partition("/")
    return rest if slash and vendor_named(head) == vendor_named(provider) else key


def _point(key: str, entry: dict[str, Any]) -> Point | None:
    rates = {name: _money(key, entry, field, 1e6) for name, field in KINDS.items()}
    request = _money(key, entry, "input_cost_per_request", 1.0)
    if rates["input"] is None and rates["output"] is None and request is None:
        return None
    if rates["reasoning"] == rates["output"]:
        rates["reasoning"] = None
    if rates["cache_write"] == 0.0:
        # Providers that take nothing extra for writing are listed with 0; the tokens are still paid as input.
        rates["cache_write"] = None
    return Point(
        source=NAME,
        input=rates["input"],
        output=rates["output"],
        cached=rates["cached"],
        cache_write=rates["cache_write"],
        reasoning=rates["reasoning"],
        audio=rates["audio"],
        batch=_batch(key, entry, rates),
        request=request,
        image=_money(key, entry, "input_cost_per_image", 1.0),
        tiers=_tiers(key, entry),
    )


def _batch(key: str, entry: dict[str, Any], rates: dict[str, float | None]) -> float | None:
    """The share of the live price; of two shares the larger, so that a bill is never reckoned too low."""
    shares = []
    for name in ("input", "output"):
        batched, live = _money(key, entry, f"{KINDS[name]}_batches", 1e6), rates[name]
        if batched is not None and live:
            shares.append(min(1.0, batched / live))
    return round(max(shares), 6) if shares else None


def _tiers(key: str, entry: dict[str, Any]) -> tuple[Step, ...]:
    steps: dict[int, dict[str, float | None]] = {}
    for field in entry:
        found = LENGTH.search(field)
        for name in ("input", "output", "cached", "cache_write"):
            if found and field == f"{KINDS[name]}{found[0]}":
                steps.setdefault(int(found[1]) * 1000, {})[name] = _money(key, entry, field, 1e6)
    for tier in entry.get("tiered_pricing") or ():
        span = tier.get("range") if isinstance(tier, dict) else None
        if isinstance(span, list) and span and span[0]:
            steps[int(span[0])] = {
                name: _money(f"{key}: tiered_pricing", tier, KINDS[name], 1e6)
                for name in ("input", "output", "cached")
            }
    return tuple(Step(above, **steps[above]) for above in sorted(steps))


def _money(key: str, entry: dict[str, Any], field: str, scale: float) -> float | None:
    """A price, scaled; rounded where ten digits tell a decimal from its binary neighbour."""
    value = entry.get(field)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            value = None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
        raise ValueError(f"{key}: {field} is no price: {entry[field]!r}")
    return float(f"{value * scale:.10g}")
