"""The same as JSON: figures by name, intervals as low, likely, high."""

from __future__ import annotations

from typing import Any

from weighbridge.sizing.account import Account
from weighbridge.sizing.breakeven import BreakEven, Crossing
from weighbridge.sizing.energy import Energy
from weighbridge.sizing.interval import Interval
from weighbridge.sizing.parameters import parameters
from weighbridge.sizing.rates import Rates
from weighbridge.sizing.serving import ServingCost


def size_tree(found: Account, against: str = "", quoted: str = "") -> dict[str, Any]:
    """Bytes, tokens a second, seconds, USD, kWh and kg, as the names say."""
    shape = found.shape
    counted = parameters(shape)
    tree: dict[str, Any] = {
        "model": shape.name,
        "source": shape.source,
        "parameters": {"total": counted.total, "active": counted.active},
        "precision": found.kept.name,
        "context": found.context,
        "sequences": found.batch,
        "memory_bytes": [
            {
                "precision": kept.name,
                "context": length,
                "weights": taken.weights,
                "cache": taken.cache,
                "activations": taken.activations,
                "total": taken.total,
            }
            for kept, length, taken in found.memories
        ],
        "fits": [
            {"hardware": one.device.name, "count": one.count, "fits": one.fits, "sequences": one.sequences}
            for one in found.fits
        ],
        "rates": [
            {"hardware": offer.rates.fit.device.name, "count": offer.rates.fit.count, **rates_tree(offer.rates)}
            for offer in found.offers
        ],
        "notes": list(shape.notes),
    }
    if found.costs:
        tree["load"] = [
            {"hardware": offer.rates.fit.device.name, "count": offer.rates.fit.count, **cost_tree(cost)}
            for offer, cost in found.costs
        ]
        tree["energy_per_month"] = energy_tree(found.energy)
    if found.break_even is not None:
        tree["break_even"] = {"against": against, "price": quoted, **curve_tree(found.break_even)}
    if found.training is not None:
        one = found.training
        tree["training"] = {
            "tokens": one.tokens,
            "hardware": one.device.name,
            "flops": one.flops,
            "device_hours": ends(one.hours),
            "usd": ends(one.money),
            "energy": energy_tree(one.energy),
        }
    if found.tuning is not None:
        made, money = found.tuning
        tree["tuning"] = {
            "method": made.method,
            "hardware": made.device.name,
            "count": made.devices,
            "trained": made.trained,
            "bytes_each": made.memory.total,
            "device_hours": ends(made.hours),
            "usd": ends(money),
        }
    return tree


def rates_tree(one: Rates) -> dict[str, Any]:
    """Rates in tokens a second."""
    return {
        "source": one.source,
        "precision": one.precision.name,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "replicas": one.fit.replicas,
        "sequences": one.sequences,
        "prefill": ends(one.prefill),
        "decode": ends(one.decode),
        "stream": ends(one.stream),
        "alone": ends(one.alone),
        "first_token_s": ends(one.first_token),
        "output": ends(one.output),
        "requests_per_s": ends(one.requests),
        "bound": one.bound,
        "notes": list(one.notes),
    }


def cost_tree(one: ServingCost) -> dict[str, Any]:
    """Money in USD."""
    return {
        "requests_per_day": one.load.requests_per_day,
        "peak_requests_per_s": one.peak,
        "machines": ends(one.machines),
        "spare": one.hosting.spare,
        "usd_per_machine_hour": ends(one.hosting.per_hour),
        "people_per_month": one.hosting.people_per_month,
        "utilisation": ends(one.utilisation),
        "usd_per_month": ends(one.per_month),
        "usd_per_request": ends(one.per_request),
        "usd_per_million_input": ends(one.per_million_input),
        "usd_per_million_output": ends(one.per_million_output),
        "usd_per_million": ends(one.per_million),
    }


def curve_tree(one: BreakEven) -> dict[str, Any]:
    """Volumes in requests a month."""
    return {
        "usd_per_request_by_call": one.by_call.per_request,
        "cached": one.by_call.cached,
        "batched": one.by_call.batched,
        "cheaper_now": one.cheaper(),
        "first": crossing_tree(one.first),
        "lasting": crossing_tree(one.lasting),
        "points": [
            {
                "requests_per_month": point.requests,
                "own": ends(point.own),
                "machines": ends(point.machines),
                "by_call": point.by_call,
            }
            for point in one.points
        ],
        "notes": list(one.by_call.notes),
    }


def crossing_tree(one: Crossing) -> dict[str, float | None]:
    """None: hosting is cheaper at no volume."""
    return {"low": one.low, "likely": one.likely, "high": one.high}


def energy_tree(one: Energy | None) -> dict[str, Any] | None:
    """None where the accelerator's power is not known."""
    if one is None:
        return None
    return {
        "kwh": ends(one.kwh),
        "co2_kg": ends(one.co2_kg),
        "g_per_kwh": ends(one.grid),
        "kwh_per_million": ends(one.kwh_per_million),
    }


def ends(one: Interval | None) -> dict[str, float] | None:
    """Low, likely and high."""
    return None if one is None else {"low": one.low, "likely": one.likely, "high": one.high}
