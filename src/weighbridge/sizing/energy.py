"""Electricity and carbon dioxide of machines that serve or train.

Power of an accelerator goes from its idle share to its busy share of the thermal design power; the server round it
and the building (power usage effectiveness, PUE) come on top. The bounds are wide, for none of these is known of a
machine one rents: they are put down here, not measured.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from weighbridge.errors import UsageError
from weighbridge.sizing.calls import DAYS
from weighbridge.sizing.device import Device
from weighbridge.sizing.interval import Interval
from weighbridge.sizing.serving import HOURS_A_MONTH, Hosting, ServingCost

IDLE = Interval(0.10, 0.18, 0.30)
"""Share of the design power that an accelerator with a loaded model draws while nothing is asked."""
BUSY = Interval(0.55, 0.75, 0.95)
"""The same under full load. Writing tokens waits for memory, and stays below the design power."""
TRAINING = Interval(0.75, 0.90, 1.0)
"""The same in training."""
SERVER = Interval(1.05, 1.20, 1.50)
"""The whole server's power (processors, fans, supplies) over that of its accelerators."""
PUE = Interval(1.08, 1.20, 1.56)
"""The building's power over the servers'; from large clouds' best to the mean of the Uptime Institute's surveys."""
GRID = Interval(30, 450, 800)
"""Grams of CO2 for a kWh, where nothing is said of the grid: hydro or nuclear, a mean of the world, coal."""


@dataclass(frozen=True, slots=True)
class Energy:
    """Of a month, or of a training."""

    kwh: Interval
    co2_kg: Interval
    grid: Interval
    """Grams of CO2 for a kWh."""
    kwh_per_million: Interval | None = None
    """For a million tokens, read and written."""


def serving_energy(cost: ServingCost, carbon: float | None = None) -> Energy | None:
    """Of a month of serving, idle machines and spares included; None where the design power is not known.

    `carbon`: grams of CO2 for a kWh. Raises `UsageError` where it is negative.
    """
    device = cost.hosting.rates.fit.device
    if device.watts is None:
        return None
    draws = watts(device)
    used = (
        (cost.machines.low, cost.machines.low * cost.hosting.rates.requests.high),
        (cost.machines.likely, cost.machines.likely * cost.hosting.rates.requests.likely),
        (cost.machines.high, cost.machines.high * cost.hosting.rates.requests.low),
    )
    asked = cost.load.requests_per_day / 86_400
    ends = []
    for (machines, most), idle, busy in zip(used, ends_of(draws[0]), ends_of(draws[1]), strict=True):
        working = min(1.0, asked / most)
        ends.append(machines * cost.hosting.devices * (idle + (busy - idle) * working) * HOURS_A_MONTH / 1000)
    kwh = Interval(*ends)
    lengths = cost.hosting.rates.input_tokens + cost.hosting.rates.output_tokens
    each = kwh * (1e6 / (cost.load.requests_per_day * DAYS * lengths))
    return _energy(kwh, carbon, each)


def training_energy(hours: Interval, device: Device, carbon: float | None = None) -> Energy | None:
    """Of so many hours of one device at training; None where its design power is not known. Raises `UsageError`."""
    if device.watts is None:
        return None
    draws = (
        hour * share * server * pue * device.watts / 1000
        for hour, share, server, pue in zip(*map(ends_of, (hours, TRAINING, SERVER, PUE)), strict=True)
    )
    return _energy(Interval(*draws), carbon)


def watts(device: Device) -> tuple[Interval, Interval]:
    """What a device at rest and at full load draws from the grid, its share of server and building included.

    Raises `UsageError` where its design power is not known.
    """
    power = device.watts
    if power is None:
        raise UsageError(
            f"the catalogue does not know the power of {device.name}",
            fix="add `tdp` as a fact of your own (docs/compute.md), or leave --electricity away",
        )
    idle, busy = (
        Interval(
            *(
                share * server * pue * power
                for share, server, pue in zip(*map(ends_of, (shares, SERVER, PUE)), strict=True)
            )
        )
        for shares in (IDLE, BUSY)
    )
    return idle, busy


def ends_of(one: Interval) -> tuple[float, float, float]:
    """Least, likely, most."""
    return one.low, one.likely, one.high


def _energy(kwh: Interval, carbon: float | None, each: Interval | None = None) -> Energy:
    if carbon is not None and carbon < 0:
        raise UsageError(f"{carbon:g} g of CO2 for a kWh", fix="0 or more")
    grid = GRID if carbon is None else Interval(carbon, carbon, carbon)
    co2 = Interval(kwh.low * grid.low / 1000, kwh.likely * grid.likely / 1000, kwh.high * grid.high / 1000)
    return Energy(kwh, co2, grid, each)


def powered(host: Hosting, per_kwh: float) -> Hosting:
    """The same machines with electricity paid on top of their hours, at so much money for a kWh.

    Rented hours hold it already; it is for machines that one owns. Raises `UsageError` for a negative price, or where
    the devices' design power is not known.
    """
    if per_kwh < 0:
        raise UsageError(f"a price of {per_kwh:g} for a kWh", fix="0 or more")
    device, served = host.rates.fit.device, host.rates.requests
    idle, busy = watts(device)
    hour = [
        price + power * host.devices / 1000 * per_kwh
        for price, power in zip(ends_of(host.per_hour), ends_of(idle), strict=True)
    ]
    each = [
        (most - least) * host.devices / rate / 3.6e6 * per_kwh
        for most, least, rate in zip(
            ends_of(busy), ends_of(idle), (served.high, served.likely, served.low), strict=True
        )
    ]
    return replace(host, per_hour=Interval(*hour), per_request=Interval(*each))
