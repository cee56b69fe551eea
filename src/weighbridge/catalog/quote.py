"""Today's price of a model, from what the sources say: which one counts, how old it is, and where they disagree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import msgspec

from weighbridge.catalog.naming import folded, vendor_and_model
from weighbridge.catalog.prices import Point, PriceBook, Row, Step, price_book
from weighbridge.evidence import Price

OLD = 120
"""Days after which a price is marked old, and within which two sources speak of the same time."""

RATES = ("input", "output", "cached", "cache_write", "reasoning", "batch", "request")


@dataclass(frozen=True, slots=True)
class Quote:
    """What a model costs today, as far as is known."""

    row: Row
    price: Price
    """Of several sources the dearest, part by part: a budget that holds with it holds whoever is right."""
    points: tuple[Point, ...]
    """What it rests on, the newest first."""
    seen: str
    """Date of the newest."""
    age: int
    """Days since then."""
    asked: str
    """The model as it was asked for; where it is not the row's own name, the price is that of another version."""

    @property
    def old(self) -> bool:
        """Whether it was read so long ago that it may have changed."""
        return self.age > OLD

    @property
    def spread(self) -> dict[str, tuple[float, float]]:
        """Lowest and highest value of the parts about which the sources disagree."""
        found = {}
        for name in ("input", "output", "cached", "cache_write", "reasoning", "request"):
            values = [value for point in self.points if (value := getattr(point, name)) is not None]
            if values and max(values) > min(values) * (1 + 1e-9):
                found[name] = (min(values), max(values))
        return found

    def words(self) -> str:
        """One line: the price, its source and date, its age where it is old, the range where sources disagree."""
        rates = [
            f"{getattr(self.price, f'{name}_per_million'):g} {name}"
            for name in ("input", "output")
            if getattr(self.price, f"{name}_per_million") is not None
        ]
        if self.price.per_request is not None:
            rates.append(f"{self.price.per_request:g} per request")
        text = (
            f"{' / '.join(rates)} per million tokens"
            if rates and self.price.per_request is None
            else ", ".join(rates)
        )
        by = ", ".join(dict.fromkeys(name for point in self.points for name in (point.source, *point.agreed)))
        said = f"{text} ({self.row.currency}, {self.row.id}, by {by}, {self.seen})"
        if folded(self.asked) not in {folded(name) for name in (self.row.model, *self.row.aliases)}:
            said += f"; taken for {self.asked}, which has no price of its own"
        if self.old:
            said += f"; old: read {self.age} days ago"
        if self.spread:
            ranges = ", ".join(f"{name} {low:g} to {high:g}" for name, (low, high) in self.spread.items())
            said += f"; sources disagree ({ranges}), the dearest counts"
        return said


def quote(
    spec: str, base_url: str | None = None, *, today: date | None = None, book: PriceBook | None = None
) -> Quote | None:
    """Today's price of the model a spec names; None where it is not known. Raises `UsageError` for a damaged file."""
    named = vendor_and_model(spec, base_url)
    if named is None:
        return None
    row = (book or price_book()).find(*named)
    return None if row is None else quote_of(row, named[1], today=today)


def quote_of(row: Row, asked: str | None = None, *, today: date | None = None) -> Quote | None:
    """Today's price by one row; None where none of its points is valid today."""
    today = today or date.today()
    points = current(row, today)
    if not points:
        return None
    newest = points[0].seen or ""
    return Quote(
        row=row,
        price=dearest(points).price(),
        points=points,
        seen=newest,
        age=(today - _day(newest)).days,
        asked=asked or row.model,
    )


def current(row: Row, today: date) -> tuple[Point, ...]:
    """The points that speak of today, newest first: the latest of each source, none past its time or overtaken."""
    day = today.isoformat()
    valid = [p for p in row.points if (p.since or "") <= day and (p.until is None or p.until > day)]
    valid.sort(key=lambda point: (point.since or "", point.seen or ""), reverse=True)
    latest: dict[str, Point] = {}
    for point in valid:
        latest.setdefault(point.source, point)
    # A price with a known beginning is news that points read before it cannot have heard of.
    begun = max((point.since for point in latest.values() if point.since), default="")
    heard = [point for point in latest.values() if point.since == begun or (point.seen or "") >= begun]
    heard.sort(key=lambda point: point.seen or "", reverse=True)
    if not heard:
        return ()
    newest = _day(heard[0].seen or "")
    return tuple(point for point in heard if (newest - _day(point.seen or "")).days <= OLD)


def dearest(points: tuple[Point, ...]) -> Point:
    """The highest of each part that any of the points states; tiers by where they begin."""

    def most(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return max(known) if known else None

    parts = {name: most([getattr(point, name) for point in points]) for name in RATES}
    begins = sorted({step.above for point in points for step in point.tiers})
    names = ("input", "output", "cached", "cache_write")
    steps = tuple(
        Step(
            above,
            **{
                name: most([getattr(step, name) for p in points for step in p.tiers if step.above == above])
                for name in names
            },
        )
        for above in begins
    )
    return msgspec.structs.replace(points[0], **parts, tiers=steps)


def _day(text: str) -> date:
    return date.fromisoformat((text + "-01-01")[:10])


def price_of(spec: str, base_url: str | None = None, currency: str = "USD") -> tuple[Price, str | None]:
    """A spec's price and where it comes from; an unknown price and None where no vendor states one in `currency`.

    Raises `UsageError` where the user's own file of prices is damaged.
    """
    found = quote(spec, base_url)
    if found is None or found.row.currency != currency:
        return Price(), None
    return found.price, found.words()
