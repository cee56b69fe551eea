"""What vendors charge for a model, by source and date; a user's own file comes before what is shipped."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from weighbridge.catalog.fact import Day, Source, real_day
from weighbridge.catalog.naming import folded, undated, vendor_named
from weighbridge.catalog.reading import as_type, read_bytes, shipped, tree_of
from weighbridge.errors import UsageError, nearest
from weighbridge.evidence import Price, Tier

Amount = Annotated[float, Meta(ge=0)]

VARIABLE = "WEIGHBRIDGE_PRICES"


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Prices of calls whose input is longer than `above` tokens."""

    above: Annotated[int, Meta(ge=1)]
    input: Amount | None = None
    output: Amount | None = None
    cached: Amount | None = None
    cache_write: Amount | None = None


class Point(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one source says a model costs. Tokens are priced per million."""

    source: str
    input: Amount | None = None
    output: Amount | None = None
    cached: Amount | None = None
    """Input read from the cache."""
    cache_write: Amount | None = None
    reasoning: Amount | None = None
    """Reasoning tokens, where they cost otherwise than the answer."""
    batch: Annotated[float, Meta(ge=0, le=1)] | None = None
    """Share of the price that a batched call costs."""
    request: Amount | None = None
    """Per request."""
    image: Amount | None = None
    """Per image in the input. Shown; vendors report images as input tokens, which is how they are billed here."""
    audio: Amount | None = None
    """Audio tokens in the input. Shown only."""
    tiers: tuple[Step, ...] = ()
    seen: Day | None = None
    """When it was read; the source's date where absent."""
    since: Day | None = None
    until: Day | None = None
    agreed: tuple[str, ...] = ()
    """Other sources that give the same figures, as far as they give any."""
    note: str | None = None

    def price(self) -> Price:
        """The same for reckoning with."""
        return Price(
            input_per_million=self.input,
            output_per_million=self.output,
            cached_per_million=self.cached,
            cache_write_per_million=self.cache_write,
            reasoning_per_million=self.reasoning,
            per_request=self.request,
            batch_share=self.batch,
            tiers=tuple(Tier(one.above, one.input, one.output, one.cached, one.cache_write) for one in self.tiers),
        )


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One model at one vendor."""

    vendor: str
    model: str
    points: Annotated[tuple[Point, ...], Meta(min_length=1)]
    aliases: tuple[str, ...] = ()
    currency: str = "USD"

    @property
    def id(self) -> str:
        """``vendor/model``."""
        return f"{self.vendor}/{self.model}"


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of prices."""

    sources: dict[str, Source]
    prices: tuple[Row, ...]


class PriceBook:
    """Prices by vendor and model."""

    def __init__(self, sources: dict[str, Source], rows: dict[str, Row]) -> None:
        """`rows` by id; a later file's rows are already in place of an earlier one's."""
        self.sources = sources
        self.rows = rows
        self._by_name: dict[tuple[str, str], Row] = {}
        for row in rows.values():
            for name in row.aliases:
                self._by_name.setdefault((row.vendor, folded(name)), row)
        for row in rows.values():
            self._by_name[row.vendor, folded(row.model)] = row

    def find(self, vendor: str, model: str) -> Row | None:
        """The row of a model; one with a date at its end is found under its own name first, then without it."""
        vendor = vendor_named(vendor)
        for name in (model, undated(model)):
            row = self._by_name.get((vendor, folded(name)))
            if row is not None:
                return row
        return None

    def named(self, name: str) -> list[Row]:
        """Every row that `name` means: ``vendor/model``, ``vendor:model`` or a model alone. Raises `UsageError`."""
        found = []
        for mark in (":", "/"):
            vendor, cut, model = name.partition(mark)
            row = self.find(vendor, model) if cut else None
            found += [row] if row is not None else []
        if not found:
            vendors = dict.fromkeys(row.vendor for row in self.rows.values())
            found = [row for vendor in vendors if (row := self.find(vendor, name)) is not None]
        if not found:
            names = [*self.rows, *(row.model for row in self.rows.values())]
            raise UsageError(
                f"no price is known of {name!r}",
                fix=f"{nearest(name, names)} (all: weighbridge prices list; more: weighbridge prices import FILE)",
            )
        return list(dict.fromkeys(found))


def user_file() -> Path:
    """Where a user's own prices are kept: WEIGHBRIDGE_PRICES, else the configuration folder."""
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "weighbridge" / "prices.json"


def read_prices(path: Path) -> Prices:
    """A user's file of prices. Raises `UsageError`."""
    return parsed(read_bytes(path), str(path))


def parsed(content: bytes, where: str) -> Prices:
    """Prices from a file's content; every point has a known source and a date."""
    prices = as_type(tree_of(content, where), Prices, where)
    for row in prices.prices:
        for point in row.points:
            _check(point, prices.sources, f"{where}: {row.id}")
    return prices


def _check(point: Point, sources: dict[str, Source], where: str) -> None:
    for name in (point.source, *point.agreed):
        if name not in sources:
            raise UsageError(
                f"a price names a source that is not in the file: {name!r}",
                where=where,
                fix=f"describe it under `sources`, with its date; {nearest(name, sources)}",
            )
    seen = point.seen or sources[point.source].date
    if seen is None or not all(real_day(day) for day in (seen, point.since, point.until) if day is not None):
        raise UsageError(
            "a price has no date" if seen is None else "a date of a price does not exist",
            where=where,
            fix="write `seen: 2026-08-05` at the price, or `date:` at its source",
        )


@cache
def shipped_prices() -> Prices:
    """The prices that come with the package."""
    return parsed(*shipped("prices.json"))


def price_book() -> PriceBook:
    """All prices known here: the user's file over the shipped one. Raises `UsageError` for a damaged user's file."""
    path = user_file()
    if path.is_file():
        stat = path.stat()
        return _book(str(path), stat.st_mtime_ns, stat.st_size)
    if os.environ.get(VARIABLE):
        raise UsageError(
            "the file of prices is not there",
            where=f"{VARIABLE}={path}",
            fix=f"make it with `weighbridge prices import FILE`, or unset {VARIABLE}",
        )
    return _book(None, 0, 0)


@cache
def _book(path: str | None, _changed: int, _size: int) -> PriceBook:
    """Points get their dates first: two files may hold copies of one source from different days."""
    rows: dict[str, Row] = {}
    sources: dict[str, Source] = {}
    for prices in (shipped_prices(), read_prices(Path(path)) if path else None):
        if prices is not None:
            rows |= {row.id: _dated(row, prices.sources) for row in prices.prices}
            sources |= prices.sources
    return PriceBook(sources, rows)


def _dated(row: Row, sources: dict[str, Source]) -> Row:
    points = (
        point if point.seen else msgspec.structs.replace(point, seen=sources[point.source].date)
        for point in row.points
    )
    return msgspec.structs.replace(row, points=tuple(points))
