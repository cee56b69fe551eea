"""The page as text: self-contained, policed, escaped, and small enough to mail."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import msgspec
import numpy as np
import pytest

from report.sample import hostile, sample
from weighbridge.evidence import Evidence
from weighbridge.report.html import items as items_module
from weighbridge.report.html import render_html
from weighbridge.report.html.items import chosen_items, item_data, text_limit
from weighbridge.report.html.matrix import matrix
from weighbridge.report.html.series import lined_up


class Tags(HTMLParser):
    """Every start tag with its attributes, and every end tag."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.ends: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        self.ends.append(tag)


def data_of(page: str) -> dict:
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL).group(1)
    return json.loads(text)


def test_it_loads_nothing_and_has_no_inline_handlers_or_styles() -> None:
    made = sample(4)
    page = render_html(made.decision, made.evidence)
    for tag, attributes in Tags(page).found:
        assert tag not in ("img", "iframe", "object", "embed", "base", "form" if "action" in attributes else "base")
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "action", "xlink:href", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:,"))
    assert "http-equiv" in page
    assert not re.search(r"@import|url\((?!#)", page)


def test_the_policy_admits_exactly_the_inline_style_and_script() -> None:
    made = sample(2, items=20)
    page = render_html(made.decision, made.evidence)
    policy = re.search(r'content="(default-src[^"]*)"', page).group(1)
    policy = policy.replace("&#39;", "'")
    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL).group(1)
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL).group(1)
    for kind, text in (("style-src", style), ("script-src", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_hostile_text_makes_no_element() -> None:
    made = hostile()
    calm = sample(3, items=40)
    page = render_html(made.decision, made.evidence)
    assert page.count("<script") == 2
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert "\x00" not in page
    assert "\u202e" not in page
    page.encode()
    counts = {tag for tag, _ in Tags(page).found}
    assert counts <= {tag for tag, _ in Tags(render_html(calm.decision, calm.evidence)).found}
    assert "{{ 7*7 }}" in page
    assert "49" not in data_of(page)["candidates"][0]["name"]


def test_the_verdict_and_every_part_is_there() -> None:
    made = sample(4)
    page = render_html(made.decision, made.evidence)
    for words in (
        made.decision.verdict.sentence,
        "Quality against cost",
        "cost per 1,000 requests",
        "cost unknown",
        "The race",
        "items drawn",
        "Item by item",
        "Latency and cost",
        "Requirements",
        "Items and answers",
        made.decision.warnings[0],
        "3 truncated, 2 unparsable, 1 failed",
        "Out after 89 items",
    ):
        assert words in page
    found = data_of(page)
    assert len(found["ids"]) == 300
    assert [one["name"] for one in found["candidates"]] == [c.name for c in made.decision.candidates]
    assert found["status"][3].count(".") == 211
    assert found["references"][0] in ("billing", "shipping", "returns", "technical")


@pytest.mark.parametrize("candidates", [1, 2, 20, 50])
def test_any_number_of_candidates(candidates: int) -> None:
    made = sample(candidates, items=50)
    page = render_html(made.decision, made.evidence)
    assert page.count("<tr") > candidates
    assert "NaN" not in page
    assert "nan" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL).replace("nano", "")


def test_a_frontier_names_all_that_are_on_it() -> None:
    made = sample(4, items=30)
    names = [made.decision.candidates[k].name for k in (0, 2)]
    verdict = msgspec.structs.replace(made.decision.verdict, kind="frontier", candidates=names)
    page = render_html(msgspec.structs.replace(made.decision, verdict=verdict), made.evidence)
    heading = re.search(r"<h1.*?</h1>", page, re.DOTALL).group(0)
    assert all(f"<bdi>{name}</bdi>" in heading for name in names)
    assert page.count("on the frontier</span>") == 2


def test_repeats_are_said() -> None:
    made = sample(2, items=30)
    table = replace(made.evidence, repeats=np.array([3, 1]))
    found = data_of(render_html(made.decision, table))
    assert [one["repeats"] for one in found["candidates"]] == [3, 1]


def test_scores_alone_or_no_evidence_at_all() -> None:
    made = sample(3, items=30, answers=False)
    found = data_of(render_html(made.decision, made.evidence))
    assert found["answers"] is None
    assert found["questions"] is None
    page = render_html(made.decision)
    assert "made without its answers" in page
    assert data_of(page) is None


def test_nothing_asked_at_all() -> None:
    made = sample(2, items=20)
    table = made.evidence
    empty = np.full_like(table.score, np.nan)
    none = replace(
        table,
        **{"score": empty, "cost": empty, "latency": empty, "status": np.full_like(table.status, 255)},
        **{"answers": None, "extracted": None},
    )
    blank = [
        msgspec.structs.replace(
            result,
            **{"score": None, "interval": None, "cost_per_1000": None, "cost_interval": None, "latency_p50": None},
            **{"latency_p95": None, "latency_p95_interval": None, "statuses": {}, "items": 0, "out": None},
        )
        for result in made.decision.candidates
    ]
    decision = msgspec.structs.replace(made.decision, candidates=blank, pairs=[], trace=[])
    page = render_html(decision, none)
    assert "Nothing was scored." in page
    assert data_of(page)["ids"] == []


def test_the_matrix_agrees_with_the_decision_both_ways() -> None:
    made = sample(3)
    series = lined_up(made.decision, made.evidence)
    cells = matrix(series, made.decision, made.evidence)
    pair = made.decision.pairs[0]
    cell, back = cells[0][1], cells[1][0]
    assert (cell.win, cell.tie, cell.loss) == (pair.win, pair.tie, pair.loss) == (back.loss, back.tie, back.win)
    assert cell.difference == pair.difference == -back.difference
    assert cell.sign == "ahead"
    assert back.sign == "behind"
    assert all(cells[k][k] is None for k in range(3))


def test_pairs_that_are_not_listed_are_counted_in_the_evidence() -> None:
    made = sample(3)
    bare = msgspec.structs.replace(made.decision, pairs=[])
    counted = matrix(lined_up(bare, made.evidence), bare, made.evidence)[0][1]
    stated = made.decision.pairs[0]
    assert (counted.win, counted.tie, counted.loss) == (stated.win, stated.tie, stated.loss)
    assert counted.difference == pytest.approx(stated.difference)
    assert counted.interval is None
    assert counted.sign == "open"


def long_answers(table: Evidence, length: int) -> Evidence:
    return replace(table, answers=tuple(tuple("y" * length for _ in row) for row in table.answers))


def test_long_answers_are_cut_to_fit_and_that_is_said() -> None:
    made = sample(3, items=100)
    table = long_answers(made.evidence, 300_000)
    rows = chosen_items(table)
    limit = text_limit(table, rows)
    assert limit == 20_000
    found = item_data(lined_up(made.decision, table), table, "USD")
    assert found["cut"]["0:0"] == 300_000
    assert len(found["answers"][0][0]) == 20_000
    wide = long_answers(sample(4, items=2000).evidence, 5_000)
    assert text_limit(wide, chosen_items(wide)) == 1_000


def test_of_very_many_items_those_worth_reading_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items_module, "ITEMS", 40)
    made = sample(3, items=400)
    rows = chosen_items(made.evidence)
    assert len(rows) == 40
    assert list(rows) == sorted(rows)
    worth = items_module.worth(made.evidence)
    assert worth[rows].min() >= np.sort(worth)[-40:].min()
    assert item_data(lined_up(made.decision, made.evidence), made.evidence, "USD")["left_out"] == 360


def test_five_thousand_items_are_written_quickly() -> None:
    made = sample(4, items=5000)
    start = time.process_time()
    page = render_html(made.decision, made.evidence)
    assert time.process_time() - start < 2
    assert len(page) < 10_000_000
