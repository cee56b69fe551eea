"""What hosting a model oneself costs per month at a volume: machines for the peak and one to spare, by the hour.

Machines are counted as `weighbridge size` counts them: from the predicted rates (`sizing.rates`), an interval, and a
queue for the places of a machine (`sizing.demand`). Hours cost what the catalogue's dated
prices say renting them costs, from the least to the most. Owned machines are reckoned at the same prices: what they
would bring if they did something else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighbridge.decide.subject import Subject
from weighbridge.errors import UsageError
from weighbridge.evidence import Load, Owned
from weighbridge.sizing.account import READABLE
from weighbridge.sizing.demand import Capacity, machines_for
from weighbridge.sizing.serving import MAY_WAIT

HOURS = 730.5
"""Hours of a mean month."""

DAYS = 30.4375
"""Days of a mean month."""

SPARE = 1
"""Machines beyond those that the peak needs, so that one may fail."""

MOST = 8
"""Accelerators in one machine, at most, where none are named."""


@dataclass(frozen=True, slots=True)
class Plant:
    """One kind of machine that serves one model."""

    machine: str
    """For example ``1 x L40S``."""
    rate: tuple[float, float, float]
    """Requests a second that it serves at most: least, likeliest, most."""
    hour: tuple[float, float]
    """What an hour of it costs, USD: least and most."""
    places: int
    """Requests at once that it holds."""
    sources: tuple[str, ...] = ()

    def month(self, per_day: float, peak: float) -> tuple[float, float, float]:
        """USD per month at so many requests per day: least, likeliest, most."""
        low, likely, high = self.rate
        needed = per_day * peak / 86_400
        middle = math.sqrt(self.hour[0] * self.hour[1])
        costs = ((high, self.hour[0]), (likely, middle), (low, self.hour[1]))
        least, likeliest, most = (self.machines(needed, rate) * HOURS * hour for rate, hour in costs)
        return least, likeliest, most

    def machines(self, needed: float, rate: float) -> int:
        """Machines for `needed` requests a second at the peak, and one to spare."""
        return machines_for(Capacity(rate, self.places), needed, MAY_WAIT) + SPARE


@dataclass(frozen=True, slots=True)
class Plants:
    """Every kind of machine that can serve one model; which is cheapest hangs on the volume."""

    kinds: tuple[Plant, ...]

    def at(self, per_day: float, peak: float) -> Plant:
        """The one whose likeliest bill is the lowest at so many requests per day."""
        return min(self.kinds, key=lambda plant: plant.month(per_day, peak)[1])


def plants_of(
    subject: Subject, load: Load, machines: tuple[Owned, ...], tokens: tuple[float | None, float | None]
) -> Plants | str:
    """The machines that can serve a model under `load`, or why none can be named.

    `tokens`: of a request and of an answer, as measured; the load's own count where they are stated.
    """
    if subject.target is None:
        return "the catalogue has no such model"
    reads = load.input_tokens or tokens[0]
    writes = load.output_tokens or tokens[1]
    if not reads or not writes:
        return "the tokens of a request are not known; state them under `load`"
    from weighbridge.sizing import shape_of

    try:
        shape = shape_of(subject.target)
        found = [plant for named, count in _offers(machines) for plant in _served(shape, named, count, reads, writes)]
    except UsageError as error:
        return error.what
    if not found:
        return "it fits on no machine whose price is known"
    return Plants(tuple(found))


def _offers(machines: tuple[Owned, ...]) -> list[tuple[Owned, tuple[int, ...]]]:
    """Machines to try, with the counts of accelerators in each."""
    if machines:
        return [(one, (one.count,)) for one in machines]
    from weighbridge.catalog.hardware import accelerators

    counts = tuple(count for count in (1, 2, 4, 8) if count <= MOST)
    return [(Owned(name), counts) for name, one in accelerators().items() if one.hour_usd is not None]


def _served(shape: object, owned: Owned, counts: tuple[int, ...], reads: float, writes: float) -> list[Plant]:
    """The smallest machine of one kind that it fits on; empty where it fits on none or no price is known."""
    from weighbridge.catalog.hardware import accelerator
    from weighbridge.sizing import Shape, device, rates

    if not isinstance(shape, Shape) or owned.accelerator.strip().upper() == "CPU":
        return []
    entry = accelerator(owned.accelerator)
    if entry.hour_usd is None:
        return []
    kept = "as stored" if shape.stored is not None else "bf16"
    for count in counts:
        try:
            found = rates(
                shape,
                device(owned.accelerator, owned.memory_gb),
                count,
                kept,
                input_tokens=reads,
                output_tokens=writes,
                stream_at_least=READABLE,
            )
        except UsageError:
            continue  # it does not fit on so few of them
        hour = (entry.hour_usd[0] * count, entry.hour_usd[1] * count)
        price = entry.facts.get("hour_low")
        source = () if price is None else (f"{entry.id}: {', '.join(price.source)}, seen {price.seen}",)
        served = found.requests
        rate = (served.low, served.likely, served.high)
        places = max(1, found.sequences * found.fit.replicas)
        return [Plant(f"{count} x {entry.name}", rate, hour, places, source)]
    return []
