"""Everything that is said of one model's compute and its bill, reckoned once for terminal, page and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from weighbridge.errors import UsageError
from weighbridge.evidence import Load
from weighbridge.sizing.breakeven import BreakEven, break_even
from weighbridge.sizing.calls import Calls
from weighbridge.sizing.device import Device, device
from weighbridge.sizing.energy import Energy, powered, serving_energy, training_energy
from weighbridge.sizing.fitting import Fit, fewest, fit
from weighbridge.sizing.interval import Interval, exactly
from weighbridge.sizing.memory import Memory, chosen_precision, memory
from weighbridge.sizing.offers import Offer, cheapest, known_devices, offers
from weighbridge.sizing.precision import Precision
from weighbridge.sizing.rates import Rates, measured, rates, reading_rate
from weighbridge.sizing.serving import Hosting, ServingCost, hour_of, serving_cost
from weighbridge.sizing.shape import Shape
from weighbridge.sizing.training import device_hours, training_flops
from weighbridge.sizing.tuning import Method, Tuning, tuning

CONTEXTS = (4096, 32_768, 131_072)
PRECISIONS_SHOWN = ("bf16", "fp8", "int4")
READERS = ("CPU", "L4", "L40S", "H100-SXM-80GB")
"""On which an encoder's rate is told where nothing is named."""
READABLE = 5.0
"""Tokens a second at which text comes as fast as it is read."""
TRAINED_AT = 8192
"""Tokens of a sequence in training, at most: models of long contexts see them at the end alone."""
TRAINER = "H100-SXM-80GB"
"""On which training is reckoned where nothing is named."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a model. Money is USD."""

    kept: str | None = None
    context: int | None = None
    batch: int = 1
    on: Device | None = None
    count: int | None = None
    """Devices of one machine; None: the fewest on which it fits."""
    input_tokens: float | None = None
    output_tokens: float | None = None
    load: Load | None = None
    """With its lengths."""
    per_hour: float | None = None
    """Of one device."""
    electricity: float | None = None
    """Money for a kWh."""
    carbon: float | None = None
    """Grams of CO2 for a kWh."""
    people_per_month: float = 0.0
    spare: int = 1
    against: Calls | None = None
    measured: float | Interval | None = None
    """Tokens a second that a whole machine writes."""
    sequences: int | None = None
    """At once in one replica; None: all that fit."""
    stream_at_least: float = READABLE
    """Tokens a second to each reader, by which sequences at once are held back; 0: as many as fit."""
    train: float | None = None
    """Tokens."""
    tune: float | None = None
    """Tokens."""
    method: Method = "qlora"


@dataclass(frozen=True, slots=True)
class Training:
    """Training from nothing."""

    tokens: float
    device: Device
    flops: float
    hours: Interval
    """Of devices, all together."""
    money: Interval | None
    energy: Energy | None


@dataclass(frozen=True, slots=True)
class Account:
    """What was found."""

    shape: Shape
    kept: Precision
    context: int
    memories: tuple[tuple[Precision, int, Memory], ...]
    """By precision and context."""
    fits: tuple[Fit, ...]
    offers: tuple[Offer, ...]
    """Machines it can be served on, the cheapest token first; the one asked for alone where one was."""
    costs: tuple[tuple[Offer, ServingCost], ...]
    """What the load costs on them, the cheapest month first."""
    batch: int = 1
    """Sequences at once that the memory is of."""
    reading: tuple[tuple[Device, Interval], ...] = ()
    """Of an encoder: tokens a second that one device reads."""
    energy: Energy | None = None
    break_even: BreakEven | None = None
    training: Training | None = None
    tuning: tuple[Tuning, Interval | None] | None = None
    """And money."""

    @property
    def served(self) -> Rates | None:
        """Rates of the machine that the bill is for."""
        if self.costs:
            return self.costs[0][1].hosting.rates
        return self.offers[0].rates if self.offers else None


def account(shape: Shape, ask: Ask) -> Account:
    """Reckon what is asked. Raises `UsageError` for what cannot be, does not fit or has no price."""
    kept = chosen_precision(shape, ask.kept or ("stored" if shape.stored else shape.kept or "bf16"))
    context = ask.context or min(shape.context or CONTEXTS[0], CONTEXTS[0])
    read = ask.input_tokens or min(1000.0, 0.75 * context)
    written = ask.output_tokens or min(300.0, 0.25 * context)
    found = _offers(shape, kept, ask, read, written) if shape.writes else []
    costs = _costs(found, ask)
    if ask.load is not None and not shape.writes:
        raise UsageError(
            f"{shape.name} is an encoder: it writes no tokens", fix="its cost under a load is not reckoned here"
        )
    best = costs[0][1] if costs else None
    curve = break_even(best.hosting, best.load, ask.against) if best is not None and ask.against is not None else None
    return Account(
        shape=shape,
        kept=kept,
        context=context,
        memories=tuple(_memories(shape, kept, context, ask)),
        fits=tuple(_fits(shape, kept, context, ask)),
        offers=tuple(found),
        costs=tuple(costs) if curve is None else ((costs[0][0], curve.own), *costs[1:]),
        batch=ask.batch,
        reading=() if shape.writes else tuple(_reading(shape, kept, ask)),
        energy=serving_energy(best if curve is None else curve.own, ask.carbon) if best is not None else None,
        break_even=curve,
        training=_training(shape, ask),
        tuning=_tuning(shape, ask),
    )


def _memories(shape: Shape, kept: Precision, context: int, ask: Ask) -> Iterable[tuple[Precision, int, Memory]]:
    others = [chosen_precision(shape, name) for name in PRECISIONS_SHOWN]
    shown = [kept, *(one for one in others if one.name != kept.name)] if ask.kept is None else [kept]
    most = shape.context or CONTEXTS[-1]
    contexts = sorted({context, *(one for one in CONTEXTS if one <= most)}) if ask.context is None else [context]
    for one in shown:
        for length in contexts:
            yield one, length, memory(shape, one, length, ask.batch)


def _fits(shape: Shape, kept: Precision, context: int, ask: Ask) -> list[Fit]:
    if ask.on is not None and ask.count is not None:
        return [fit(shape, ask.on, ask.count, kept, context, ask.batch)]
    devices = known_devices() if ask.on is None else [ask.on]
    return fewest(shape, devices, kept, context, ask.batch, most=16)


def _offers(shape: Shape, kept: Precision, ask: Ask, read: float, written: float) -> list[Offer]:
    if ask.on is None:
        made = offers(shape, kept, read, written, stream_at_least=ask.stream_at_least or None)
        if ask.load is not None and not made:
            raise UsageError(
                f"{shape.name} in {kept.name} fits on no machine of up to 8 accelerators that has a price here",
                fix="a smaller --precision (int4), or --on HARDWARExN with --price-per-hour",
            )
        return made
    count = ask.count
    if count is None:
        first = fewest(shape, [ask.on], kept, max(1, round(read + written)), 1, most=16)[0]
        count = first.count
    served = rates(
        shape,
        ask.on,
        count,
        kept,
        input_tokens=read,
        output_tokens=written,
        sequences=ask.sequences,
        stream_at_least=None if ask.sequences else ask.stream_at_least or None,
    )
    if ask.measured is not None:
        served = measured(served, ask.measured, sequences=ask.sequences)
    price = exactly(ask.per_hour) if ask.per_hour is not None else None
    if price is None:
        try:
            price = hour_of(ask.on)
        except UsageError:
            if ask.load is not None:
                raise
    return [Offer(served, price)]


def _reading(shape: Shape, kept: Precision, ask: Ask) -> Iterable[tuple[Device, Interval]]:
    length = min(512, shape.context or 512)
    for one in [ask.on] if ask.on is not None else map(device, READERS):
        yield one, reading_rate(shape, one, kept, length)


def _costs(found: list[Offer], ask: Ask) -> list[tuple[Offer, ServingCost]]:
    if ask.load is None:
        return []
    costs = []
    for offer, plain in cheapest(found, ask.load, spare=ask.spare):
        host: Hosting = replace(plain.hosting, people_per_month=ask.people_per_month)
        if ask.against is not None:
            host = host.deferring(ask.against.batched)
        if ask.electricity is not None:
            if ask.on is None and offer.rates.fit.device.watts is None:
                continue  # its power is not known: others are
            host = powered(host, ask.electricity)
        costs.append((offer, serving_cost(host, ask.load)))
    return sorted(costs, key=lambda pair: pair[1].per_month.likely)


def _training(shape: Shape, ask: Ask) -> Training | None:
    if ask.train is None:
        return None
    on = ask.on or device(TRAINER)
    flops = training_flops(shape, ask.train, min(shape.context or TRAINED_AT, TRAINED_AT))
    hours = device_hours(flops, on)
    price = _price(on, ask)
    money = (
        None
        if price is None
        else Interval(hours.low * price.low, hours.likely * price.likely, hours.high * price.high)
    )
    return Training(ask.train, on, flops, hours, money, training_energy(hours, on, ask.carbon))


def _tuning(shape: Shape, ask: Ask) -> tuple[Tuning, Interval | None] | None:
    if ask.tune is None:
        return None
    on = ask.on or device(TRAINER)
    made = tuning(shape, on, ask.tune, ask.method)
    price = _price(on, ask)
    return made, None if price is None else made.cost(price)


def _price(on: Device, ask: Ask) -> Interval | None:
    if ask.per_hour is not None:
        return exactly(ask.per_hour)
    try:
        return hour_of(on)
    except UsageError:
        return None
