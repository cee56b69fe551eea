"""What is found out about prompts, as one file that loads nothing and runs nothing."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from weighbridge.report import figures
from weighbridge.report.clean import clean_line, clean_text
from weighbridge.report.html.page import policy
from weighbridge.report.html.series import COLOURS
from weighbridge.report.sensitivity import LABELS
from weighbridge.report.terminal import KINDS, SIMULATED, status_note
from weighbridge.variants.result import CandidateSpread, Sensitivity
from weighbridge.variants.words import difference

LONGEST = 20_000
"""Characters of a prompt that are shown."""


@cache
def _asset(name: str) -> str:
    return (files("weighbridge.report.html") / name).read_text(encoding="utf-8")


def render_sensitivity(found: Sensitivity) -> str:
    """One self-contained HTML page without a script; everything that a model or a user wrote is escaped."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["line"] = lambda text, limit=600: clean_line(str(text), limit)
    style = _asset("page.css")
    edges = [v for one in found.candidates for v in _edges(one)]
    low, high = (min(edges), max(edges)) if edges else (0.0, 1.0)
    return environment.from_string(_asset("sensitivity.html.j2")).render(
        found=found,
        label=LABELS[found.survival].capitalize(),
        kinds=KINDS,
        figures=figures,
        difference=difference,
        warnings=([SIMULATED] if found.simulated else []) + found.warnings,
        tables=[_table(one, low, high, place) for place, one in enumerate(found.candidates)],
        prompts={name: clean_text(text, LONGEST) for name, text in found.prompts.items()},
        policy=policy(style, ""),
        style=Markup(style),  # noqa: S704 - the project's own file
    )


def _edges(spread: CandidateSpread) -> list[float]:
    return [v for one in spread.variants for v in (*(one.interval or ()), one.score) if v is not None]


def _table(spread: CandidateSpread, low: float, high: float, number: int) -> dict[str, Any]:
    """A candidate's variants, the best first, each with the places of its interval in [0, 160]."""

    def place(value: float) -> float:
        return round(4 + 152 * (value - low) / max(high - low, 1e-9), 1)

    rows = []
    for one in sorted(spread.variants, key=lambda one: -(one.score if one.score is not None else -1.0)):
        strip = None
        if one.score is not None:
            ends = one.interval or (one.score, one.score)
            strip = {"low": place(ends[0]), "mid": place(one.score), "high": place(ends[1])}
        rows.append({"one": one, "strip": strip, "note": status_note(one.statuses)})
    return {"spread": spread, "rows": rows, "colour": f"s{number % COLOURS}"}
