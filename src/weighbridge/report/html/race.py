"""The race: each candidate's mean with its confidence band against the items drawn, and where it left."""

from __future__ import annotations

import math
from collections.abc import Sequence

from weighbridge.decide.decision import Decision, TracePoint
from weighbridge.report import figures
from weighbridge.report.clean import cells, clean_line
from weighbridge.report.html import svg
from weighbridge.report.html.scale import Scale, share_scale
from weighbridge.report.html.series import Series

POINTS = 160
"""More looks than this are thinned; the eye sees no more."""

CROWD, BANDS = 6, 3
"""With more candidates than the first only so many bands are filled; the others show under the pointer."""


def thinned(trace: Sequence[TracePoint]) -> list[TracePoint]:
    """At most `POINTS` looks, evenly over the items drawn, the first and the last among them."""
    points = [point for point in trace if point.items > 0]
    if len(points) <= POINTS:
        return points
    most = points[-1].items
    kept: list[TracePoint] = []
    for point in points:
        if not kept or point.items - kept[-1].items >= most / POINTS:
            kept.append(point)
    return kept if kept[-1] is points[-1] else [*kept, points[-1]]


def _lane(one: Series, points: Sequence[TracePoint]) -> list[tuple[int, float, float, float]]:
    """(items, low, mean, high) while the candidate was in the race."""
    lane = []
    last = one.result.out_at if one.result.out_at is not None else math.inf
    for point in points:
        if one.index >= len(point.score):
            break
        mean, low, high = point.score[one.index], point.low[one.index], point.high[one.index]
        if mean is None or point.items > last:
            break
        lane.append((point.items, mean if low is None else low, mean, mean if high is None else high))
        if not point.alive[one.index]:
            break
    result = one.result
    if result.out_at is not None and result.score is not None and lane and lane[-1][0] < result.out_at:
        # The trace keeps some of the looks only; a candidate's last one is known from its result.
        low, high = result.interval or (result.score, result.score)
        lane.append((result.out_at, low, result.score, high))
    return lane


def _scores(lanes: Sequence[Sequence[tuple[int, float, float, float]]], foot: float, head: float) -> Scale:
    """The score axis: wide first bands are left to run out of the picture, so that the end can be read."""
    most = max(lane[-1][0] for lane in lanes if lane)
    values = [
        value
        for lane in lanes
        for items, low, mean, high in lane
        if items >= most * 0.12
        for value in (low, mean, high)
    ]
    values += [value for lane in lanes if lane for value in lane[-1][2:3]]
    return share_scale(values, foot, head)


def _axes(items: Scale, scores: Scale, foot: float) -> list[str]:
    parts = []
    for value in scores.ticks(5):
        y = scores(value)
        parts.append(svg.line(items.start, y, items.stop, y, "grid"))
        parts.append(svg.text(items.start - 8, y + 4, f"{100 * value:.4g} %", "tick", "end"))
    for value in items.ticks(5 if items.stop - items.start > 300 else 3):
        x = items(value)
        parts.append(svg.line(x, foot, x, foot + 4, "axis"))
        parts.append(svg.text(x, foot + 16, figures.count(value), "tick", "middle"))
    parts.append(svg.line(items.start, foot, items.stop, foot, "axis"))
    parts.append(svg.text((items.start + items.stop) / 2, foot + 36, "items drawn", "title", "middle"))
    return parts


def _line(
    one: Series, lane: Sequence[tuple[int, float, float, float]], items: Scale, scores: Scale, band: bool
) -> str:
    above = [(items(n), scores(high)) for n, _, _, high in lane]
    below = [(items(n), scores(low)) for n, low, _, _ in lane]
    parts = [svg.title(clean_line(one.name))]
    if len(lane) > 1:
        parts.append(svg.path([*above, *reversed(below)], "band" if band else "band faint", closed=True))
        parts.append(svg.path([(items(n), scores(mean)) for n, _, mean, _ in lane], "mean"))
    x, y = items(lane[-1][0]), scores(lane[-1][2])
    if one.result.out is not None:
        parts.append(svg.line(x - 4, y - 4, x + 4, y + 4, "cross"))
        parts.append(svg.line(x - 4, y + 4, x + 4, y - 4, "cross"))
    else:
        parts.append(svg.marker(x, y, one.result.side, "dot", 4.0))
    return svg.tag("g", "".join(parts), class_=f"lane {one.colour}")


def race(series: Sequence[Series], decision: Decision, width: float, class_: str) -> str:
    """The drawing at `width` pixels, or an empty string where there were fewer than two looks."""
    points = thinned(decision.trace)
    if len(points) < 2:
        return ""
    lanes = {one.place: _lane(one, points) for one in series}
    shown = [one for one in series if lanes[one.place]]
    if not shown:
        return ""
    roomy = width > 500
    limit = 24 if roomy else 12
    labels = {
        one.place: svg.short(one.name, limit) + (f" ×{figures.count(one.result.out_at)}" if one.result.out_at else "")
        for one in shown
    }
    gutter = min(max(cells(label) for label in labels.values()) * svg.LETTER + 20, width * 0.42)
    head, left = 20.0, 50.0
    height = max(430.0 if roomy else 340.0, 15.0 * len(shown) + 80)
    foot = height - 46
    items = Scale(0.0, float(max(point.items for point in points)), left, width - gutter)
    scores = _scores([lanes[one.place] for one in shown], foot, head)
    clip = f"clip-{class_}"
    frame = svg.tag("rect", x=left, y=head - 6, width=items.stop - left + 6, height=foot - head + 6)
    parts = [svg.tag("clipPath", frame, id=clip), *_axes(items, scores, foot)]
    sure = figures.sureness(decision.alpha)
    parts.append(svg.text(0, 8, f"mean score, with its {sure} band; × left the race", "title"))
    drawn = [
        _line(one, lanes[one.place], items, scores, len(shown) <= CROWD or rank < BANDS)
        for rank, one in enumerate(shown)
    ]
    parts.append(svg.tag("g", "".join(reversed(drawn)), clip_path=f"url(#{clip})"))
    ends = [scores(lanes[one.place][-1][2]) for one in shown]
    for one, end, y in zip(shown, ends, spread_labels(ends, head, foot), strict=True):
        x = items(lanes[one.place][-1][0])
        parts.append(svg.path([(x + 6, end), (items.stop + 2, end), (items.stop + 10, y)], f"lead {one.colour}"))
        parts.append(svg.text(items.stop + 13, y + 4, labels[one.place], "name strong" if one.chosen else "name"))
    words = "; ".join(
        f"{one.name} {figures.percent(lanes[one.place][-1][2])} after {figures.count(lanes[one.place][-1][0])}"
        for one in shown
    )
    return svg.figure(width, height, f"The race over the items drawn. {words}", parts, class_)


def spread_labels(ends: Sequence[float], head: float, foot: float) -> list[float]:
    """Heights of the labels at the right, 14 pixels apart."""
    return svg.spread(ends, 14.0, head, foot)
