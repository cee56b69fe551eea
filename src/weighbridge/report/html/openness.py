"""How open a model is, as one file that loads nothing and runs nothing."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import weighbridge
from weighbridge.audit.openness import Openness
from weighbridge.audit.openness.components import CLASSES
from weighbridge.audit.openness.evidence import Row
from weighbridge.report import openness as words
from weighbridge.report.clean import clean_line
from weighbridge.report.html.page import policy

MARKS = {"released": "good", "partial": "warn", "described": "warn", "absent": "bad", "unknown": ""}


def _mark(row: Row) -> str:
    """The colour of a state; what is only pointed at is not green."""
    return "warn" if row.state == "released" and row.low != "released" else MARKS[row.state]


@cache
def _asset(name: str) -> str:
    return (files("weighbridge.report.html") / name).read_text(encoding="utf-8")


def render_openness(found: Openness) -> str:
    """One self-contained HTML page without a script; everything that a file or a user wrote is escaped."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["line"] = lambda text, limit=600: clean_line(str(text), limit)
    style = _asset("page.css")
    return environment.from_string(_asset("openness.html.j2")).render(
        found=found,
        words=words,
        classes=CLASSES,
        mark=_mark,
        version=weighbridge.__version__,
        policy=policy(style, ""),
        style=Markup(style),  # noqa: S704 - the project's own file
    )
