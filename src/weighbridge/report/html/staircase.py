"""The break-even plot over monthly volume: hosting as a staircase with its band, calls as a line."""

from __future__ import annotations

from weighbridge.report.html import svg
from weighbridge.report.html.scale import Scale
from weighbridge.report.size_words import money, short
from weighbridge.report.staircase import crossing_text
from weighbridge.sizing.breakeven import BreakEven


def staircase(one: BreakEven, named: str, width: float, class_: str) -> str:
    """The drawing at `width` pixels; both axes are logarithmic. Empty where there is nothing to draw."""
    bills = [bill for point in one.points for bill in (point.own.low, point.own.high, point.by_call) if bill > 0]
    if len(one.points) < 2 or not bills:
        return ""
    roomy = width > 500
    left, head, height = 62.0, 74.0, 390.0 if roomy else 350.0
    foot, right = height - 46, width - 12
    least = min(bills)
    across = Scale(one.points[0].requests, one.points[-1].requests, left, right, log=True)
    up = Scale(least / 1.2, max(bills) * 1.2, foot, head, log=True)
    parts = [svg.text(0, 12, "money a month, USD", "title")]
    for value in up.ticks(5):
        parts.append(svg.line(left, up(value), right, up(value), "grid"))
        parts.append(svg.text(left - 8, up(value) + 4, money(value), "tick", "end"))
    for value in across.ticks(6 if roomy else 3):
        parts.append(svg.line(across(value), foot, across(value), foot + 4, "axis"))
        parts.append(svg.text(across(value), foot + 18, short(value), "tick", "middle"))
    parts.append(svg.line(left, foot, right, foot, "axis"))
    parts.append(svg.text((left + right) / 2, foot + 38, "requests a month, logarithmic", "title", "middle"))
    low = [(across(p.requests), up(max(p.own.low, least))) for p in one.points]
    high = [(across(p.requests), up(max(p.own.high, least))) for p in one.points]
    likely = [(across(p.requests), up(max(p.own.likely, least))) for p in one.points]
    called = [(across(p.requests), up(max(p.by_call, least))) for p in one.points]
    parts.append(svg.tag("g", svg.path([*low, *reversed(high)], "band", closed=True), class_="s0"))
    parts.append(svg.tag("g", svg.path(likely, "curve"), class_="s0"))
    parts.append(svg.tag("g", svg.path(called, "curve api"), class_="s1"))
    parts += _marks(one, across, up, head, foot, right)
    limit = 36 if roomy else 22
    own = svg.short(f"{one.own.hosting.rates.fit.count} x {one.own.hosting.rates.fit.device.name}", limit)
    for place, (words, look, colour) in enumerate(
        (
            (f"hosting on {own}, with its band", "curve", "s0"),
            (f"{svg.short(named, limit)}, by the call", "curve api", "s1"),
        )
    ):
        y = 34.0 + 18 * place
        parts.append(svg.tag("g", svg.line(left, y - 4, left + 22, y - 4, look), class_=colour))
        parts.append(svg.text(left + 30, y, words, "name"))
    label = f"Break-even: hosting is cheaper than {named} from {crossing_text(one.first)} requests a month"
    return svg.figure(width, height, label, parts, class_)


def _marks(one: BreakEven, across: Scale, up: Scale, head: float, foot: float, right: float) -> list[str]:
    """The load as stated, and the likely first crossing."""
    parts = []
    x = across(one.now.requests)
    end = right - x < 60
    parts.append(svg.line(x, head, x, foot, "split"))
    parts.append(svg.text(x + (-5 if end else 5), head + 4, "this load", "tick", "end" if end else "start"))
    if one.first.likely:
        x, y = across(one.first.likely), up(one.by_call.month(one.first.likely))
        end = right - x < 110
        parts.append(svg.tag("g", svg.tag("circle", cx=x, cy=y, r=6.0, class_="ring"), class_="s1"))
        words = short(one.first.likely)
        parts.append(svg.text(x + (-11 if end else 11), y + 18, words, "name strong", "end" if end else "start"))
    return parts
