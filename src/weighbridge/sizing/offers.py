"""Which machines a model can be served on, what they yield, and which of them is cheapest for a load."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from weighbridge.catalog.hardware import accelerators
from weighbridge.errors import UsageError
from weighbridge.evidence import Load
from weighbridge.sizing.calls import lengths
from weighbridge.sizing.device import Device, device
from weighbridge.sizing.interval import Interval
from weighbridge.sizing.precision import Precision
from weighbridge.sizing.rates import Rates, rates
from weighbridge.sizing.serving import Hosting, ServingCost, hour_of, serving_cost
from weighbridge.sizing.shape import Shape

COUNTS = (1, 2, 4, 8)
"""Accelerators of one machine."""


@dataclass(frozen=True, slots=True)
class Offer:
    """A model on one kind of machine."""

    rates: Rates
    per_hour: Interval | None
    """Money for an hour of one device; None: no price is known."""

    @property
    def name(self) -> str:
        """For example ``4 x L40S-48GB``."""
        return f"{self.rates.fit.count} x {self.rates.fit.device.name}"

    def per_million_output(self) -> float | None:
        """Likely money for a million tokens written under full load, prompts read as well."""
        if self.per_hour is None:
            return None
        return self.per_hour.likely * self.rates.fit.count / 3600 / self.rates.output.likely * 1e6


def known_devices() -> list[Device]:
    """The catalogue's accelerators whose memory, bandwidth and rates are known."""
    found = []
    for name in accelerators():
        try:
            found.append(device(name))
        except UsageError:
            continue  # a figure is missing: it cannot be sized for
    return found


def offers(
    shape: Shape,
    kept: Precision | str,
    read: float,
    written: float,
    devices: Iterable[Device] | None = None,
    *,
    priced: bool = True,
    stream_at_least: float | None = None,
) -> list[Offer]:
    """The smallest machine of each kind that the model fits on, the cheapest token first.

    `read` and `written`: tokens of a request and an answer; `priced`: only machines with a known price;
    `stream_at_least`: no more sequences at once than leave each so many tokens a second.
    """
    found = []
    for one in known_devices() if devices is None else devices:
        price = _hour(one)
        if price is None and priced:
            continue
        for count in COUNTS:
            try:
                served = rates(
                    shape,
                    one,
                    count,
                    kept,
                    input_tokens=read,
                    output_tokens=written,
                    stream_at_least=stream_at_least,
                )
            except UsageError:
                continue  # it does not fit on so few
            found.append(Offer(served, price))
            break
    return sorted(found, key=lambda offer: (offer.per_million_output() is None, offer.per_million_output() or 0.0))


def cheapest(found: Iterable[Offer], load: Load, *, spare: int = 1) -> list[tuple[Offer, ServingCost]]:
    """Offers with what the load costs on them, the likely cheapest month first; only those with a price."""
    lengths(load)
    costs = [
        (offer, serving_cost(Hosting(offer.rates, offer.per_hour * offer.rates.fit.count, spare), load))
        for offer in found
        if offer.per_hour is not None
    ]
    return sorted(costs, key=lambda pair: pair[1].per_month.likely)


def _hour(one: Device) -> Interval | None:
    try:
        return hour_of(one)
    except UsageError:
        return None
