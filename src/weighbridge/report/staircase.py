"""Break-even of hosting against paying by the call: the sentence, and the curve in characters."""

from __future__ import annotations

import math

from weighbridge.report.size_words import dollars, money, number, short
from weighbridge.sizing.breakeven import BreakEven, Crossing
from weighbridge.sizing.calls import DAYS

HEIGHT = 12


def sentences(one: BreakEven, named: str) -> list[str]:
    """From which volume hosting is cheaper than `named`, and which is today."""
    now = one.now
    today = {
        "own": "hosting is cheaper",
        "calls": "paying by the call is cheaper",
        "open": "which is cheaper is open, for the band holds both",
    }[one.cheaper()]
    said = [f"At this load {today}: {dollars(now.own)} a month against {money(now.by_call)}."]
    first, lasting = crossing_text(one.first), crossing_text(one.lasting)
    if one.first.low is None:
        said.append(f"Hosting is cheaper than {named} at no volume with this machine: each token costs more.")
    elif one.first.likely is not None and one.first.likely == one.lasting.likely and first != lasting:
        far = "never" if one.lasting.high is None else f"only from {short(one.lasting.high)} on"
        said.append(
            f"Hosting is cheaper from {first} requests a month on; at the dear end of the band {far} for good, as "
            "each further machine makes it dearer again for a while."
        )
    elif first == lasting:
        said.append(f"Hosting is cheaper from {first} requests a month on.")
    else:
        said.append(
            f"Hosting is cheaper for the first time at {first} requests a month, and stays so from {lasting} on: "
            "in between, each further machine makes it dearer again for a while."
        )
    return [*said, *(f"{note[0].upper()}{note[1:]}." for note in one.by_call.notes)]


def crossing_text(one: Crossing) -> str:
    """``3.1M (2.1M to 6.8M)``; ``never`` where there is none at an end."""
    likely = "no volume" if one.likely is None else short(one.likely)
    low = "never" if one.low is None else short(one.low)
    high = "never" if one.high is None else short(one.high)
    return likely if low == high else f"{likely} ({low} to {high})"


def plot(one: BreakEven, width: int) -> list[str]:
    """Both bills over the volume, axes logarithmic: ``#`` likely bill of hosting, ``:`` its band, ``*`` calls."""
    low, high = one.points[0].requests, one.points[-1].requests
    room = max(20, min(width, 100) - 12)
    columns = [one.at(low * (high / low) ** (step / (room - 1))) for step in range(room)]
    bills = [bill for point in columns for bill in (point.own.low, point.own.high, point.by_call) if bill > 0]
    bottom, top = math.log(min(bills)), math.log(max(bills))
    if top - bottom < 1e-9:
        top = bottom + 1
    grid = [[" "] * room for _ in range(HEIGHT)]

    def row(bill: float) -> int:
        part = (math.log(max(bill, min(bills))) - bottom) / (top - bottom)
        return HEIGHT - 1 - round(part * (HEIGHT - 1))

    for x, point in enumerate(columns):
        for y in range(row(point.own.high), row(point.own.low) + 1):
            grid[y][x] = ":"
        grid[row(point.own.likely)][x] = "#"
        grid[row(point.by_call)][x] = "*"
    lines = []
    for y, cells in enumerate(grid):
        value = math.exp(top - (top - bottom) * y / (HEIGHT - 1))
        label = money(float(f"{value:.2g}")) if y in (0, HEIGHT // 2, HEIGHT - 1) else ""
        lines.append(f"{label:>9} |{''.join(cells).rstrip()}")
    lines.append(f"{'':9} +{'-' * room}")
    ends = f"{short(low)}", f"{short(high)}"
    middle = "requests a month"
    gap = room - len(ends[0]) - len(ends[1])
    lines.append(f"{'':11}{ends[0]}{middle:^{gap}}{ends[1]}")
    lines.append(f"{'':11}# hosting, likely   : its band   * by the call   (axes logarithmic)")
    return lines


def table(one: BreakEven, about: int = 8) -> list[tuple[str, ...]]:
    """Some points of the curve: requests a month and a day, machines, hosting, by the call."""
    low, high = one.points[0].requests, one.points[-1].requests
    rows: list[tuple[str, ...]] = []
    for step in range(about):
        point = one.at(low * (high / low) ** (step / (about - 1)))
        rows.append(
            (
                short(point.requests),
                number(point.requests / DAYS),
                _ends(f"{point.machines.low:,.0f}", f"{point.machines.high:,.0f}"),
                money(point.own.likely),
                _ends(money(point.own.low), money(point.own.high)),
                money(point.by_call),
            )
        )
    return rows


def _ends(low: str, high: str) -> str:
    return low if low == high else f"{low} to {high}"
