"""docs/scorers.md is true: its tables are derived, and its examples run with the output shown."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import yaml

from weighbridge.evidence import Completion
from weighbridge.tasks import SCORERS, Item, scorer_named
from weighbridge.tasks.scorers.reference import renewed

PAGE = Path(__file__).parents[2] / "docs" / "scorers.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_tables_are_derived() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page, "run: python -m weighbridge.tasks.scorers.reference docs/scorers.md"
    assert all(f"### `{name}`" in page for name in SCORERS)


def test_the_example_prints_what_is_shown() -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(blocks("python")[0], {})  # noqa: S102  # the page's own example
    assert out.getvalue() == blocks("text")[0]


def test_the_users_scorer_runs(tmp_path: Path) -> None:
    (tmp_path / "marks.py").write_text(blocks("python")[1])
    settings = yaml.safe_load(blocks("yaml")[2])["scorer"]
    scorer, _ = scorer_named(settings.pop("name"), settings, base=tmp_path)
    assert scorer(Item("1", {}), Completion("Sorry, could you wait?")).value == 0.5
    assert not scorer.needs_reference


def test_every_setting_is_described() -> None:
    assert not re.search(
        r"\| *\|$", renewed(PAGE.read_text(encoding="utf-8")).replace("| default | |", ""), re.MULTILINE
    )
