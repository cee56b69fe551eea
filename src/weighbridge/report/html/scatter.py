"""Quality against cost, with the intervals of both; candidates of unknown cost stand apart, never at 0."""

from __future__ import annotations

from collections.abc import Sequence

from weighbridge.report import figures
from weighbridge.report.clean import cells, clean_line
from weighbridge.report.html import svg
from weighbridge.report.html.scale import Scale, positive_scale, share_scale
from weighbridge.report.html.series import Series, simple_frontier

LABELS = 24
"""More candidates than this keep their tooltips alone; on a phone a third as many."""

COVERED = 150.0
"""Square pixels of other labels and points that a label may cover; the tooltip and the table still name the point."""


def _costs(series: Sequence[Series]) -> list[float]:
    values: list[float] = []
    for one in series:
        values += [one.result.cost_per_1000 or 0.0, *(one.result.cost_interval or ())]
    return values


def _cost_scale(series: Sequence[Series], start: float, stop: float) -> tuple[Scale, float | None]:
    """The cost axis, and the place of free candidates where a logarithmic axis has none."""
    values = _costs(series)
    positive = [value for value in values if value > 0]
    free = len(positive) < len(values)
    spread = bool(positive) and max(positive) / min(positive) > 40
    if free and spread:
        return positive_scale(positive, start + 34, stop), start + 10
    return positive_scale(values, start, stop), None


def _label(
    x: float, y: float, name: str, taken: list[svg.Box], frame: svg.Box, aside: float
) -> tuple[float, float, str] | None:
    """A place for `name` near the point (x, y): x, baseline and anchor; None where it would cover too much."""
    length = cells(name) * svg.LETTER
    options = []
    for far in (0.0, 15.0):
        options += [
            (x + aside, y - 4 - far, "start"),
            (x - aside, y - 4 - far, "end"),
            (x + aside, y + 13 + far, "start"),
            (x - aside, y + 13 + far, "end"),
        ]
    best, least, chosen, covered = options[0], float("inf"), svg.Box(0, 0, 0, 0), 0.0
    for cost, (tx, ty, anchor) in enumerate(options):
        left = tx if anchor == "start" else tx - length
        box = svg.Box(left, ty - 10, left + length, ty + 3)
        hidden = sum(box.overlap(other) for other in taken)
        outside = max(0.0, frame.left - box.left) + max(0.0, box.right - frame.right)
        outside += max(0.0, frame.top - box.top) + max(0.0, box.bottom - frame.bottom)
        if (total := 4 * hidden + 400 * outside + 9 * cost) < least:
            best, least, chosen, covered = (tx, ty, anchor), total, box, hidden + 20 * outside
    if covered > COVERED:
        return None
    taken.append(chosen)
    return best


def _apart(places: dict[int, float], low: float, high: float) -> None:
    """Move points of equal cost a little aside, so that their intervals do not hide each other."""
    order = sorted(places, key=lambda place: (places[place], place))
    group: list[int] = []
    for place in [*order, -1]:
        if group and (place < 0 or places[place] - places[group[-1]] > 2):
            middle = sum(places[one] for one in group) / len(group)
            step = min(11.0, (high - low) / len(group))
            half = step * (len(group) - 1) / 2
            middle = min(max(middle, low + half), high - half)
            for rank, one in enumerate(group):
                places[one] = middle - half + step * rank
            group = []
        if place >= 0:
            group.append(place)


def _score_axis(scores: Scale, left: float, right: float) -> list[str]:
    parts = []
    for value in scores.ticks(5):
        y = scores(value)
        parts.append(svg.line(left, y, right, y, "grid"))
        parts.append(svg.text(left - 8, y + 4, f"{100 * value:.4g} %", "tick", "end"))
    return parts


def _cost_axis(scale: Scale, free: float | None, scores: Scale, foot: float, left: float, currency: str) -> list[str]:
    parts = []
    if free is not None:
        parts.append(svg.text(free, foot + 16, figures.amount(0.0, currency), "tick", "middle"))
        parts.append(svg.line(free + 12, foot, free + 12, scores.stop, "split"))
    for value in scale.ticks(5 if scale.stop - scale.start > 300 else 3):
        x = scale(value)
        parts.append(svg.line(x, foot, x, foot + 4, "axis"))
        parts.append(svg.text(x, foot + 16, figures.amount(value, currency), "tick", "middle"))
    parts.append(svg.line(left, foot, scale.stop, foot, "axis"))
    middle = (left + scale.stop) / 2
    log = ", logarithmic" if scale.log else ""
    parts.append(svg.text(middle, foot + 36, f"cost per 1,000 requests{log}", "title", "middle"))
    return parts


def _point(one: Series, x: float, scores: Scale, across: tuple[float, float] | None) -> str:
    result, y = one.result, scores(one.result.score or 0.0)
    low, high = result.interval or (result.score or 0.0, result.score or 0.0)
    parts = [svg.title(clean_line(f"{one.name}: {figures.percent(result.score)} ({figures.span(low, high)})"))]
    parts.append(svg.line(x, scores(low), x, scores(high), "whisker"))
    if across is not None:
        parts.append(svg.line(across[0], y, across[1], y, "whisker"))
    if one.chosen:
        parts.append(svg.tag("circle", cx=x, cy=y, r=10.0, class_="ring"))
    parts.append(svg.marker(x, y, result.side, "dot"))
    return svg.tag("g", "".join(parts), class_=f"point {one.colour}" + (" left" if result.out else ""))


def scatter(series: Sequence[Series], currency: str, alpha: float, width: float, class_: str) -> str:
    """The drawing at `width` pixels, or an empty string where nothing was scored."""
    scored = [one for one in series if one.result.score is not None]
    if not scored:
        return ""
    priced = [one for one in scored if one.result.cost_per_1000 is not None]
    apart = [one for one in scored if one.result.cost_per_1000 is None]
    roomy = width > 500
    limit = 26 if roomy else 15
    head, left, height = 18.0, 50.0, 430.0 if roomy else 340.0
    foot = height - 46
    strip = 0.0
    if apart:
        longest = max(cells(svg.short(one.name, limit)) for one in apart)
        strip = width - left if not priced else min(longest * svg.LETTER + 44, width * 0.36)
    edges = [v for one in scored for v in (one.result.interval or ())] + [one.result.score or 0.0 for one in scored]
    scores = share_scale(edges, foot, head)
    stop = width - strip - (14 if strip else 8)
    parts: list[str] = []
    places: dict[int, float] = {}
    scale, free = _cost_scale(priced, left + 8, stop)
    if apart:
        start = width - strip
        parts.append(
            svg.tag("rect", x=start, y=head - 12, width=strip, height=foot - head + 12, class_="apart", rx=6.0)
        )
    parts += _score_axis(scores, left, stop if priced else width)
    if priced:
        parts += _cost_axis(scale, free, scores, foot, left, currency)
        for one in priced:
            cost = one.result.cost_per_1000 or 0.0
            places[one.place] = free if free is not None and cost == 0 else scale(cost)
        line = simple_frontier([(places[one.place], scores(one.result.score or 0.0) * -1) for one in priced])
        steps = [
            point
            for (x, y), (to, _) in zip(line, [*line[1:], (stop, 0)], strict=True)
            for point in ((x, -y), (to, -y))
        ]
        parts.append(svg.path(steps, "frontier"))
        _apart(places, left + 6, stop - 2)
    if apart:
        start = width - strip
        parts.append(
            svg.tag("rect", x=start, y=head - 12, width=strip, height=foot - head + 12, class_="apart", rx=6.0)
        )
        parts.append(svg.text(start + strip / 2, foot + 16, "cost unknown", "title", "middle"))
        for rank, one in enumerate(apart):
            places[one.place] = (
                start + 16 + (strip - 32) * (rank + 0.5) / len(apart) if len(apart) > 1 else start + 18
            )
    parts.append(svg.text(0, 8, f"score, with its {figures.sureness(alpha)} interval", "title"))
    taken = [
        svg.Box(
            places[o.place] - 6,
            scores(o.result.score or 0.0) - 6,
            places[o.place] + 6,
            scores(o.result.score or 0.0) + 6,
        )
        for o in scored
    ]
    for one in reversed(scored):
        across = None
        if one in priced and one.result.cost_interval is not None and (one.result.cost_per_1000 or 0.0) > 0:
            across = (scale(one.result.cost_interval[0]), scale(one.result.cost_interval[1]))
        parts.append(_point(one, places[one.place], scores, across))
    edge = width - strip - 4 if strip else width
    for one in scored[: LABELS if roomy else LABELS // 3]:
        frame = svg.Box(edge if one in apart else left, head - 6, width if one in apart else edge, foot)
        name = svg.short(one.name, limit)
        aside = 13.0 if one.chosen else 9.0
        label = _label(places[one.place], scores(one.result.score or 0.0), name, taken, frame, aside)
        if label is not None:
            x, y, anchor = label
            parts.append(svg.text(x, y, name, "name strong" if one.chosen else "name", anchor))
    words = "; ".join(
        f"{o.name}: {figures.percent(o.result.score)} at {figures.amount(o.result.cost_per_1000, currency)}"
        for o in scored
    )
    return svg.figure(width, height, f"Quality against cost per 1,000 requests. {words}", parts, class_)
