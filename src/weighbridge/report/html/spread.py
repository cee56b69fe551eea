"""How latency and cost are distributed: a smoothed histogram per candidate, with its median and 95th percentile."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from weighbridge.report.clean import clean_line
from weighbridge.report.html import svg
from weighbridge.report.html.scale import Scale, positive_scale
from weighbridge.report.html.series import Series

Floats = NDArray[np.float64]

BINS = 72
ROW = 50.0


def shape(values: Floats, scale: Scale) -> list[tuple[float, float]]:
    """(place, height in [0, 1]) of a histogram of `values` along `scale`, smoothed by a binomial kernel."""
    edges = np.linspace(scale.start, scale.stop, BINS + 1)
    if scale.log:
        part = np.log(np.clip(values, scale.low, scale.high) / scale.low) / np.log(scale.high / scale.low)
    else:
        part = (np.clip(values, scale.low, scale.high) - scale.low) / (scale.high - scale.low)
    counts, _ = np.histogram(scale.start + part * (scale.stop - scale.start), bins=edges)
    smooth = counts.astype(float)
    for _ in range(2):
        smooth = np.convolve(smooth, [0.25, 0.5, 0.25], mode="same")
    top = smooth.max()
    used = np.flatnonzero(smooth > top * 0.002)
    first, last = max(0, int(used[0]) - 1), min(BINS - 1, int(used[-1]) + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    return [(float(middles[i]), float(smooth[i] / top)) for i in range(first, last + 1)]


def _row(
    one: Series, values: Floats, scale: Scale, y: float, width: float, read: Callable[[float], str], limit: int
) -> str:
    parts = [svg.title(clean_line(one.name)), svg.marker(6.0, y - 4, one.result.side, "dot", 4.0)]
    parts.append(svg.text(18, y, svg.short(one.name, limit), "name strong" if one.chosen else "name"))
    if len(values) == 0:
        parts.append(svg.text(width, y, "not known", "tick", "end"))
        return svg.tag("g", "".join(parts), class_=one.colour)
    p50, p95 = (float(v) for v in np.quantile(values, [0.5, 0.95]))
    base = y + 22
    parts.append(svg.text(width, y, f"{read(p50)} · {read(p95)}", "tick", "end"))
    parts.append(svg.line(scale.start, base, scale.stop, base, "grid"))
    if float(values.max() - values.min()) <= 1e-9 * max(1e-12, float(values.max())):
        parts.append(svg.marker(scale(p50), base, one.result.side, "dot"))
    else:
        outline = shape(values, scale)
        upper = [(x, base - 12 * h) for x, h in outline]
        parts.append(svg.path([*upper, *((x, base + 12 * h) for x, h in reversed(outline))], "violin", closed=True))
        parts.append(svg.line(scale(p50), base - 12, scale(p50), base + 12, "median"))
        parts.append(svg.line(scale(p95), base - 8, scale(p95), base + 8, "tail"))
    return svg.tag("g", "".join(parts), class_=one.colour)


def distributions(
    series: Sequence[Series],
    table: Floats,
    read: Callable[[float], str],
    label: str,
    width: float,
    class_: str,
) -> str:
    """One row per candidate from `table` (K, N), in which NaN is unknown; empty string where nothing is known."""
    rows: list[tuple[Series, Floats]] = []
    for one in series:
        values = table[one.column] if one.column is not None else np.empty(0)
        rows.append((one, values[np.isfinite(values)]))
    held = [values for _, values in rows if len(values)]
    if not held:
        return ""
    low = min(float(values.min()) for values in held)
    # One answer that hung for an hour must not squeeze all others into the first pixel.
    high = max(float(np.quantile(values, 0.995)) for values in held)
    low_shown = max(low, high / 5000) if low > 0 else low
    scale = positive_scale([low_shown, high], 1.0, width - 1)
    head = 26.0
    height = head + ROW * len(rows) + 26
    limit = 34 if width > 500 else 22
    parts = [svg.text(width, 10, "median · 95th percentile", "title", "end"), svg.text(0, 10, label, "title")]
    for place, (one, values) in enumerate(rows):
        parts.append(_row(one, values, scale, head + 10 + ROW * place, width, read, limit))
    foot = height - 22
    parts.append(svg.line(scale.start, foot, scale.stop, foot, "axis"))
    ticks = [value for value in scale.ticks(6 if width > 500 else 3) if 14 < scale(value) < width - 14]
    if not scale.log:
        parts.append(svg.text(0, foot + 16, read(0.0), "tick"))
    for value in ticks:
        parts.append(svg.line(scale(value), foot, scale(value), foot + 4, "axis"))
        parts.append(svg.text(scale(value), foot + 16, read(value), "tick", "middle"))
    words = "; ".join(
        f"{one.name}: median {read(float(np.median(values)))}" if len(values) else f"{one.name}: not known"
        for one, values in rows
    )
    return svg.figure(width, height, f"{label}. {words}", parts, class_)
