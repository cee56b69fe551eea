"""The requirement matrix, the frontier, the flip points and the break-even plot, in a terminal and on the page."""

from __future__ import annotations

import io
import re
from datetime import date
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from weighbridge.api.again import decide_again
from weighbridge.api.kept import kept_report
from weighbridge.cli.decide import _demanded
from weighbridge.decide import Decision
from weighbridge.decide.counsel import BreakEven, BreakEvenPoint
from weighbridge.evidence import Requirements
from weighbridge.report.demands import dimensions, flip_lines, marks, matrix_lines
from weighbridge.report.html import render_html
from weighbridge.report.html.curve import curve
from weighbridge.report.terminal import render

PROFILES = Path(__file__).resolve().parents[2] / "examples" / "profiles"
HOSTILE = "</script><img src=x onerror=alert(1)>\u202e{{ 7*7 }}"


@pytest.fixture(scope="module")
def decision() -> Decision:
    kept = kept_report(PROFILES / "evidence.json")
    needed, _ = _demanded(kept, str(PROFILES / "startup.yaml"), ("continuity.months=12", "accept_unknown=continuity"))
    return decide_again(kept, needed, today=date(2026, 11, 21))


@pytest.fixture(scope="module")
def page(decision: Decision) -> str:
    return render_html(decision, decision.evidence)


def printed(decision: Decision, width: int = 80) -> str:
    out = io.StringIO()
    render(decision, Console(file=out, width=width, highlight=False))
    return out.getvalue()


def test_the_matrix_has_everybody_and_everything(decision: Decision) -> None:
    assert dimensions(decision) == ["quality", "cost", "latency", "licence", "data", "continuity"]
    cells = dict(marks(decision))
    assert set(cells) == {result.name for result in decision.candidates}
    words = {name: [mark.word for mark in row] for name, row in cells.items()}
    assert words["closed large"][1] == "no"
    assert "?*" in words["EU vendor"], "unknown, and taken as a risk"
    text = printed(decision)
    assert "?: not known, and never taken for yes; *: not known, and taken as a risk" in " ".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 120])
def test_nothing_is_wider_than_the_terminal(decision: Decision, width: int) -> None:
    lines = printed(decision, width).splitlines()
    assert max(map(len, lines)) <= width
    assert "Who meets what" in "\n".join(lines)
    assert "Where it flips" in "\n".join(lines)


def test_one_demand_needs_no_matrix() -> None:
    kept = kept_report(PROFILES / "evidence.json")
    one = decide_again(kept, Requirements(cost_per_1000=1.0), search=False)
    assert matrix_lines(one, 80) == []
    assert flip_lines(one) == []


def test_the_page_shows_matrix_frontier_flips_and_curves(decision: Decision, page: str) -> None:
    for anchor in ('id="requirements"', 'id="frontier"', 'id="flips"', 'href="#flips"'):
        assert anchor in page
    assert page.count('class="matrix demands"') == 2
    for point in decision.flips:
        assert point.statement.split(":")[0] in page.replace("&#39;", "'").replace("&amp;", "&")
    assert page.count("break-even") >= len(decision.break_even)
    assert re.search(r"<figure class=\"card break-even\">.*?<svg", page, re.S)
    assert "style=" not in page.split("</style>", 1)[1], "the page's policy forbids it"


def test_hostile_names_are_text(decision: Decision) -> None:
    names = [result.name for result in decision.candidates]

    def spoilt(value: object) -> object:
        if isinstance(value, str):
            return value.replace(names[0], HOSTILE)
        if isinstance(value, dict):
            return {spoilt(key): spoilt(part) for key, part in value.items()}
        return [spoilt(part) for part in value] if isinstance(value, list) else value

    tree = spoilt(msgspec.to_builtins(decision))
    hostile = msgspec.convert(tree, Decision)
    page = render_html(hostile)
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "\u202e" not in printed(hostile)


def test_a_curve_is_drawn_at_every_width() -> None:
    points = [BreakEvenPoint(10.0 * 2**n, (500.0, 700.0, 1400.0), 1.5 * 10 * 2**n) for n in range(12)]
    one = BreakEven("mine", "theirs", 467.0, (333.0, 933.0), points, "Hosting pays from 467 on.")
    for width in (350.0, 700.0, 1130.0):
        drawn = curve(one, "USD", 100.0, width, "wide")
        assert drawn.count("<path") == 3
        places = [float(x) for x in re.findall(r'[MLx12 "]x?="?(\d+\.?\d*)', drawn)]
        assert places
        assert "467 a day" in drawn
        assert "NaN" not in drawn
    assert curve(msgspec.structs.replace(one, points=[]), "USD", None, 350.0, "wide") == ""
    free = msgspec.structs.replace(one, points=[BreakEvenPoint(1.0, (0.0, 0.0, 0.0), 0.0)] * 3)
    assert curve(free, "USD", None, 350.0, "wide") == ""
