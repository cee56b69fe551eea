"""A model's compute and bill, as one file that loads nothing and runs nothing."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import weighbridge
from weighbridge.report import size_words as words
from weighbridge.report.clean import clean_line
from weighbridge.report.html.page import WIDTHS, policy
from weighbridge.report.html.staircase import staircase
from weighbridge.report.staircase import sentences, table
from weighbridge.sizing.account import Account


@cache
def _asset(name: str) -> str:
    return (files("weighbridge.report.html") / name).read_text(encoding="utf-8")


def render_size(found: Account, named: str = "", quoted: str = "") -> str:
    """One self-contained HTML page without a script; everything that a file or a user wrote is escaped.

    `named`: the vendor's model that hosting is held against; `quoted`: its price with source and date.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["line"] = lambda text, limit=900: clean_line(str(text), limit)
    style = _asset("page.css")
    curve = found.break_even
    return environment.from_string(_asset("size.html.j2")).render(
        found=found,
        headline=words.headline(found),
        sections=words.sections(found),
        cost=words.dollars(found.costs[0][1].per_month) if found.costs else "",
        named=named,
        quoted=quoted,
        said=sentences(curve, named) if curve else [],
        table=table(curve) if curve else [],
        # The drawing's parts escape every text and attribute themselves.
        drawing=Markup("".join(staircase(curve, named, wide, name) for name, wide in WIDTHS) if curve else ""),  # noqa: S704
        version=weighbridge.__version__,
        policy=policy(style, ""),
        style=Markup(style),  # noqa: S704 - the project's own file
    )
