"""What is said of a model's compute and bill, in sections of tables and sentences, for terminal and page alike."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.report import figures
from weighbridge.sizing.account import Account, Training
from weighbridge.sizing.fitting import Fit
from weighbridge.sizing.interval import Interval
from weighbridge.sizing.memory import cache_per_token, described
from weighbridge.sizing.offers import Offer
from weighbridge.sizing.rates import Rates
from weighbridge.sizing.tuning import Tuning

GB = 1e9
_TRAINED = "One run, as published ones went; what was tried before it is not in it."
OFFERS = 4
"""Machines shown beside each other."""
WAITING = {
    "compute": "arithmetic",
    "memory": "memory",
    "links": "the links between accelerators",
    "overhead": "the engine's own overhead",
}


@dataclass(frozen=True, slots=True)
class Section:
    """A title, a table (a name and its cells a row) and sentences below it."""

    title: str
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()


def headline(found: Account) -> str:
    """The model in a line."""
    return described(found.shape)


def sections(found: Account) -> list[Section]:
    """All there is to say, in reading order."""
    made = [_memory(found), _fits(found)]
    if found.offers:
        made.append(_rates(found))
    if found.reading:
        rows = tuple((one.name, rate(speed)) for one, speed in found.reading)
        made.append(
            Section(
                "Tokens a second, texts of 512",
                ("", "reading"),
                rows,
                ("An encoder: it writes nothing. One accelerator.",),
            )
        )
    if found.costs:
        made.append(_load(found))
    if found.training is not None:
        made.append(_training(found.training))
    if found.tuning is not None:
        made.append(_tuning(*found.tuning))
    return made


def _memory(found: Account) -> Section:
    contexts = sorted({length for _, length, _ in found.memories})
    at = {(kept.name, length): taken for kept, length, taken in found.memories}
    names = list(dict.fromkeys(kept.name for kept, _, _ in found.memories))
    rows = tuple(
        (name, size(at[name, contexts[0]].weights), *(size(at[name, length].total) for length in contexts))
        for name in names
    )
    first = at[names[0], contexts[0]]
    notes = [f"{note[0].upper()}{note[1:]}." for note in found.shape.notes]
    if found.shape.writes:
        held = ", ".join(f"{size(at[names[0], length].cache)} at {length:,}" for length in contexts)
        notes.insert(
            0,
            f"Of that, keys and values ({cache_per_token(found.shape) / 1024:,.0f} KiB a token): {held}; "
            f"activations {size(first.activations)} at {contexts[0]:,}.",
        )
    return Section(
        f"Memory, GB, with {'one sequence' if found.batch == 1 else f'{found.batch:,} sequences'} of so many tokens",
        ("weights kept as", "weights", *(f"{one:,}" for one in contexts)),
        rows,
        tuple(notes),
    )


def _fits(found: Account) -> Section:
    if len(found.fits) == 1:
        return Section(
            "Hardware", notes=(f"{headline_of(found.fits[0])} ({found.kept.name}, {found.context:,} tokens).",)
        )
    rows = []
    for count in (1, 2, 4, 8, 16):
        names = [one.device.name for one in found.fits if one.fits and one.count == count]
        if names:
            rows.append((f"{count} x", ", ".join(names)))
    none = [one.device.name for one in found.fits if not one.fits]
    if none:
        rows.append(("none of", ", ".join(none)))
    return Section(f"Fits on ({found.kept.name}, {found.context:,} tokens)", (), tuple(rows))


def headline_of(one: Fit) -> str:
    """``fits on ...``, with a capital."""
    text = str(one)
    return text[0].upper() + text[1:]


def _rates(found: Account) -> Section:
    shown = found.offers[:OFFERS]
    first = shown[0].rates
    title = f"Tokens a second ({first.input_tokens:,.0f} in, {first.output_tokens:,.0f} out, {first.precision.name})"
    rows = tuple(
        (
            offer.name,
            rate(offer.rates.prefill),
            rate(offer.rates.decode),
            rate(offer.rates.output),
            rate(offer.rates.alone),
            price_of(offer),
        )
        for offer in shown
    )
    notes = [rate_note(first)] if len(shown) == 1 else ["Cheapest token first; --on HARDWARE shows any other."]
    notes.append(
        "Both: tokens written by the whole machine under full load, its prompts read as well. Alone: one request."
    )
    notes += (f"{note[0].upper()}{note[1:]}." for note in first.notes) if len(shown) == 1 else ()
    return Section(title, ("", "reading", "writing", "both", "alone", "$/M out"), rows, tuple(notes))


def rate_note(one: Rates) -> str:
    """What is behind the rates of one machine."""
    how = "Measured by you" if one.source == "measured" else "Predicted, not measured"
    copies = f"{one.fit.replicas} replicas of " if one.fit.replicas > 1 else ""
    first = dict.fromkeys(figures.seconds(end) for end in (one.first_token.low, one.first_token.high))
    return (
        f"{how}. {copies}{figures.plural(one.sequences, 'sequence')} at once, {span(one.stream)} tokens a second "
        f"to each; first token after {' to '.join(first)}; "
        f"writing waits for {WAITING[one.bound]}."
    )


def price_of(offer: Offer) -> str:
    """Money for a million tokens written with every machine busy; the ends of price and rate together."""
    if offer.per_hour is None:
        return "?"
    hour = offer.per_hour * (offer.rates.fit.count / 3600 * 1e6)
    rate = offer.rates.output
    return span(Interval(hour.low / rate.high, hour.likely / rate.likely, hour.high / rate.low))


def _load(found: Account) -> Section:
    offer, cost = found.costs[0]
    load = cost.load
    rows = [
        ("machine", f"{offer.name}, {dollars(cost.hosting.per_hour)} an hour"),
        ("busiest hour", f"{number(cost.peak)} requests a second"),
        (
            "one machine serves",
            f"{span(cost.hosting.rates.requests)} requests a second, or "
            f"{span(cost.hosting.rates.requests * 86_400)} a day",
        ),
        ("machines", f"{between(cost.machines)}, {cost.hosting.spare} of them spare"),
        ("utilisation", f"{figures.percent(cost.utilisation.likely)} ({_shares(cost.utilisation)})"),
        ("a month", dollars(cost.per_month)),
        ("per million tokens read", dollars(cost.per_million_input)),
        ("per million tokens written", dollars(cost.per_million_output)),
        ("per million, all tokens", dollars(cost.per_million)),
        ("per 1,000 requests", dollars(cost.per_request * 1000)),
    ]
    if cost.hosting.people_per_month:
        rows.insert(6, ("  of that, people", money(cost.hosting.people_per_month)))
    if found.energy is not None:
        rows.append(("electricity a month", f"{span(found.energy.kwh)} kWh"))
        rows.append(("CO2 a month", f"{span(found.energy.co2_kg)} kg, at {span(found.energy.grid)} g a kWh"))
    notes = []
    others = [f"{one.name} {dollars(other.per_month)}" for one, other in found.costs[1:OFFERS]]
    if others:
        notes.append(f"The cheapest of {len(found.costs)} kinds of machine; next: {'; '.join(others)} a month.")
    if cost.utilisation.likely < 0.1:
        notes.append("Machines mostly idle: what they cost hangs on their number, not on the tokens.")
    return Section(
        f"{load.requests_per_day:,.0f} requests a day, peak {load.peak_to_mean:g} times the mean",
        (),
        tuple(rows),
        tuple(notes),
    )


def _training(one: Training) -> Section:
    rows = [
        ("operations", f"{one.flops:.2e}"),
        (f"hours of {one.device.name}", span(one.hours)),
        ("money", "no price known: --price-per-hour" if one.money is None else dollars(one.money)),
    ]
    if one.energy is not None:
        rows.append(("electricity", f"{span(one.energy.kwh * (1 / 1000))} MWh"))
        rows.append(("CO2", f"{span(one.energy.co2_kg * (1 / 1000))} t, at {span(one.energy.grid)} g a kWh"))
    return Section(f"Training from nothing on {short(one.tokens)} tokens", (), tuple(rows), (_TRAINED,))


def _tuning(one: Tuning, bill: Interval | None) -> Section:
    rows = (
        ("accelerators", f"{one.devices} x {one.device.name}, {size(one.memory.total)} GB on each"),
        ("numbers trained", short(one.trained)),
        ("hours that pass", span(one.wall)),
        ("money", "no price known: --price-per-hour" if bill is None else dollars(bill)),
    )
    return Section(f"Fine-tuning ({one.method})", (), rows)


def size(value: float) -> str:
    """Bytes as GB, with three digits."""
    return number(value / GB)


def number(value: float) -> str:
    """Three digits, thousands separated: ``0.0123``, ``4.56``, ``12,300``."""
    if value == 0:
        return "0"
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}"


def short(value: float) -> str:
    """``15T``, ``7.2B``, ``340M``, ``12.3k``."""
    for unit, mark in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= max(0.9995 * unit, 9999.5):
            return f"{value / unit:.3g}{mark}"
    return number(value)


def span(one: Interval) -> str:
    """``low-high``; one figure where they are the same."""
    low, high = number(one.low), number(one.high)
    return low if low == high else f"{low}-{high}"


def rate(one: Interval) -> str:
    """The same, thousands as ``12.3k``, for narrow columns."""
    low, high = (short(end) if end >= 9999.5 else number(end) for end in (one.low, one.high))
    return low if low == high else f"{low}-{high}"


def between(one: Interval) -> str:
    """Whole numbers: ``4 (3 to 6)``."""
    low, likely, high = (f"{round(end):,}" for end in (one.low, one.likely, one.high))
    return likely if low == high else f"{likely} ({low} to {high})"


def dollars(one: Interval) -> str:
    """``$12.30 ($8.10 to $19.00)``."""
    low, likely, high = (money(end) for end in (one.low, one.likely, one.high))
    return likely if low == high else f"{likely} ({low} to {high})"


def money(value: float) -> str:
    """USD; from a hundred thousand on with three digits: ``$9.37M``."""
    if value < 99_999.5:
        return figures.amount(value)
    return f"${short(value)}" if value >= 999_500 else f"${number(value)}"


def _shares(one: Interval) -> str:
    return f"{figures.percent(one.low)} to {figures.percent(one.high)}"
