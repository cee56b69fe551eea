"""The break-even plot: money per month of one's own machines and of paying by the call, over the volume."""

from __future__ import annotations

from weighbridge.decide.counsel import BreakEven
from weighbridge.report import figures
from weighbridge.report.html import svg
from weighbridge.report.html.scale import Scale


def curve(one: BreakEven, currency: str, now: float | None, width: float, class_: str) -> str:
    """The drawing at `width` pixels; both axes are logarithmic. `now`: the volume that is stated."""
    bills = [bill for point in one.points for bill in (*point.own, point.api) if bill > 0]
    if len(one.points) < 2 or not bills:
        return ""
    roomy = width > 500
    left, head, height = 66.0, 30.0, 330.0 if roomy else 290.0
    foot = height - 46
    volumes = [point.requests_per_day for point in one.points]
    across = Scale(volumes[0], volumes[-1], left, width - 8, log=True)
    up = Scale(min(bills) / 1.2, max(bills) * 1.2, foot, head, log=True)
    parts = [svg.text(0, 10, f"money per month, {currency}", "title")]
    for value in up.ticks(5):
        y = up(value)
        parts.append(svg.line(left, y, width - 8, y, "grid"))
        parts.append(svg.text(left - 8, y + 4, figures.amount(value, currency), "tick", "end"))
    for value in across.ticks(6 if roomy else 3):
        x = across(value)
        parts.append(svg.line(x, foot, x, foot + 4, "axis"))
        parts.append(svg.text(x, foot + 16, f"{value:,.0f}", "tick", "middle"))
    parts.append(svg.line(left, foot, width - 8, foot, "axis"))
    parts.append(svg.text((left + width - 8) / 2, foot + 36, "requests per day, logarithmic", "title", "middle"))
    least = [(across(p.requests_per_day), up(p.own[0])) for p in one.points]
    most = [(across(p.requests_per_day), up(p.own[2])) for p in one.points]
    own = [(across(p.requests_per_day), up(p.own[1])) for p in one.points]
    api = [(across(p.requests_per_day), up(p.api)) for p in one.points]
    parts.append(svg.tag("g", svg.path([*least, *reversed(most)], "band", closed=True), class_="s0"))
    parts.append(svg.tag("g", svg.path(own, "curve"), class_="s0"))
    parts.append(svg.tag("g", svg.path(api, "curve api"), class_="s1"))
    if now is not None and volumes[0] <= now <= volumes[-1]:
        x = across(now)
        parts.append(svg.line(x, head, x, foot, "split"))
        parts.append(svg.text(x + 5, head + 10, "today", "tick"))
    if one.requests_per_day is not None:
        near = min(one.points, key=lambda p: abs(p.requests_per_day - (one.requests_per_day or 0)))
        x, y = across(one.requests_per_day), up(near.api)
        parts.append(svg.tag("g", svg.tag("circle", cx=x, cy=y, r=6.0, class_="ring"), class_="s1"))
        ends = width - 8 - x < 190
        label = f"{one.requests_per_day:,.0f} a day"
        parts.append(svg.text(x + (-11 if ends else 11), y + 16, label, "name strong", "end" if ends else "start"))
    limit = 30 if roomy else 20
    parts.append(
        svg.tag("g", svg.line(left + 8, head + 2, left + 28, head + 2, "curve"), class_="s0")
        + svg.text(left + 34, head + 6, f"{svg.short(one.own, limit)}, hosted oneself", "name")
    )
    parts.append(
        svg.tag("g", svg.line(left + 8, head + 20, left + 28, head + 20, "curve api"), class_="s1")
        + svg.text(left + 34, head + 24, f"{svg.short(one.api, limit)}, by the call", "name")
    )
    return svg.figure(width, height, f"Break-even. {one.statement}", parts, class_)
