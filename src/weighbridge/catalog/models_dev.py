"""models.dev's prices: its api.json, and rows of a CSV with the same figures; money per million tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from weighbridge.catalog.naming import vendor_named
from weighbridge.catalog.prices import Point, Row, Step

NAME = "models.dev"
COLUMNS = {"input": "input_usd_per_mtok", "output": "output_usd_per_mtok"}


def recognised(tree: object) -> bool:
    """Whether the values are its api.json, or rows of the CSV."""
    if isinstance(tree, dict):
        first = next((value for value in tree.values() if isinstance(value, dict)), None)
        return first is not None and isinstance(first.get("models"), dict)
    if isinstance(tree, list) and tree and isinstance(tree[0], dict):
        return {"provider", "model_id", *COLUMNS.values()} <= set(tree[0])
    return False


def rows_of(tree: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    """One row per model with a price. Raises ValueError naming the key or row."""
    if not isinstance(tree, Mapping):
        yield from _from_table(tree)
        return
    for provider, entry in tree.items():
        models = entry.get("models") if isinstance(entry, dict) else None
        if not isinstance(models, dict):
            raise ValueError(f"{provider}: there is no mapping `models`")
        for model, facts in models.items():
            cost = facts.get("cost") if isinstance(facts, dict) else None
            if cost is None:
                continue
            key = f"{provider}.models.{model}.cost"
            if not isinstance(cost, dict):
                raise ValueError(f"{key}: not a mapping")
            rates = _rates(key, cost)
            if rates["input"] is None and rates["output"] is None:
                continue
            audio = amount(key, "input_audio", cost.get("input_audio"))
            point = Point(
                NAME,
                input=rates["input"],
                output=rates["output"],
                cached=rates["cached"],
                cache_write=rates["cache_write"],
                reasoning=_reasoning(key, cost, rates),
                audio=audio,
                tiers=_tiers(key, cost),
            )
            yield Row(vendor=vendor_named(provider), model=model, points=(point,))


def _rates(key: str, cost: dict[str, Any]) -> dict[str, float | None]:
    names = {"input": "input", "output": "output", "cached": "cache_read", "cache_write": "cache_write"}
    return {name: amount(key, field, cost.get(field)) for name, field in names.items()}


def _reasoning(key: str, cost: dict[str, Any], rates: dict[str, float | None]) -> float | None:
    value = amount(key, "reasoning", cost.get("reasoning"))
    return None if value == rates["output"] else value


def _tiers(key: str, cost: dict[str, Any]) -> tuple[Step, ...]:
    """``context_over_200k``, and ``tiers`` with their sizes."""
    steps: dict[int, dict[str, float | None]] = {}
    for field, value in cost.items():
        size = field.removeprefix("context_over_").removesuffix("k")
        if field.startswith("context_over_") and size.isdigit() and isinstance(value, dict):
            steps[int(size) * 1000] = _rates(f"{key}.{field}", value)
    for place, tier in enumerate(cost.get("tiers") or ()):
        bound = tier.get("tier") if isinstance(tier, dict) else None
        above = bound.get("size") if isinstance(bound, dict) and bound.get("type") == "context" else None
        if isinstance(above, int) and above > 0:
            steps[above] = _rates(f"{key}.tiers[{place}]", tier)
    return tuple(Step(begin, **steps[begin]) for begin in sorted(steps))


def _from_table(rows: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    for number, one in enumerate(rows, start=2):
        rates = {name: amount(f"line {number}", column, one.get(column) or None) for name, column in COLUMNS.items()}
        provider, model = one.get("provider"), one.get("model_id")
        if not provider or not model:
            raise ValueError(f"line {number}: no provider or model_id")
        if rates["input"] is None and rates["output"] is None:
            continue
        point = Point(NAME, input=rates["input"], output=rates["output"])
        yield Row(vendor=vendor_named(provider), model=model, points=(point,))


def amount(key: str, field: str, value: object) -> float | None:
    """A price of any table. Raises ValueError for what is none."""
    if value is None:
        return None
    try:
        found = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else -1.0
    except ValueError:
        found = -1.0
    if not 0 <= found < 1e6:
        raise ValueError(f"{key}: {field} is no price: {value!r}")
    return found
