"""The page put together: one file that loads nothing, runs one script and may be mailed.

The content security policy admits exactly the inline style sheet and the inline script, by their hashes; whatever a
model wrote could not run even if it slipped through the escaping.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from weighbridge.decide.decision import Decision
from weighbridge.evidence import STATUS_CODES, Evidence
from weighbridge.report import figures
from weighbridge.report.clean import clean_line, clean_text
from weighbridge.report.demands import dimensions, marks, place_of
from weighbridge.report.fairness import LABELS, demanded, doubts
from weighbridge.report.html.curve import curve
from weighbridge.report.html.items import embedded, item_data
from weighbridge.report.html.matrix import SHOWN, matrix
from weighbridge.report.html.race import race
from weighbridge.report.html.scatter import scatter
from weighbridge.report.html.series import Series, lined_up
from weighbridge.report.html.spread import distributions
from weighbridge.report.terminal import CLAIMS, KINDS, REASONS, warned

WIDTHS = (("wide", 1130.0), ("medium", 700.0), ("narrow", 350.0))
"""Pixels at which every chart is drawn: text must not shrink with the screen, so a phone gets its own drawing."""

HALVES = (("wide", 530.0), ("medium", 560.0), ("narrow", 350.0))
"""The same for charts that stand in pairs."""

SCRIPTS = ("theme.js", "data.js", "filters.js", "list.js", "detail.js", "browser.js")


@cache
def _asset(name: str) -> str:
    return (files("weighbridge.report.html") / name).read_text(encoding="utf-8")


@cache
def script() -> str:
    """The page's one script: its files in order, in one strict scope."""
    return "(() => {\n'use strict';\n" + "\n".join(_asset(name) for name in SCRIPTS) + "\n})();\n"


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def policy(style: str, code: str) -> str:
    """The content security policy for exactly this style sheet and this script."""
    return (
        f"default-src 'none'; script-src {_hash(code)}; style-src {_hash(style)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _charts(series: list[Series], decision: Decision, evidence: Evidence | None) -> dict[str, str]:
    currency = decision.cost.currency

    def money(value: float) -> str:
        return figures.amount(value, currency)

    drawn = {
        "scatter": [scatter(series, currency, decision.alpha, width, name) for name, width in WIDTHS],
        "race": [race(series, decision, width, name) for name, width in WIDTHS],
        "latency": [],
        "cost": [],
    }
    if evidence is not None:
        per_1000 = evidence.cost * 1000
        for name, width in HALVES:
            drawn["latency"].append(
                distributions(series, evidence.latency, figures.seconds, "time to the last token", width, name)
            )
            drawn["cost"].append(distributions(series, per_1000, money, "cost of 1,000 such requests", width, name))
    return {name: "".join(versions) for name, versions in drawn.items()}


def _strip(one: Series, low: float, high: float) -> dict[str, float] | None:
    """Places in [0, 160] of the small interval drawn in the table."""
    score, interval = one.result.score, one.result.interval
    if score is None:
        return None

    def place(value: float) -> float:
        return round(4 + 152 * (value - low) / max(high - low, 1e-9), 1)

    ends = interval or (score, score)
    return {"low": place(ends[0]), "mid": place(score), "high": place(ends[1])}


def _rows(series: list[Series]) -> list[dict[str, Any]]:
    edges = [v for one in series for v in (*(one.result.interval or ()), one.result.score) if v is not None]
    low, high = (min(edges), max(edges)) if edges else (0.0, 1.0)
    rows = []
    for one in series:
        counts = {status.value: one.result.statuses.get(status.value, 0) for status in STATUS_CODES}
        rows.append(
            {
                "one": one,
                "result": one.result,
                "strip": _strip(one, low, high),
                "statuses": [(name, number) for name, number in counts.items() if number],
                "total": sum(counts.values()),
            }
        )
    return rows


def _json(evidence: Evidence | None, series: list[Series], decision: Decision) -> str:
    if evidence is None:
        return "null"
    return embedded(item_data(series, evidence, decision.cost.currency))


def _curves(decision: Decision) -> list[dict[str, Any]]:
    """The break-even plots, with what each says."""
    from markupsafe import Markup

    load = None if decision.requirements is None else decision.requirements.load
    now = None if load is None else load.requests_per_day
    drawn = []
    for one in decision.break_even:
        versions = "".join(curve(one, decision.cost.currency, now, width, name) for name, width in WIDTHS)
        drawn.append({"statement": one.statement, "drawing": Markup(versions)})  # noqa: S704 - escaped in `svg`
    return drawn


MOST_TOLD = 20_000
"""Characters of one prompt that are shown."""


def _told(series: list[Series], evidence: Evidence | None) -> list[dict[str, Any]]:
    """What each candidate was told, for those of which it is known, in reading order."""
    if evidence is None:
        return []
    columns = {column.name: column for column in evidence.columns}
    shown = []
    for one in series:
        column = columns.get(one.name)
        if column is None or not column.told:
            continue
        texts = [
            {
                "item": told.item,
                "text": clean_text(told.text, MOST_TOLD),
                "cut": max(0, len(told.text) - MOST_TOLD),
                "exact": told.exact,
                "continuations": [clean_text(text, 2_000) for text in told.continuations],
            }
            for told in column.told
        ]
        shown.append({"one": one, "how": column.answering, "texts": texts})
    return shown


def render_html(decision: Decision, evidence: Evidence | None = None) -> str:
    """One self-contained HTML page. Without `evidence` it lacks distributions and the browser of items."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    # The template is the project's own; autoescape keeps every value text, whatever it holds.
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["line"] = lambda text, limit=600: clean_line(str(text), limit)
    series = lined_up(decision, evidence)
    style, code = _asset("page.css"), script()
    charts = {name: Markup(drawing) for name, drawing in _charts(series, decision, evidence).items()}  # noqa: S704
    page = _asset("page.html.j2").replace("{# requirements #}", _asset("demands.html.j2"))
    return environment.from_string(page).render(
        decision=decision,
        dimensions=dimensions(decision) if len(dimensions(decision)) > 1 else [],
        marks=marks(decision),
        accepted=any(mark.accepted for _, cells in marks(decision) for mark in cells),
        place_of=place_of,
        curves=_curves(decision),
        verdict=decision.verdict,
        kind=KINDS[decision.verdict.kind].capitalize(),
        claim=CLAIMS[decision.claim],
        figures=figures,
        warnings=warned(decision),
        doubts=doubts(decision),
        fairness_labels=LABELS,
        demanded=demanded(decision),
        series=series,
        rows=_rows(series),
        matrix=matrix(series, decision, evidence),
        matrix_shown=SHOWN,
        reasons_shown=REASONS,
        sides_unknown=any(one.result.side == "unknown" for one in series),
        priced=any(one.result.cost_per_1000 is not None for one in series),
        charts=charts,
        evidence=evidence,
        told=_told(series, evidence),
        policy=policy(style, code),
        style=Markup(style),  # noqa: S704 - the project's own file
        code=Markup(code),  # noqa: S704 - the project's own files
        data=Markup(_json(evidence, series, decision)),  # noqa: S704 - every "<" is escaped by `embedded`
    )
