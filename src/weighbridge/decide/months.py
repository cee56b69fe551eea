"""Money per month under the load that is stated, by candidate: one's own machines, or paid by the call."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.decide.hosting import DAYS, Plants
from weighbridge.decide.terms import Terms
from weighbridge.decide.words import money
from weighbridge.evidence import Evidence, Finding, Load, Met


@dataclass(frozen=True, slots=True)
class Month:
    """What a candidate costs in a month."""

    span: tuple[float, float, float] | None
    """Least, likeliest, most; None where it is not known."""
    says: str
    """How it was reckoned, or why it is not known."""
    plants: Plants | None = None
    """The machines that can serve it, where it is one's own hosting."""
    sources: tuple[str, ...] = ()


def month_of(
    evidence: Evidence, k: int, terms: Terms, load: Load, cost: tuple[float, float, float] | None, factor: float = 1.0
) -> Month:
    """Money per month of candidate `k` under `load`.

    `cost`: money per 1,000 requests as measured, least, likeliest and most; it counts for whatever is paid by the
    call, and for one's own hosting where nothing better is known. `factor` is by how much its price is other.
    """
    subject = terms.subject(evidence.columns[k])
    reason = ""
    if subject.hosting == "own" and not subject.rule and terms.currency == "USD":
        machines = terms.requirements.hardware
        plants = terms.audits.plants(
            subject, load, machines, (_mean(evidence.tokens_in, k), _mean(evidence.tokens_out, k))
        )
        if isinstance(plants, Plants):
            plant = plants.at(load.requests_per_day, load.peak_to_mean)
            low, likely, high = plant.month(load.requests_per_day, load.peak_to_mean)
            span = (low * factor, likely * factor, high * factor)
            needed = load.requests_per_day * load.peak_to_mean / 86_400
            says = f"{plant.machines(needed, plant.rate[1])} machines of {plant.machine}, one of them to spare"
            return Month(span, says, plants, plant.sources)
        reason = f"; of hosting it oneself nothing is known: {plants}"
    if cost is None:
        return Month(None, f"its cost per request is not known{reason}")
    volume = load.requests_per_day * DAYS / 1000
    low, likely, high = (value * volume for value in cost)
    return Month((low, likely, high), f"{money(cost[1], terms.currency)} per 1,000 requests{reason}")


def month_finding(name: str, month: Month, limit: float, load: Load, currency: str) -> Finding:
    """Whether a candidate keeps the limit on money per month."""
    volume = f"{load.requests_per_day:,.0f} requests per day"
    if month.span is None:
        return Finding(
            "cost",
            "unknown",
            f"{name}: {month.says}, and so neither is its cost per month at {volume}",
            candidate=name,
            limit=limit,
            would_change="meets if it costs no more; state a `price:` for it, or the tokens under `load`",
        )
    low, likely, high = month.span
    met: Met = "met" if high <= limit else "not met" if low > limit else "unknown"
    span = f", between {money(low, currency)} and {money(high, currency)}" if high - low > 1e-9 * high else ""
    change = {
        "met": f"a limit below {money(high, currency)}, or more requests",
        "not met": f"a limit of at least {money(high, currency)}, a lower price or fewer requests",
        "unknown": f"meets if it costs no more than {money(limit, currency)}: the interval holds the limit",
    }[met]
    statement = (
        f"{name}: {money(likely, currency)} per month{span} at {volume} ({month.says}); the limit is "
        f"{money(limit, currency)}"
    )
    return Finding(
        "cost",
        met,
        statement,
        candidate=name,
        value=likely,
        interval=(low, high),
        limit=limit,
        evidence=month.sources,
        would_change=change,
    )


def _mean(table: object, k: int) -> float | None:
    import numpy as np

    values = np.asarray(table)[k]
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None
