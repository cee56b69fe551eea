"""Bringing in a table of prices: which one it is, what it says, and the user's file with it in."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.catalog import litellm, llm_prices, models_dev
from weighbridge.catalog.fact import Source, real_day
from weighbridge.catalog.prices import Point, Prices, Row, read_prices
from weighbridge.catalog.reading import read_bytes, tree_of
from weighbridge.errors import UsageError

SOURCES = {
    litellm.NAME: Source(
        "LiteLLM, model_prices_and_context_window.json",
        licence="MIT",
        credit="Prices: LiteLLM (MIT), https://github.com/BerriAI/litellm",
    ),
    models_dev.NAME: Source(
        "models.dev, api.json", licence="MIT", credit="Prices: models.dev (MIT), https://models.dev"
    ),
    llm_prices.NAME: Source(
        "llm-prices, current or historical file",
        credit="Prices: Simon Willison's llm-prices, https://www.llm-prices.com",
    ),
}
FORMS = (
    "known are LiteLLM's model_prices_and_context_window.json, models.dev's api.json (or a CSV with provider, "
    "model_id, input_usd_per_mtok, output_usd_per_mtok) and llm-prices' current.json, historical.json or CSV"
)


@dataclass(frozen=True, slots=True)
class Imported:
    """What a table said."""

    prices: Prices
    """Of one source; every point is dated."""
    source: str
    date: str


def read_table(path: Path, day: str | None = None) -> Imported:
    """Read a table of prices as its publisher has it, packed with gzip or not.

    `day`: the date of the table; absent, the one it gives itself, else the day the file was last changed. Raises
    `UsageError` for a file that is no such table, or whose prices are none.
    """
    content = read_bytes(path)
    tree = _tree(content, path)
    if day is not None and not real_day(day):
        raise UsageError(f"{day!r} is no date", where="option --date", fix="write it as 2026-08-05")
    try:
        if litellm.recognised(tree):
            name, rows = litellm.NAME, list(litellm.rows_of(tree))
        elif models_dev.recognised(tree):
            name, rows = models_dev.NAME, list(models_dev.rows_of(tree))
        elif llm_prices.recognised(tree):
            name, rows = llm_prices.NAME, list(llm_prices.rows_of(tree))
            day = day or llm_prices.updated(tree)
        else:
            raise UsageError("this is no table of prices that is known here", where=str(path), fix=FORMS)
    except ValueError as error:
        raise UsageError(
            str(error), where=str(path), fix="mend that entry, or get the file anew from its publisher"
        ) from None
    if not rows:
        raise UsageError("the table holds no price of a text model", where=str(path), fix=FORMS)
    day = day or date.fromtimestamp(path.stat().st_mtime).isoformat()
    source = msgspec.structs.replace(SOURCES[name], date=day)
    dated = _once(_seen(row, day) for row in rows)
    return Imported(Prices({name: source}, tuple(dated.values())), name, day)


def merged(own: Prices | None, new: Imported) -> Prices:
    """`own` with what `new` says in place of what its source said before."""
    if own is None:
        return new.prices
    rows = {row.id: row for row in own.prices}
    others: dict[str, Row] = {}
    for name, row in rows.items():
        points = tuple(point for point in row.points if point.source != new.source)
        if points:
            others[name] = msgspec.structs.replace(row, points=points)
    for row in new.prices.prices:
        old = others.get(row.id)
        others[row.id] = row if old is None else msgspec.structs.replace(old, points=(*row.points, *old.points))
    return Prices(own.sources | new.prices.sources, tuple(others[name] for name in sorted(others)))


def import_table(path: Path, target: Path, day: str | None = None) -> Imported:
    """Read a table and write it into the user's file `target`, whole or not at all."""
    new = read_table(path, day)
    prices = merged(read_prices(target) if target.is_file() else None, new)
    encode = msgspec.json.encode
    lines = b",\n".join(encode(row) for row in prices.prices)
    sources = msgspec.json.format(encode(prices.sources), indent=1)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        beside = target.with_name(f".{target.name}.new")
        beside.write_bytes(b'{"sources": ' + sources + b',\n"prices": [\n' + lines + b"\n]}\n")
        beside.replace(target)
    except OSError as error:
        raise UsageError(
            f"the prices cannot be written: {error.strerror}", where=str(target), fix="name another file with --to"
        ) from None
    return new


def _tree(content: bytes, path: Path) -> Any:  # noqa: ANN401 - whatever the file holds
    head = content[:4096].partition(b"\n")[0]
    if content.lstrip()[:1] not in (b"{", b"[") and b"," in head:
        try:
            return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        except (UnicodeDecodeError, csv.Error) as error:
            raise UsageError(f"the file is no CSV: {error}", where=str(path), fix=FORMS) from None
    return tree_of(content, str(path))


def _seen(row: Row, day: str) -> Row:
    return msgspec.structs.replace(
        row, points=tuple(msgspec.structs.replace(point, seen=day) for point in row.points)
    )


def _once(rows: Iterable[Row]) -> dict[str, Row]:
    """One row per model; where a table lists one twice, the dearer entry, so that no bill is reckoned too low."""

    def weight(points: tuple[Point, ...]) -> float:
        return max((point.input or 0.0) + (point.output or 0.0) for point in points)

    found: dict[str, Row] = {}
    for row in rows:
        old = found.get(row.id)
        if old is None or weight(row.points) > weight(old.points):
            found[row.id] = row
    return found
