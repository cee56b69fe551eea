"""What serving a load on machines of one's own costs: machines, utilisation, money by month and by token."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from weighbridge.catalog.hardware import accelerators
from weighbridge.catalog.models import ModelFacts
from weighbridge.errors import UsageError
from weighbridge.evidence import Load
from weighbridge.sizing.calls import DAYS, lengths
from weighbridge.sizing.demand import Capacity, day, machines_for, most_served
from weighbridge.sizing.device import Device
from weighbridge.sizing.device import device as device_named
from weighbridge.sizing.interval import Interval, exactly
from weighbridge.sizing.precision import Precision
from weighbridge.sizing.rates import Rates, rates
from weighbridge.sizing.reading import shape_of_facts
from weighbridge.sizing.shape import Shape

HOURS_A_MONTH = DAYS * 24
SECONDS_A_DAY = 86_400
NOTHING = exactly(0.0)
MAY_WAIT = 0.05
"""Share of the requests of the busiest hour that may find every place taken."""


@dataclass(frozen=True, slots=True)
class Hosting:
    """Machines of one kind that a model runs on, and what an hour of one costs."""

    rates: Rates
    per_hour: Interval
    """Money for an hour of one whole machine, all its devices."""
    spare: int = 1
    """Machines beside those that the load takes, so that one may fail (N + 1)."""
    people_per_month: float = 0.0
    """Money for the people who run it, by the month."""
    may_wait: float = MAY_WAIT
    batched: float = 0.0
    """Share of the requests that can wait for a quiet hour of the day."""
    per_request: Interval = NOTHING
    """Money that each request costs beside the hours: electricity, where it is not part of their price."""

    def deferring(self, batched: float) -> Hosting:
        """The same, with another share of requests that can wait. Raises `UsageError` outside [0, 1]."""
        if not 0 <= batched <= 1:
            raise UsageError(f"a batched share of {batched:g}", fix="a share lies between 0 and 1")
        return replace(self, batched=batched)

    @property
    def devices(self) -> int:
        """In one machine."""
        return self.rates.fit.count

    def capacity(self, requests: float) -> Capacity:
        """One machine that serves so many requests a second at most: its places, and how long each is held."""
        return Capacity(requests, max(1, self.rates.sequences * self.rates.fit.replicas))

    def machines(self, peak: float) -> Interval:
        """Machines for `peak` requests a second, spares included: fewest for the best of the rates, and most."""
        served = self.rates.requests
        low, likely, high = (
            machines_for(self.capacity(rate), peak, self.may_wait) + self.spare
            for rate in (served.high, served.likely, served.low)
        )
        return Interval(low, likely, high)

    def month(self, machines: Interval, requests: float) -> Interval:
        """Money for so many machines, which run day and night, and so many requests, by the month."""
        low, likely, high = (
            count * price * HOURS_A_MONTH + each * requests + self.people_per_month
            for count, price, each in (
                (machines.low, self.per_hour.low, self.per_request.low),
                (machines.likely, self.per_hour.likely, self.per_request.likely),
                (machines.high, self.per_hour.high, self.per_request.high),
            )
        )
        return Interval(low, likely, high)

    def most_served(self, machines: int, rate: float) -> float:
        """Requests a second that `machines`, spares apart, serve at a rate of `rate` each."""
        return most_served(self.capacity(rate), machines, self.may_wait)


@dataclass(frozen=True, slots=True)
class ServingCost:
    """A load on machines of one's own."""

    hosting: Hosting
    load: Load
    peak: float
    """Requests a second in the busiest hour."""
    machines: Interval
    """With spares."""
    utilisation: Interval
    """Share of what the machines could write that is written over a day; the rest is idle time that is paid for."""
    per_month: Interval
    per_request: Interval
    per_million_input: Interval
    """Tokens; the bill shared out by the time that reading and writing take."""
    per_million_output: Interval
    per_million: Interval
    """Of all tokens, read and written."""
    reading: float
    """Share of the machines' working time that reading prompts takes."""

    @property
    def requests_per_month(self) -> float:
        return self.load.requests_per_day * DAYS


def busiest(load: Load, batched: float = 0.0) -> float:
    """Requests of the busiest hour over those of the mean hour, as machines must be made for.

    Requests that can wait fill the quiet hours; of the mean there is no less.
    """
    return max(1.0, (1 - batched) * max(day(load.peak_to_mean)))


def hosting(
    shape: Shape | ModelFacts,
    device: Device | str,
    count: int,
    load: Load,
    *,
    per_hour: Interval | float | None = None,
    kept: Precision | str = "bf16",
    spare: int = 1,
    people_per_month: float = 0.0,
    batched: float = 0.0,
    found: Rates | None = None,
    stream_at_least: float | None = None,
) -> Hosting:
    """A model on machines of `count` devices, for requests of the load's lengths.

    `per_hour` is the price of one device, the catalogue's where it is None. `found` replaces the predicted rates,
    such as `measured` ones. Raises `UsageError` where the load does not say its lengths, the model does not fit, no
    price is known, or one is negative.
    """
    read, written = lengths(load)
    made = shape_of_facts(shape) if isinstance(shape, ModelFacts) else shape
    on = device_named(device) if isinstance(device, str) else device
    price = hour_of(on) if per_hour is None else per_hour if isinstance(per_hour, Interval) else exactly(per_hour)
    if price.low < 0 or people_per_month < 0 or spare < 0:
        raise UsageError("a price, a wage or a number of spare machines is below 0", fix="0 or more")
    found = found or rates(
        made,
        on,
        count,
        kept,
        input_tokens=read,
        output_tokens=written,
        stream_at_least=stream_at_least,
    )
    return Hosting(found, price * found.fit.count, spare, people_per_month).deferring(batched)


def hour_of(device: Device) -> Interval:
    """What renting one for an hour costs by the catalogue, USD; between its ends the geometric mean is likely.

    Raises `UsageError` where no price is known.
    """
    entry = next((one for one in accelerators().values() if one.name == device.name), None)
    price = entry.hour_usd if entry is not None else None
    if price is None:
        raise UsageError(
            f"the catalogue knows no price for an hour of {device.name}",
            fix="say what one costs you: --price-per-hour (for your own machines: what they cost to own and run)",
        )
    return Interval(price[0], math.sqrt(price[0] * price[1]), price[1])


def serving_cost(host: Hosting, load: Load) -> ServingCost:
    """What `load` costs on such machines, which run day and night and are enough for its busiest hour."""
    mean = load.requests_per_day / SECONDS_A_DAY
    peak = mean * busiest(load, host.batched)
    machines = host.machines(peak)
    requests = load.requests_per_day * DAYS
    per_month = host.month(machines, requests)
    served = host.rates.requests
    per_request = per_month * (1 / requests)
    found = host.rates
    reading = min(0.99, (found.requests.likely / found.fit.replicas) * found.input_tokens / found.prefill.likely)
    of_input, of_output = found.input_tokens / 1e6, found.output_tokens / 1e6
    busy = [
        min(1.0, mean / (count * rate))
        for count, rate in (
            (machines.low, served.high),
            (machines.likely, served.likely),
            (machines.high, served.low),
        )
    ]
    return ServingCost(
        hosting=host,
        load=load,
        peak=peak,
        machines=machines,
        utilisation=Interval(min(busy), busy[1], max(busy)),
        per_month=per_month,
        per_request=per_request,
        per_million_input=per_request * (reading / of_input),
        per_million_output=per_request * ((1 - reading) / of_output),
        per_million=per_request * (1 / (of_input + of_output)),
        reading=reading,
    )
